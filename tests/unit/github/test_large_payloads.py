"""Large payloads need memory in proportion to their size, and lose nothing that is read of them."""

import json
import tracemalloc
from collections.abc import Callable

import pytest

from adapters.github.protocol.large_payloads import HEAD_CHARACTERS, LARGE, MAX_COMMITS, shorten
from core.domain.events.event import EnvelopeUnreadable
from core.domain.provider_events import Push
from tests.support.builders.webhooks import protocol
from tests.support.scenarios.processing import payload

TRAILER = "\nCo-authored-by: Ada <ada@example.com>"


def commit(message: bytes) -> bytes:
    """Return the JSON text of a commit with this JSON text as its message."""
    return json.dumps(payload("push/branch")["commits"][0] | {"message": "@"}).encode().replace(b"@", message, 1)


def push_of(*commits: bytes) -> bytes:
    """Return a push of these commits."""
    text = json.dumps(payload("push/branch") | {"commits": "@", "head_commit": None}).encode()
    return text.replace(b'"@"', b"[" + b",".join(commits) + b"]", 1)


def read(body: bytes) -> Push:
    """Read a push as the worker does."""
    provider_event = protocol().decode("push", body)
    assert isinstance(provider_event, Push)
    return provider_event


@pytest.mark.parametrize("letter", ["x", "é", "\U0001f680", '"', "\\", "\n"])
@pytest.mark.parametrize("ascii_only", [True, False])
def test_long_message_keeps_its_start_and_its_trailers(letter: str, ascii_only: bool) -> None:
    """For any content and escapes."""
    message = letter * LARGE + "\n" + TRAILER
    body = push_of(commit(json.dumps(message, ensure_ascii=ascii_only)[1:-1].encode()))
    [found] = read(body).commits
    assert found.message[:HEAD_CHARACTERS] == letter * HEAD_CHARACTERS
    assert found.message.endswith(TRAILER)
    assert [author.email for author in found.co_authors] == ["ada@example.com"]
    assert len(found.message) < 3 * HEAD_CHARACTERS


def test_does_not_change_a_small_payload() -> None:
    """Nor copy it."""
    text = push_of(commit(b"x" * 10_000))
    assert shorten(text, max_rows=1) is text


@pytest.mark.slow
def test_reads_the_largest_number_of_commits() -> None:
    """Each with a message of 11 KB."""
    push = read(push_of(*[commit(b"%d " % number + rb"\\ud\"\n" * 1800) for number in range(2048)]))
    assert push.commits_total == 2048
    assert [one.message.split()[0] for one in push.commits] == [str(number) for number in range(2048)]


def test_accepts_any_number_of_files() -> None:
    """File names are not decoded."""
    files = json.dumps([f"src/file_{number}.py" for number in range(MAX_COMMITS + 1)]).encode()
    assert len(files) > LARGE / 2
    read(push_of(commit(b"x").replace(b'"removed": []', b'"removed": ' + files), commit(b"y" * LARGE)))


@pytest.mark.parametrize("row", [b"{}", b"0", b'"[,]"', b'{"id": "a", "author": {"name": "b", "x": [1]}}'])
def test_rejects_too_many_commits(row: bytes) -> None:
    """Decoding them would need many times the memory of the body."""
    body = push_of(*[row] * (LARGE // len(row) + MAX_COMMITS))
    with pytest.raises(EnvelopeUnreadable, match="more than 20000 rows"):
        protocol().decode("push", body)


@pytest.mark.parametrize("opening", [b"[", b'{"a":', b'[{"a":'])
def test_rejects_deep_nesting(opening: bytes) -> None:
    """Without exhausting the stack or taking long."""
    with pytest.raises(EnvelopeUnreadable):
        protocol().decode("push", push_of(opening * LARGE))


HOSTILE: dict[str, Callable[[int], bytes]] = {
    "the named push": lambda size: push_of(commit(rb"\\ud" + rb"\"\n" * (size // 4))),
    "2,048 messages": lambda size: push_of(*[commit(rb"\\ud" + rb"\"\n" * (size // 2048 // 4))] * 2048),
    "a lone half and quotes": lambda size: push_of(commit(rb"\ud83d" + rb"\"\n" * (size // 4))),
    "lone halves": lambda size: push_of(commit(rb"\ud800ab" * (size // 8))),
    "lone halves in all messages": lambda size: push_of(*[commit(rb"\udc00ab" * (size // 2048 // 8))] * 2048),
    "escaped backslashes": lambda size: push_of(commit(rb"\\" * (size // 2) + rb"\ud800")),
    "one astral character": lambda size: push_of(commit(rb"\ud83d\ude80" + b"x" * size)),
    "tiny commits": lambda size: push_of(*[b'{"id":"a","message":"b","author":{}}'] * (size // 37)),
    "lists in lists": lambda size: push_of(*[b"[[],[],[[]]]"] * (size // 13)),
    "files": lambda size: push_of(
        commit(b"x").replace(b'"removed": []', b'"removed": [' + b'"a",' * (size // 4) + b'"a"]')
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", HOSTILE)
def test_memory_is_at_most_three_times_the_body(kind: str) -> None:
    """In addition to the body, for any content of a signed push."""
    # The memory for one piece of these two is a considerable part of a small body.
    size = 5 * LARGE if kind in ("files", "tiny commits") else 2 * LARGE
    body = HOSTILE[kind](size)
    assert len(body) > 0.75 * size
    tracemalloc.start()
    try:
        protocol().decode("push", body)
    except EnvelopeUnreadable:
        assert kind in ("tiny commits", "lists in lists")
    finally:
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 3 * len(body)
