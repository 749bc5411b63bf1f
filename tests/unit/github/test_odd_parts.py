"""Odd parts of payloads: what is kept, counted, logged and refused."""

import json
import re
import tracemalloc
from typing import Any

import msgspec
import pytest
import structlog

from adapters.github.protocol.webhooks import GitHubWebhooks
from adapters.github.skipped_fields import SkippedFields
from adapters.github.tolerant_decoder import Id, TolerantDecoder, Unreadable, split_rows
from adapters.github.urls import parse_web_url
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


def test_reads_each_observed_push() -> None:
    """A part that once made a whole push unreadable is skipped alone."""
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


def test_reads_each_observed_pull_request() -> None:
    """A user without an id keeps its login, and a null title is empty."""
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


def test_skips_invalid_rows_and_keeps_removals_without_a_name() -> None:
    """A removal needs only the id: the repository must not stay visible."""
    body = payload("installation_repositories/removed")
    body["repositories_removed"] = [None, {"id": "9"}, {"id": 8, "full_name": 5}, 7, {"full_name": "a/b"}]
    changed = read("installation_repositories", body)
    assert isinstance(changed, RepositoriesChanged)
    assert [facts.repo_id for facts in changed.removed] == ["9", "8"]


def test_enterprise_is_renamed_by_its_slug() -> None:
    """It has no login, and an empty name is never written."""
    body = payload("installation_target/renamed")
    body["account"].pop("login")
    with pytest.raises(EnvelopeUnreadable, match=re.escape("`account.login` is missing")):
        read("installation_target", body)
    body["account"]["slug"] = "acme-enterprise"
    renamed = read("installation_target", body)
    assert isinstance(renamed, AccountRenamed)
    assert renamed.login == "acme-enterprise"


def test_both_events_make_a_repository_public() -> None:
    """`public` is the same step as `repository` with `publicized`."""
    changed = read("public", payload("public/payload"))
    assert isinstance(changed, RepositoryChanged)
    assert (changed.step, changed.repository.private) == (RepositoryStep.PUBLICIZED, False)


def test_keeps_internal_visibility() -> None:
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


def test_invalid_permission_level_changes_nothing() -> None:
    """A part of them would look like removed permissions."""
    body = payload("installation/created")
    body["installation"]["permissions"]["contents"] = 5
    changed = read("installation", body)
    assert isinstance(changed, InstallationChanged)
    assert changed.installation.permissions == {}


def test_counts_invalid_parts_and_logs_them_once() -> None:
    """By event and field, for any number of rows."""
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


def test_deleted_repository_never_deletes_an_installation() -> None:
    """A signed body with the name of another event changes nothing, and is counted."""
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
def test_unreadable_payload_names_the_field(body: bytes, words: str) -> None:
    """With the remedy."""
    with pytest.raises(EnvelopeUnreadable) as error:
        protocol().decode("push", body)
    assert words in error.value.message
    assert "retry the event" in error.value.message


@pytest.mark.parametrize(
    "url",
    ["https://github.com/a/b", "http://127.0.0.1:8085/a", "HTTPS://git.acme.example:8443/a/b?x=1#y", "https://[::1]/a"],
)
def test_keeps_web_urls(url: str) -> None:
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
def test_drops_other_urls(url: str | None) -> None:
    """Those that a browser would run, or read as another host."""
    assert parse_web_url(url) is None


def test_drops_scripts_in_a_payload() -> None:
    """Each URL of a push is dropped separately."""
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


def test_reads_rows_with_any_text() -> None:
    """Brackets, commas and quotes in texts do not end a row."""
    text = rb'[1, "a,]\"{" ,{"a":[1,{"b":"]"}]},[]  , null]'
    assert [bytes(row).strip() for row in split_rows(memoryview(text))] == [
        b"1",
        rb'"a,]\"{"',
        rb'{"a":[1,{"b":"]"}]}',
        b"[]",
        b"null",
    ]
    assert list(split_rows(memoryview(b" [ ] "))) == []


def test_reading_invalid_rows_takes_little_memory() -> None:
    """Rows are views of the text, and unread parts are not built."""
    odd = b'{"id":"x","skipped":[' + b",".join([b"[1,2]"] * 4_000) + b"]}"
    text = b'{"rows":[' + b",".join([odd] * 10) + b',{"id":3}]}'
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
def test_rejects_invalid_ids(number: str) -> None:
    """Text and floats count only if they are the same whole number."""
    with pytest.raises(Unreadable):
        TolerantDecoder(_Row).decode(b'{"id":%b}' % number.encode(), SkippedFields())
