"""Every field of every payload removed, nulled and retyped: only documented fields make it unreadable."""

import dataclasses
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from adapters.github.protocol import payload_shapes as shapes
from adapters.github.protocol.payloads import HANDLED
from core.domain.events.event import EnvelopeUnreadable
from core.domain.provider_events import ProviderEvent, Push, Unhandled
from tests.support.builders.webhooks import PAYLOADS, ROOT, protocol, sign_headers
from tests.support.checks.payload_table import list_required_fields, optional_fields

Place = tuple[str | int, ...]

READING = protocol()
REMOVED = object()
RETYPED: Sequence[Any] = ("odd", 7, 1.5, True, [], {})

# What each field of a payload may change in what is read of it; a field that is not named changes nothing.
CHANGES: Mapping[str, Mapping[str, set[str]]] = {
    "push": {
        "before": {"before"},
        "created": {"created"},
        "deleted": {"deleted"},
        "forced": {"forced", "changed_files"},
        "compare": {"compare_url"},
        "commits": {"commits", "commits_total", "changed_files"},
        "head_commit": {"head_commit"},
        "pusher": {"pusher"},
        # Whose login the sender's number belongs to is known from the sender alone.
        "sender": {"sender", "pusher", "commits", "head_commit"},
        "repository": {"repository"},
        "ref": {"ref", "is_merge_queue"},
        "after": {"after"},
    },
    "pull_request": {
        "action": {"action"},
        "repository": {"repository", "base"},
        "sender": {"sender"},
        "changes": {"changes"},
        "pull_request.labels": {"labels"},
        "pull_request.number": {"number"},
        "pull_request.title": {"title"},
        "pull_request.state": {"state"},
        "pull_request.draft": {"draft"},
        "pull_request.merged": {"merged"},
        "pull_request.html_url": {"url"},
        "pull_request.head": {"head"},
        "pull_request.base": {"base"},
        "pull_request.user": {"author"},
        "pull_request.merged_by": {"merged_by"},
        "pull_request.merge_commit_sha": {"merge_commit_sha"},
        "pull_request.updated_at": {"updated_at"},
    },
    "installation": {
        "action": {"step"},
        "installation": {"installation"},
        "repositories": {"repositories"},
        "requester": {"requester_id"},
        "sender": {"sender_id", "sender"},
    },
    "installation_repositories": {
        "repository_selection": {"repository_selection"},
        "repositories_added": {"added"},
        "repositories_removed": {"removed"},
        "sender": {"sender"},
    },
    "installation_target": {
        "account.id": {"account_id"},
        "account.login": {"login"},
        "account.slug": {"login"},
        "account.html_url": {"url"},
        "account.updated_at": {"updated_at"},
        "sender": {"sender"},
    },
    "repository": {"action": {"step"}, "repository": {"repository"}, "sender": {"sender"}},
    "public": {"repository": {"repository"}, "sender": {"sender"}},
    "github_app_authorization": {"sender": {"user_id", "sender"}},
}
ROW_LISTS = {"commits": "commits", "repositories": "repositories"} | {
    f"repositories_{word}": word for word in ("added", "removed")
}
COMMIT_CHANGES = {
    "message": {"message", "co_authors"},
    "author": {"author"},
    "committer": {"committer"},
    "timestamp": {"timestamp"},
    "url": {"url"},
    "id": {"sha"},
    "distinct": {"distinct"},
}


def payloads(pytestconfig: pytest.Config) -> Iterator[tuple[str, bytes]]:
    """Return the event and the body of each payload in the repository, and of the folder that was named."""
    named: Path | None = pytestconfig.getoption("--corpus")
    files = [*PAYLOADS, *(sorted(named.rglob("*.json")) if named else [])]
    yield from {(path.parent.name, path.read_bytes()): None for path in files}


def places(value: object, path: Place = ()) -> Iterator[Place]:
    """Return the place of every value; of a list, those in its first and its last row."""
    if isinstance(value, dict):
        inner: list[tuple[str | int, object]] = list(value.items())
    elif isinstance(value, list):
        inner = [(index, value[index]) for index in sorted({0, len(value) - 1}) if value]
    else:
        return
    for step, item in inner:
        yield (*path, step)
        yield from places(item, (*path, step))


def mutate(payload: Any, place: Place) -> Iterator[bytes]:
    """Return the body with the value at a place removed, null, and of each other type."""
    holder = payload
    for step in place[:-1]:
        holder = holder[step]
    last, original = place[-1], holder[place[-1]]
    for value in (REMOVED, None, *RETYPED):
        if type(value) is type(original):
            continue
        if value is not REMOVED:
            holder[last] = value
            yield msgspec.json.encode(payload)
            holder[last] = original
        elif isinstance(holder, dict):
            kept = dict(holder)
            del holder[last]
            yield msgspec.json.encode(payload)
            holder.clear()
            holder.update(kept)


def read(event: str, body: bytes) -> ProviderEvent | None:
    """Read a payload; None where it is unreadable."""
    try:
        return READING.decode(event, body)
    except EnvelopeUnreadable:
        return None


def field_name(place: Place) -> str:
    """Name a field without the numbers of rows."""
    return ".".join("[]" if isinstance(step, int) else step for step in place).replace(".[]", "[]")


def check_rest(event: str, place: Place, before: ProviderEvent, after: ProviderEvent) -> None:
    """Assert that a field changes nothing but what is read of this very field."""
    assert type(after) is type(before)
    names = {field.name for field in dataclasses.fields(before)}
    changed = {name for name in names if getattr(before, name) != getattr(after, name)}
    allowed: set[str] = set()
    for field, attributes in CHANGES[event].items():
        steps = field.split(".")
        if list(place[: len(steps)]) == steps or steps[: len(place)] == list(place):
            allowed |= attributes
    assert changed <= allowed, (event, field_name(place), changed)
    if place[0] in ROW_LISTS and len(place) > 1 and changed:
        check_rows(event, place, getattr(before, ROW_LISTS[str(place[0])]), after)


def check_rows(event: str, place: Place, before: Sequence[Any], provider_event: ProviderEvent) -> None:
    """Assert that an odd row or field in it leaves the other rows, and the row's other fields."""
    after = getattr(provider_event, ROW_LISTS[str(place[0])])
    index = place[1]
    assert isinstance(index, int)
    index %= len(before)
    if len(after) == len(before) - 1:
        assert len(place) == 2 or field_name(place).endswith("[].id"), field_name(place)
        assert after == (*before[:index], *before[index + 1 :])
        return
    assert len(after) == len(before)
    assert [row for number, row in enumerate(after) if number != index] == [
        row for number, row in enumerate(before) if number != index
    ]
    if event == "push" and len(place) > 2:
        names = [field.name for field in dataclasses.fields(before[index])]
        changed = {name for name in names if getattr(before[index], name) != getattr(after[index], name)}
        assert changed <= COMMIT_CHANGES.get(str(place[2]), set())


@pytest.mark.slow
def test_only_documented_fields_make_an_event_unreadable(pytestconfig: pytest.Config) -> None:
    """The required fields are exactly those of docs/payloads.md; others affect only themselves."""
    found: dict[str, set[str]] = defaultdict(set)
    tried = 0
    for event, body in payloads(pytestconfig):
        if event not in HANDLED:
            continue
        before = read(event, body)
        assert before is not None
        if isinstance(before, Unhandled):
            assert before.reason in ("no_installation", "action_not_handled")
            continue
        payload = msgspec.json.decode(body)
        for place in places(payload):
            for changed_body in mutate(payload, place):
                tried += 1
                after = read(event, changed_body)
                if after is None or isinstance(after, Unhandled):
                    found[event].add(field_name(place))
                else:
                    check_rest(event, place, before, after)
    assert dict(found) == list_required_fields()
    assert tried > 50_000


@pytest.mark.slow
def test_invalid_field_does_not_affect_the_routing(pytestconfig: pytest.Config) -> None:
    """Only fields of the envelope change the routing columns."""
    for event, body in payloads(pytestconfig):
        payload = msgspec.json.decode(body)
        whole = READING.verify(sign_headers(body, event.encode()), body)
        top = [(step,) for step in payload]
        inner = [place for place in places(payload) if place[0] in ("installation", "repository") and len(place) == 2]
        for place in [*top, *inner]:
            for changed_body in mutate(payload, place):
                kept = READING.verify(sign_headers(changed_body, event.encode()), changed_body)
                own = field_name(place).partition(".")[0] if len(place) == 1 or place[1] == "id" else ""
                if own != "action":
                    assert kept.action == whole.action
                if own != "installation":
                    assert kept.source_key == whole.source_key
                if own != "repository":
                    assert kept.repo_id == whole.repo_id


def test_other_events_are_never_unreadable(pytestconfig: pytest.Config) -> None:
    """They are ignored with a reason, whatever their fields are."""
    for event, body in payloads(pytestconfig):
        if event in HANDLED:
            continue
        payload = msgspec.json.decode(body)
        for place in [(step,) for step in payload]:
            for changed_body in mutate(payload, place):
                assert isinstance(read(event, changed_body), Unhandled), (event, place)


def test_body_with_another_event_name_changes_nothing(pytestconfig: pytest.Config) -> None:
    """The name is not signed: a body is read only as its own event."""
    for event, body in payloads(pytestconfig):
        own = read(event, body)
        assert own is not None
        assert own != Unhandled("event_name_mismatch")
        for other in HANDLED - {event}:
            assert isinstance(read(other, body), Unhandled), (event, other)


SHAPES: Mapping[str, type[msgspec.Struct]] = {
    "push": shapes.Push,
    "commit": shapes.Commit,
    "author": shapes.Author,
    "pull_request event": shapes.PullRequest,
    "pull request": shapes.Pull,
    "side": shapes.Side,
    "changes": shapes.Changes,
    "changed base": shapes.ChangedBase,
    "changed value": shapes.PreviousValue,
    "installation event": shapes.InstallationEvent,
    "installation": shapes.Installation,
    "installation_repositories event": shapes.RepositoriesEvent,
    "renamed account": shapes.RenamedAccount,
    "installation_target event": shapes.TargetEvent,
    "repository event": shapes.RepositoryEvent,
    "revoking person": shapes.RevokingPerson,
    "repository": shapes.Repository,
    "account": shapes.Account,
}


def test_documented_defaults_equal_the_shapes() -> None:
    """The table has exactly the optional fields that are read."""
    optional = {
        name: {field.encode_name for field in msgspec.structs.fields(shape) if not field.required}
        for name, shape in SHAPES.items()
    }
    assert optional_fields() == optional


def test_null_message_affects_only_itself() -> None:
    """Other commits, and the hash and author of this one, are unchanged."""
    body = (ROOT / "deploy/demo/payloads/push/branch.json").read_bytes()
    before = read("push", body)
    payload = msgspec.json.decode(body)
    payload["commits"][0]["message"] = None
    after = read("push", msgspec.json.encode(payload))
    assert isinstance(before, Push)
    assert isinstance(after, Push)
    first = dataclasses.replace(before.commits[0], message="", co_authors=())
    assert after == dataclasses.replace(before, commits=(first, *before.commits[1:]))
