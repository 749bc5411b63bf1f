"""A secret is shown only by an explicit call."""

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


def test_returns_the_value_on_request() -> None:
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
def test_is_never_printed(shown: str) -> None:
    """Alone or inside another value, in any format."""
    assert VALUE not in shown
    assert "Secret" in shown


def test_is_not_in_a_traceback() -> None:
    """An exception that contains it prints the placeholder."""
    assert VALUE not in "".join(traceback.format_exception(ValueError(SECRET)))


@pytest.mark.parametrize(
    "leave",
    [pickle.dumps, copy.copy, copy.deepcopy, json.dumps, msgspec.json.encode, lambda it: asdict(Holder(it))],
    ids=["pickle", "copy", "deepcopy", "json", "msgspec", "asdict"],
)
def test_cannot_be_serialized_or_copied(leave: object) -> None:
    assert callable(leave)
    with pytest.raises((TypeError, msgspec.MsgspecError)):
        leave(SECRET)


def test_has_no_attributes() -> None:
    """For tools that walk over attributes."""
    with pytest.raises(TypeError):
        vars(SECRET)


def test_equals_only_itself() -> None:
    """Comparing values by accident could leak them by timing."""
    assert SECRET == SECRET  # noqa: PLR0124 - identity is the point
    assert Secret(VALUE) != SECRET
    assert SECRET != VALUE
    assert len({SECRET, Secret(VALUE)}) == 2
