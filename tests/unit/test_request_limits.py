"""What is counted against the limits of a request is exact, however the bytes are cut into packets."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any
from zlib import crc32

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from entrypoints.rest.http.protocol import MAX_TARGET_BYTES
from entrypoints.rest.http.request_meter import MAX_HEAD_BYTES
from tests.support.clients.http_exchange import exchange

TOO_LARGE = (431, "headers_too_large")
TOO_LONG = (414, "uri_too_long")
MALFORMED = (400, "request_malformed")
CHUNKED = b"POST / HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n"


def answers(*pieces: bytes) -> tuple[list[tuple[int, Any]], bool]:
    """Return each answer, and whether the connection was closed."""
    return asyncio.run(exchange(pieces))


def cut(data: bytes, places: Sequence[int]) -> list[bytes]:
    """Cut data at these places."""
    bounds = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[start:end] for start, end in pairwise(bounds)]


@dataclass(frozen=True)
class Sent:
    """A request as it is sent, and how it is answered."""

    data: bytes
    answer: tuple[int, Any]


def pad_head(head: bytes, size: int) -> bytes:
    """Return a head of just this size: lines, and a header that fills it."""
    rest = size - len(head) - len(b"x-pad: \r\n\r\n")
    return head + b"x-pad: " + b"p" * max(rest, 0) + b"\r\n\r\n"


def echo_of(method: str, target: str, headers: int, body: bytes) -> tuple[int, Any]:
    """Return the answer to a request that is processed."""
    said = {"method": method, "target": target, "headers": headers, "body": [len(body), crc32(body)]}
    return 200, said


SIZES = st.one_of(st.integers(0, 300), st.integers(MAX_HEAD_BYTES - 3, MAX_HEAD_BYTES), st.integers(5000, 20_000))
# Bytes that look like ends of heads and chunks, and others.
LOOKALIKES = (b"\r\n", b"\r\n\r\n", b"0\r\n\r\n", b"GET / HTTP/1.1\r\n", b"\n", b"abc")
BODIES = st.lists(st.sampled_from(LOOKALIKES)).map(b"".join) | st.binary(max_size=400)


@st.composite
def requests(draw: st.DrawFn) -> Sent:
    """Make a request that is within the limits."""
    target = "/" + draw(st.text("ab/", max_size=20)) + draw(st.sampled_from(["", "?q=1"]))
    kind = draw(st.sampled_from(["none", "length", "chunks"]))
    if kind == "none":
        lines = f"GET {target} HTTP/1.1\r\nhost: h\r\n".encode()
        return Sent(pad_head(lines, draw(SIZES)), echo_of("GET", target, 2, b""))
    lines = f"POST {target} HTTP/1.1\r\nhost: h\r\n".encode()
    body = draw(BODIES)
    if kind == "length":
        head = pad_head(lines + b"content-length: %d\r\n" % len(body), draw(SIZES))
        return Sent(head + body, echo_of("POST", target, 3, body))
    head = pad_head(lines + b"transfer-encoding: chunked\r\n", draw(st.integers(0, 20_000)))
    chunks = [one for one in cut(body, draw(st.lists(st.integers(0, 500), max_size=5))) if one]
    extension = draw(st.sampled_from([b"", b";a=b", b';name="' + b"v" * 1000 + b'"']))
    zeros = draw(st.sampled_from([b"", b"000"]))
    trailers = draw(st.sampled_from([b"", b"x-sum: 1\r\n", b"x-sum: " + b"1" * 4000 + b"\r\nx: y\r\n"]))
    framed = b"".join(b"%b%x%b\r\n%b\r\n" % (zeros, len(one), extension, one) for one in chunks)
    return Sent(head + framed + b"0\r\n" + trailers + b"\r\n", echo_of("POST", target, 3, body))


def too_large(kind: str, excess: int) -> bytes:
    """Return a request of which so many bytes more than permitted are not body."""
    left = MAX_HEAD_BYTES + excess
    if kind == "head":
        return pad_head(b"GET / HTTP/1.1\r\nhost: h\r\n", left)
    left -= len(CHUNKED)
    if kind == "trailer":
        return CHUNKED + b"0\r\n" + b"x: " + b"t" * (left - 7) + b"\r\n\r\n"
    if kind == "small chunk":
        # The line of each counts, with its zeros and its end.
        count, zeros = divmod(left - 2, 3)
        return CHUNKED + b"1\r\nx\r\n" * (count - 1) + b"0" * zeros + b"1\r\nx\r\n0\r\n\r\n"
    # The first 18 bytes of a large chunk's line are its size.
    content = b"\r\n" + b"x" * 256 + b"\r\n"
    chunk = b"100;" + b"e" * 1010 + content
    counted = 4 + 1010 + 2 - 18
    count, rest = divmod(left - 2, counted)
    last = b"100;" + b"e" * (rest + 12) + content
    return CHUNKED + chunk * count + last + b"0\r\n\r\n"


PLACES = st.lists(st.integers(0, 200_000), max_size=12)


@settings(max_examples=150, deadline=None)
@given(st.lists(requests(), min_size=1, max_size=4), PLACES)
def test_answers_valid_requests_in_order_for_any_split(sent: list[Sent], places: list[int]) -> None:
    """Pipelined, with and without bodies of every framing."""
    data = b"".join(one.data for one in sent)
    assert answers(*cut(data, places)) == ([one.answer for one in sent], False)


@settings(max_examples=60, deadline=None)
@given(st.lists(requests(), min_size=1, max_size=2))
def test_answers_valid_requests_byte_by_byte(sent: list[Sent]) -> None:
    """Each possible split, in one run."""
    data = b"".join(one.data for one in sent)[:3000]
    whole = answers(data)
    assert answers(*(data[at : at + 1] for at in range(len(data)))) == whole


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["head", "trailer", "extension", "small chunk"])
@settings(max_examples=60, deadline=None)
@given(before=st.lists(requests(), max_size=2), places=PLACES, excess=st.integers(-1, 1))
def test_limit_is_exact_for_any_split(kind: str, before: list[Sent], places: list[int], excess: int) -> None:
    """One more byte is rejected; earlier requests are answered."""
    data = b"".join(one.data for one in before) + too_large(kind, excess)
    got, is_closed = answers(*cut(data, places))
    assert got[: len(before)] == [one.answer for one in before]
    assert len(got) == len(before) + 1
    if excess > 0:
        assert (got[-1], is_closed) == (TOO_LARGE, True)
    else:
        assert (got[-1][0], is_closed) == (200, False)


@pytest.mark.parametrize("excess", [-1, 0, 1])
@settings(max_examples=30, deadline=None)
@given(places=PLACES, rest=st.sampled_from([b"", b"b" * 100_000]))
def test_limit_of_the_address_is_exact_for_any_split(excess: int, places: list[int], rest: bytes) -> None:
    """Also if the whole head would be too large."""
    target = b"/" + b"a" * (MAX_TARGET_BYTES - 1 + excess)
    if excess > 0:
        target += rest
    got, is_closed = answers(*cut(b"GET " + target + b" HTTP/1.1\r\nhost: h\r\n\r\n", places))
    if excess > 0:
        assert (got, is_closed) == ([TOO_LONG], True)
    else:
        assert (got[0][0], is_closed) == (200, False)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.binary(max_size=200) | requests().map(lambda one: one.data), max_size=4), PLACES)
def test_response_to_noise_is_equal_for_any_split(parts: list[bytes], places: list[int]) -> None:
    """For any bytes of hypothesis."""
    data = b"".join(parts)
    assert answers(*cut(data, places)) == answers(data)


@pytest.mark.parametrize(
    "data",
    [
        CHUNKED + b"x\r\n",
        CHUNKED + b"1\r\nabc\r\n0\r\n\r\n",
        CHUNKED + b"00000000000000000001\r\nGET / HTTP/1.1\r\n\r\n",
        b"POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET / HTTP/1.1\nhost: h\n\n",
        b"GET / HTTP/1.1\r\nhost: h\n\nGET / HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
)
def test_rejects_ambiguous_ends(data: bytes) -> None:
    """Otherwise the rest would be read as another request."""
    assert answers(data) == ([MALFORMED], True)


def test_ignores_an_offered_upgrade() -> None:
    """The request is answered, and the next one, too."""
    offer = b"GET / HTTP/1.1\r\nhost: h\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n"
    got, is_closed = answers(offer + offer)
    assert ([status for status, _ in got], is_closed) == ([200, 200], False)


def test_pipelined_requests_wait_as_bytes() -> None:
    """They are answered one after the other."""
    got, is_closed = answers(b"GET / HTTP/1.1\r\n\r\n" * 3000)
    assert ([status for status, _ in got], is_closed) == ([200] * 3000, False)
