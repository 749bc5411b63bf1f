"""Odd parts of payloads: what is kept, counted, logged and refused."""

import json
import re
import tracemalloc
from typing import Any

import msgspec
import pytest
import structlog

from adapters.github.decoding.tolerant import Id, SkippedFields, TolerantDecoder, Unreadable, split_rows
from adapters.github.decoding.web_urls import parse_web_url
from adapters.github.protocol.webhooks import GitHubWebhooks
from core.domain.events.event import EnvelopeUnreadable
from core.domain.provider_events import (
    AccountRenamed,
    InstallationChanged,
    ProviderEvent,
    PullRequest,
    Push,
    RepositoriesChanged,
    RepositoryChanged,
    RepositoryStep,
    Unhandled,
)
from testing.memory.metrics import MemoryMetrics
from tests.support.builders.webhooks import ROOT, protocol


def payload(name: str) -> dict[str, Any]:
    """Return one payload of the repository."""
    for folder in ("deploy/demo/payloads", "tests/data/webhooks/own", "tests/data/webhooks/octokit"):
        path = ROOT / folder / f"{name}.json"
        if path.exists():
            found: dict[str, Any] = json.loads(path.read_bytes())
            return found
    raise AssertionError(name)


def read(event: str, body: dict[str, Any]) -> ProviderEvent:
    """Read a payload."""
    return protocol().decode(event, json.dumps(body).encode())


def test_each_seen_push_is_read() -> None:
    """All that was seen to lose a whole push loses only itself."""
    body = payload("push/branch")
    body["commits"][0] |= {"author": None, "message": None}
    del body["commits"][1]["author"]
    body["repository"]["owner"].pop("id")
    body["repository"] |= {"id": str(body["repository"]["id"]), "pushed_at": 1789371690.5}
    body |= {"forced": None, "head_commit": None}
    push = read("push", body)
    assert isinstance(push, Push)
    assert [commit.sha for commit in push.commits] == [commit["id"] for commit in body["commits"]]
    assert (push.commits[0].message, push.commits[0].author.name) == ("", "")
    assert (push.repository.repo_id, push.repository.owner_id) == ("700000001", None)
    assert push.repository.pushed_at is not None
    assert push.forced is False
    body["commits"] = None
    empty = read("push", body)
    assert isinstance(empty, Push)
    assert (empty.commits, empty.after) == ((), push.after)


def test_each_seen_pull_request_is_read() -> None:
    """A user without an id keeps its login, and a title that is null is empty."""
    body = (
        payload("pull_request/opened.from-fork")
        if (ROOT / "deploy/demo/payloads/pull_request/opened.from-fork.json").exists()
        else json.loads(next((ROOT / "deploy/demo/payloads/pull_request").glob("*.json")).read_bytes())
    )
    body["pull_request"]["title"] = None
    body["pull_request"]["user"].pop("id")
    pull = read("pull_request", body)
    assert isinstance(pull, PullRequest)
    assert pull.title == ""
    assert pull.author is not None
    assert (pull.author.id, pull.author.login) == (None, body["pull_request"]["user"]["login"])


def test_odd_rows_of_lists_are_skipped_and_removals_without_a_name_are_kept() -> None:
    """A removed repository needs its id alone: it must not stay in sight."""
    body = payload("installation_repositories/removed")
    body["repositories_removed"] = [None, {"id": "9"}, {"id": 8, "full_name": 5}, 7, {"full_name": "a/b"}]
    changed = read("installation_repositories", body)
    assert isinstance(changed, RepositoriesChanged)
    assert [facts.repo_id for facts in changed.removed] == ["9", "8"]


def test_an_enterprise_is_renamed_by_its_slug() -> None:
    """It has no login, and an empty name is never written."""
    body = payload("installation_target/renamed")
    body["account"].pop("login")
    with pytest.raises(EnvelopeUnreadable, match=re.escape("`account.login` is missing")):
        read("installation_target", body)
    body["account"]["slug"] = "acme-enterprise"
    renamed = read("installation_target", body)
    assert isinstance(renamed, AccountRenamed)
    assert renamed.login == "acme-enterprise"


def test_a_public_repository_is_told_by_either_event() -> None:
    """`public` is the same step as `repository` with `publicized`."""
    changed = read("public", payload("public/payload"))
    assert isinstance(changed, RepositoryChanged)
    assert (changed.step, changed.repository.private) == (RepositoryStep.PUBLICIZED, False)


def test_internal_is_kept() -> None:
    """It is private, and every member of the enterprise sees it."""
    body = payload("repository/renamed")
    body["repository"] |= {"private": True, "visibility": "internal"}
    changed = read("repository", body)
    assert isinstance(changed, RepositoryChanged)
    assert changed.repository.visibility == "internal"
    body["repository"]["visibility"] = "secret"
    changed = read("repository", body)
    assert isinstance(changed, RepositoryChanged)
    assert changed.repository.visibility is None


def test_permissions_with_an_odd_level_stay_as_they_were() -> None:
    """A part of them would look as if others had been withdrawn."""
    body = payload("installation/created")
    body["installation"]["permissions"]["contents"] = 5
    changed = read("installation", body)
    assert isinstance(changed, InstallationChanged)
    assert changed.installation.permissions == {}


def test_odd_parts_are_counted_each_time_and_logged_once() -> None:
    """By event and field, however many rows."""
    metrics = MemoryMetrics()
    reading = GitHubWebhooks([], metrics=metrics)
    body = payload("push/branch")
    for commit in body["commits"]:
        commit["message"] = 5
    text = json.dumps(body).encode()
    with structlog.testing.capture_logs() as logs:
        reading.decode("push", text)
        reading.decode("push", text)
    assert metrics.odd == {("github", "push", "commits[].message"): 2 * len(body["commits"])}
    assert [(entry["event"], entry["source"], entry["field"]) for entry in logs] == [
        ("provider_field_skipped", "push", "commits[].message")
    ]


def test_a_deleted_repository_never_deletes_an_installation() -> None:
    """The signed body of one event under the name of another changes nothing, and is counted."""
    metrics = MemoryMetrics()
    body = json.dumps(payload("repository/deleted")).encode()
    assert GitHubWebhooks([], metrics=metrics).decode("installation", body) == Unhandled("event_name_mismatch")
    assert metrics.mismatches == {("github", "installation"): 1}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"installation":{"id":1},"ref":"r","after":"a","repository":{"id":null}}', "`repository.id` is null;"),
        (
            b'{"installation":{"id":1},"ref":5,"after":"a","repository":{"id":1}}',
            "`ref` is a number; expected a string",
        ),
        (b'{"installation":{"id":1},"ref":"r","repository":{"id":1}}', "`after` is missing; expected a string"),
        (b'{"ref":"r","installation":[]}', "`installation` is an array; expected an object"),
    ],
)
def test_an_unreadable_payload_names_the_field_in_plain_words(body: bytes, words: str) -> None:
    """The reader learns what is wrong and what to do."""
    with pytest.raises(EnvelopeUnreadable) as error:
        protocol().decode("push", body)
    assert words in error.value.message
    assert "retry the event" in error.value.message


@pytest.mark.parametrize(
    "url",
    ["https://github.com/a/b", "http://127.0.0.1:8085/a", "HTTPS://git.acme.example:8443/a/b?x=1#y", "https://[::1]/a"],
)
def test_web_urls_are_kept(url: str) -> None:
    """Pages of any GitHub, and of the sandbox."""
    assert parse_web_url(url) == url


@pytest.mark.parametrize(
    "url",
    [
        None,
        "",
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        " javascript:alert(1)",
        "java\tscript:alert(1)",
        "data:text/html,x",
        "//evil.example/x",
        "https:evil.example",
        "https:///evil.example",
        "https://user:secret@github.com/a",
        "https://github.com@evil.example/a",
        "https://github.com\\@evil.example/a",
        "https://github.com/a b",
        "https://github.com/a\nb",
        "https://github.com/\x00",
        " https://github.com/a",
        "ftp://github.com/a",
        'https://github.com/"><script>',
    ],
)
def test_other_urls_are_dropped(url: str | None) -> None:
    """Nothing that a browser would run, or read as another host."""
    assert parse_web_url(url) is None


def test_a_script_in_a_payload_reaches_nothing() -> None:
    """Each address of a push is dropped alone."""
    body = payload("push/branch")
    body["compare"] = body["repository"]["html_url"] = body["commits"][0]["url"] = "javascript:alert(1)"
    push = read("push", body)
    assert isinstance(push, Push)
    assert (push.compare_url, push.repository.url, push.commits[0].url) == (None, None, None)
    assert push.commits[1].url is not None


class _Row(msgspec.Struct):
    id: Id
    name: str = ""


class _List(msgspec.Struct):
    rows: list[_Row] = []


def test_rows_are_read_whatever_text_they_hold() -> None:
    """Brackets, commas and quotes in texts end no row."""
    text = rb'[1, "a,]\"{" ,{"a":[1,{"b":"]"}]},[]  , null]'
    assert [bytes(row).strip() for row in split_rows(memoryview(text))] == [
        b"1",
        rb'"a,]\"{"',
        rb'{"a":[1,{"b":"]"}]}',
        b"[]",
        b"null",
    ]
    assert list(split_rows(memoryview(b" [ ] "))) == []


def test_reading_odd_rows_takes_little_memory() -> None:
    """Rows are views of the text, and parts that are not read are not built."""
    odd = b'{"id":"x","skipped":[' + b",".join([b"[1,2]"] * 4_000) + b"]}"
    text = b'{"rows":[' + b",".join([odd] * 40) + b',{"id":3}]}'
    decoder = TolerantDecoder(_List)
    tracemalloc.start()
    try:
        found = decoder.decode(text, SkippedFields())
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert found == _List([_Row(3)])
    assert peak < len(text) / 4


@pytest.mark.parametrize(
    "number", ['"0"', '"07"', "0", "-1", "1.5", "true", '"9223372036854775808"', '" 7"', "1e3", "[7]"]
)
def test_what_is_no_id_is_refused(number: str) -> None:
    """Text and floats count only where they write the same whole number."""
    with pytest.raises(Unreadable):
        TolerantDecoder(_Row).decode(b'{"id":%b}' % number.encode(), SkippedFields())
