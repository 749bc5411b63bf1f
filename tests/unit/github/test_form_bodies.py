"""Deliveries as forms: `payload=` and percent-encoded JSON."""

import json
import tracemalloc
from collections.abc import Callable
from urllib.parse import parse_qsl, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.deliveries.delivery import BodyRefused
from core.domain.events.event import EnvelopeUnreadable
from tests.support.builders.deliveries import push
from tests.support.builders.webhooks import protocol, sign_headers

MB = 1024 * 1024
OBJECT = {"action": "a+b&c=d %zz é \U0001f680", "installation": {"id": 5}}
TEXT = json.dumps(OBJECT, ensure_ascii=False)


def payload_of(form: bytes) -> bytes:
    """Return the JSON in a form."""
    return protocol().format_body(form)


def form_of(message: bytes) -> bytes:
    """Return the form of a push whose commit has this percent-encoded JSON text as its message."""
    payload = json.loads(push())
    payload["commits"] = [payload["commits"][0] | {"message": "MESSAGE"}]
    return b"payload=" + quote_plus(json.dumps(payload)).encode().replace(b"MESSAGE", message, 1)


@pytest.mark.parametrize(
    "form",
    [
        b"payload=%s",
        b"payload=%s&other=1",
        b"other=1&payload=%s",
        b"a=1&&b&=&payload=%s&payload=%%7B%%7D",
        b"pa%%79load=%s",
    ],
)
def test_finds_payload_among_fields(form: bytes) -> None:
    """The first one counts, in any position."""
    assert json.loads(payload_of(form % quote_plus(TEXT).encode())) == OBJECT


def test_reads_plus_as_space() -> None:
    """A plus sign itself is sent as an escape."""
    assert payload_of(b"payload=%7B%22a%22:%22+%2B%2b+%22%7D") == b'{"a":" ++ "}'


@pytest.mark.parametrize("escape", [b"%", b"%4", b"%zz", b"%4z", b"%%7B", b"%u0041", b"%+1"])
def test_keeps_invalid_escapes_as_text(escape: bytes) -> None:
    """As browsers and servers do; the JSON decoder judges the text."""
    expected = escape.replace(b"%7B", b"{").replace(b"+", b" ")
    assert payload_of(b"payload=x" + escape) == b"x" + expected


@pytest.mark.parametrize(
    ("form", "reason"),
    [
        (b"", "body_without_payload"),
        (b"&&", "body_without_payload"),
        (b"other=1", "body_without_payload"),
        (b"payloads=1&=1&Payload=1", "body_without_payload"),
        (b"payload=%FF", "body_not_a_form"),
        (b"payload=%C3", "body_not_a_form"),
        (b"payload=\xc3\xa9", "body_not_a_form"),
        (b"&" * 16 + b"payload=1", "body_not_a_form"),
    ],
)
def test_rejects_a_form_without_payload(form: bytes, reason: str) -> None:
    """The reason is in the log."""
    with pytest.raises(BodyRefused) as error:
        payload_of(form)
    assert error.value.reason == reason


@pytest.mark.parametrize("form", [b"payload", b"payload=", b"payload=&payload=%7B%7D"])
def test_an_empty_payload_is_not_json(form: bytes) -> None:
    """It is there, so it is not reported as missing."""
    assert payload_of(form) == b""
    with pytest.raises(BodyRefused) as error:
        protocol().verify(sign_headers(form), form, form=True)
    assert error.value.reason == "body_not_json"


@given(shift=st.integers(0, 4), unit=st.sampled_from(["\\", '"', "é", "\U0001f680", "+ ", "%5", "a"]))
def test_does_not_split_escapes(shift: int, unit: str) -> None:
    """A long value is decoded in pieces, with the same result."""
    text = "x" * shift + unit * (120_000 // len(unit.encode()))
    assert payload_of(b"payload=" + quote_plus(text).encode()) == text.encode()


@given(st.lists(st.sampled_from([b"payload", b"a", b"=", b"&", b"%", b"%7", b"B", b"%C3%A9", b"+"])))
def test_agrees_with_the_standard_library(parts: list[bytes]) -> None:
    """The standard library decodes the same, with many times the memory."""
    form = b"".join(parts)
    fields = parse_qsl(form.decode(), keep_blank_values=True, errors="replace")
    values = [value for name, value in fields if name == "payload"]
    if form.count(b"&") < 16 and values and "\ufffd" not in values[0]:
        assert payload_of(form) == values[0].encode()
    else:
        with pytest.raises(BodyRefused):
            payload_of(form)


HOSTILE: dict[str, Callable[[int], bytes]] = {
    "escaped backslashes": lambda size: form_of(b"%5C" * (size // 6 * 2)),
    "escaped quotes": lambda size: form_of(b"%5C%22" * (size // 6)),
    "escapes of JSON": lambda size: form_of(b"%5C%5Cud%5C%22" * (size // 14)),
    "lone halves": lambda size: form_of(b"%5Cud800ab" * (size // 10)),
    "plain text": lambda size: form_of(b"x" * size),
    "plain text and a lone half": lambda size: form_of(b"%5Cud800" + b"x" * size),
    "plain text and an astral character": lambda size: form_of(b"x" * size + b"%F0%9F%9A%80"),
    "spaces": lambda size: form_of(b"+" * size),
    "short texts and a lone half": lambda size: form_of(
        b'%22,"x":[' + b'"xxxxxxxxxxxxxxxx",' * (size // 19) + b'"%5Cud800"],"y":"'
    ),
    "bad escapes": lambda size: form_of(b"%" * size),
    "a long name": lambda size: b"%5C" * (size // 3) + b"=1&" + form_of(b"x"),
    "fields": lambda size: (b"x" * (size // 15) + b"&") * 15 + form_of(b"x"),
}
# The memory for one piece of these is a considerable part of a small body.
WITH_LARGE_PIECES = ("lone halves", "bad escapes")


@pytest.mark.slow
@pytest.mark.parametrize("act", ["verify", "read", "show"])
@pytest.mark.parametrize("kind", HOSTILE)
def test_memory_is_at_most_four_times_the_body(kind: str, act: str) -> None:
    """The body itself is one of the four."""
    # Reading shortens JSON from 512 KB on, and an escaped character has three bytes in a form and one in JSON.
    size = 2 * MB if act == "read" or kind in WITH_LARGE_PIECES else MB
    form = HOSTILE[kind](size)
    assert 0.75 * size < len(form) < 1.25 * size
    webhooks, headers = protocol(), sign_headers(form)
    tracemalloc.start()
    try:
        if act == "verify":
            webhooks.verify(headers, form, form=True)
        elif act == "read":
            webhooks.decode("push", form)
        else:
            webhooks.format_body(form)
    except (BodyRefused, EnvelopeUnreadable):
        assert kind in ("bad escapes", "short texts and a lone half")
    finally:
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak <= 3 * len(form)
