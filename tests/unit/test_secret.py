"""A secret shows itself to nobody who does not ask for it by name."""

import copy
import json
import logging
import pickle
import traceback
from dataclasses import asdict, dataclass

import msgspec
import pytest

from core.domain.secret import Secret

VALUE = "s3cr3t-value"
SECRET = Secret(VALUE)


@dataclass(frozen=True)
class Holder:
    """Anything that carries one."""

    token: Secret


def test_it_is_revealed_on_request() -> None:
    """The one call that needs the value gets it."""
    assert SECRET.reveal() == VALUE


@pytest.mark.parametrize(
    "shown",
    [
        str(SECRET),
        repr(SECRET),
        f"{SECRET}",
        f"{SECRET!r:>40}",
        f"{SECRET:>40}",
        "%s" % SECRET,  # noqa: UP031 - one of the ways to write it out
        "{}".format(SECRET),  # noqa: UP032 - another
        repr(Holder(SECRET)),
        repr([SECRET]),
        logging.LogRecord("x", 0, "x", 0, "%s", (SECRET,), None).getMessage(),
    ],
)
def test_it_never_shows(shown: str) -> None:
    """However it is written out, alone or inside something."""
    assert VALUE not in shown
    assert "Secret" in shown


def test_it_does_not_show_in_a_traceback() -> None:
    """An exception that carries it prints like it."""
    assert VALUE not in "".join(traceback.format_exception(ValueError(SECRET)))


@pytest.mark.parametrize(
    "leave",
    [pickle.dumps, copy.copy, copy.deepcopy, json.dumps, msgspec.json.encode, lambda it: asdict(Holder(it))],
    ids=["pickle", "copy", "deepcopy", "json", "msgspec", "asdict"],
)
def test_it_does_not_leave_by_accident(leave: object) -> None:
    """Nothing serialises or copies it; whoever needs to must reveal it."""
    assert callable(leave)
    with pytest.raises((TypeError, msgspec.MsgspecError)):
        leave(SECRET)


def test_it_has_no_attribute_to_look_into() -> None:
    """Tools that walk over attributes find none."""
    with pytest.raises(TypeError):
        vars(SECRET)


def test_it_equals_only_itself() -> None:
    """Comparing values by accident would take a time that tells of them."""
    assert SECRET == SECRET  # noqa: PLR0124 - identity is the point
    assert Secret(VALUE) != SECRET
    assert SECRET != VALUE
    assert len({SECRET, Secret(VALUE)}) == 2
