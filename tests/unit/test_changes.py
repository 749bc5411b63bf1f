"""Versions: the differences of a change."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import Enum
from typing import Any
from uuid import UUID

from core.domain.actors import ServiceActor, SystemActor, UserActor
from core.domain.audit import Change
from core.domain.identifiers import UserId
from core.domain.integrations.integration import IntegrationStatus, StatusReason
from core.domain.secret import Secret
from tests.support.builders.domain import INTEGRATION, LATER, LINK, NOW, external

BY = SystemActor("cli")


class Colour(Enum):
    """Something to choose from."""

    RED = "red"


@dataclass(frozen=True)
class Thing:
    """One field of every kind that entities have."""

    id: int = 1
    created_at: datetime = NOW
    updated_at: datetime = NOW
    name: str | None = "a"
    token: Secret | None = None
    at: datetime | None = None
    key: UUID | None = None
    colour: Colour | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    tags: tuple[object, ...] = ()


def test_names_a_change_by_its_ends() -> None:
    """Nothing before is created, nothing after is deleted."""
    thing = Thing()
    assert Change(None, thing, BY).event == "created"
    assert Change(thing, thing, BY).event == "updated"
    assert Change(thing, None, BY).event == "deleted"


def test_contains_only_differences() -> None:
    """Without bookkeeping columns."""
    later = Thing(id=2, updated_at=LATER, created_at=LATER, name="b")
    assert Change(Thing(), later, BY).differences() == {"name": ["a", "b"]}
    assert Change(Thing(), Thing(), BY).differences() == {}


def test_created_and_deleted_entities_are_complete() -> None:
    thing = Thing(name="a", at=NOW)
    created = Change(None, thing, BY).differences()
    deleted = Change(thing, None, BY).differences()
    assert created["name"] == [None, "a"]
    assert {name: pair[::-1] for name, pair in created.items()} == deleted
    assert not {"id", "created_at", "updated_at"} & created.keys()


def test_masks_secrets() -> None:
    """The change shows only that a secret exists."""
    differences = Change(Thing(), Thing(token=Secret("s3cr3t"), settings={"x": [Secret("s3cr3t")]}), BY)
    assert differences.differences()["token"] == [None, "[secret]"]
    assert differences.differences()["settings"] == [{}, {"x": ["[secret]"]}]
    assert "s3cr3t" not in repr(differences.differences())


def test_every_kind_of_value_becomes_plain_json() -> None:
    """Any entity can be stored and shown."""
    full = Thing(
        name=None,
        at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        key=external(7),
        colour=Colour.RED,
        settings={"nested": {"at": NOW, "of": (Colour.RED, external(1))}},
        tags=("a", 1, True, None, frozenset({"x"})),
    )
    differences = Change(Thing(), full, BY).differences()
    assert json.loads(json.dumps(differences)) == {
        "name": ["a", None],
        "at": [None, "2026-01-02T03:04:05+00:00"],
        "key": [None, "00000000-0000-0000-0000-000000000007"],
        "colour": [None, "red"],
        "settings": [{}, {"nested": {"at": NOW.isoformat(), "of": ["red", "00000000-0000-0000-0000-000000000001"]}}],
        "tags": [[], ["a", 1, True, None, ["x"]]],
    }


def test_describes_changes_of_entities() -> None:
    """A suspension and a renamed link, as an auditor reads them."""
    suspended = INTEGRATION.suspend(StatusReason.TOKEN_REFUSED, at=NOW)
    assert suspended.status is IntegrationStatus.SUSPENDED
    assert Change(INTEGRATION, suspended, BY).differences() == {
        "status": ["active", "suspended"],
        "status_reason": [None, "token_refused"],
        "status_changed_at": [None, NOW.isoformat()],
    }
    renamed = replace(LINK, repo_full_name="acme/pad", settings={"root_directory": "web"})
    assert Change(LINK, renamed, BY).differences() == {
        "repo_full_name": ["acme-rockets/launchpad", "acme/pad"],
        "settings": [{}, {"root_directory": "web"}],
    }


def test_names_actors_by_public_ids() -> None:
    """Users by external id, services by name and acting user, the system by its role."""
    person = UserActor(UserId(3), external(3))
    assert person.name == f"user:{external(3)}"
    assert ServiceActor("builds", frozenset()).name == "service:builds"
    assert ServiceActor("builds", frozenset(), acting_user=person).name == (f"service:builds for user:{external(3)}")
    assert SystemActor("webhook").name == "system:webhook"
