"""Real payloads, damaged: reading one ends in a notice or in the one error that says it is unreadable."""

import json
from copy import deepcopy
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from core.domain.events.event import EnvelopeUnreadable
from core.domain.provider_events import ProviderEvent
from tests.support.builders.webhooks import PAYLOADS, protocol

READING = protocol()
HANDLED = ["push", "pull_request", "installation", "installation_repositories", "installation_target"]
EVENTS = [*HANDLED, "repository", "github_app_authorization", "ping"]
RELEVANT = [path for path in PAYLOADS if path.parent.name in EVENTS]
ODD: list[Any] = [
    None,
    True,
    0,
    -1,
    1.5,
    10**30,
    "",
    "x",
    "\x00",
    "9" * 400,
    [],
    {},
    [None],
    [{}],
    {"id": None},
    {"id": 1},
    "2026-13-45T99:99:99Z",
]


def read(event: str, body: bytes) -> ProviderEvent | None:
    """Read a payload; None where it is unreadable, which is the only other way it may end."""
    try:
        return READING.decode(event, body)
    except EnvelopeUnreadable:
        return None


def places(value: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Return the path of every value inside a JSON value, without most of the addresses GitHub adds."""
    if isinstance(value, dict):
        inner = [(key, item) for key, item in value.items() if not key.endswith("_url")]
        return [one for key, item in inner for one in [(*path, key), *places(item, (*path, key))]]
    if isinstance(value, list):
        return [one for index, item in enumerate(value) for one in [(*path, index), *places(item, (*path, index))]]
    return []


TEXTS = [path.read_text("utf-8") for path in RELEVANT]
PLACES = [places(json.loads(text)) for text in TEXTS]


@st.composite
def damage_payload(draw: st.DrawFn) -> tuple[str, bytes]:
    """Draw a payload with a few of its values replaced or taken out."""
    number = draw(st.integers(0, len(RELEVANT) - 1))
    payload = json.loads(TEXTS[number])
    for path in draw(st.lists(st.sampled_from(PLACES[number]), min_size=1, max_size=3, unique=True)):
        holder = payload
        for step in path[:-1]:
            assume(_has(holder, step))
            holder = holder[step]
        assume(_has(holder, path[-1]))
        if draw(st.booleans()):
            del holder[path[-1]]
        else:
            holder[path[-1]] = deepcopy(draw(st.sampled_from(ODD)))
    return RELEVANT[number].parent.name, json.dumps(payload).encode()


def _has(holder: Any, step: str | int) -> bool:
    if isinstance(holder, dict):
        return step in holder
    return isinstance(holder, list) and isinstance(step, int) and step < len(holder)


@given(damage_payload())
def test_handles_wrong_or_missing_values(damaged: tuple[str, bytes]) -> None:
    read(*damaged)


@given(st.sampled_from(TEXTS), st.data())
def test_handles_damaged_bytes(text: str, data: st.DataObject) -> None:
    """Lost or replaced bytes, inside letters and numbers, too."""
    body = text.encode()
    start = data.draw(st.integers(0, len(body)))
    length = data.draw(st.sampled_from([0, 1, 7, len(body)]))
    read(data.draw(st.sampled_from(EVENTS)), body[:start] + data.draw(st.binary(max_size=4)) + body[start + length :])


@given(st.sampled_from(EVENTS), st.sampled_from(TEXTS))
def test_handles_a_payload_with_another_event_name(event: str, text: str) -> None:
    """The signature does not cover the header."""
    read(event, text.encode())


@given(st.sampled_from([*EVENTS, "star"]), st.binary(max_size=40))
def test_handles_any_bytes(event: str, body: bytes) -> None:
    read(event, body)
