"""Versions as callers see them."""

from datetime import UTC, datetime
from typing import get_type_hints

import pytest

from core.domain.actors import Actor, ServiceActor, SystemActor, UserActor
from core.domain.audit import ActorKind, NamedActor, Version, VersionId, parse_actor
from core.domain.connections import Connection
from core.domain.identifiers import UserId
from core.domain.integrations.integration import Integration
from core.domain.links.link import Link
from core.domain.organizations import Project
from tests.support.builders.domain import external

PERSON = UserActor(UserId(3), external(3))
DELIVERY = "72d3162e-cc78-11e3-81ab-4c9367dc0958"


def version(by: Actor, **changes: object) -> Version:
    """Return what the trail keeps of a change by this actor."""
    at = datetime(2026, 11, 23, tzinfo=UTC)
    return Version(VersionId(1), "link", str(external(1)), "updated", by.name, by.request_id, changes, at)


@pytest.mark.parametrize(
    ("actor", "named"),
    [
        (PERSON, NamedActor(ActorKind.USER, user_id=external(3))),
        (ServiceActor("builds", frozenset()), NamedActor(ActorKind.SERVICE, "builds")),
        (ServiceActor("builds", frozenset(), acting_user=PERSON), NamedActor(ActorKind.SERVICE, "builds", external(3))),
        (ServiceActor("odd: for x", frozenset()), NamedActor(ActorKind.SERVICE, "odd: for x")),
        (SystemActor("webhook", DELIVERY), NamedActor(ActorKind.WEBHOOK, delivery_id=DELIVERY)),
        (SystemActor("scheduler"), NamedActor(ActorKind.SCHEDULER, "scheduler")),
        (SystemActor("cli"), NamedActor(ActorKind.SYSTEM, "cli")),
    ],
    ids=lambda value: value.name if not isinstance(value, NamedActor) else "",
)
def test_parses_names_of_actors(actor: Actor, named: NamedActor) -> None:
    """Users, services with or without a user, webhooks by delivery, and the system."""
    assert parse_actor(version(actor)) == named


@pytest.mark.parametrize("entity", [Integration, Link, Connection, Project], ids=lambda one: one.__name__)
def test_hides_row_ids(entity: type) -> None:
    """In all fields of all entities."""
    rows = {name for name, hint in get_type_hints(entity).items() if getattr(hint, "__supertype__", 0) is int}
    changes = version(PERSON, **{name: [None, 1] for name in rows - {"id"}}, name=["a", "b"]).public_changes()
    assert changes == {"name": ("a", "b")}
