"""Actors in responses: who made a change, or requested an attempt."""

from collections.abc import Mapping
from uuid import UUID

import msgspec

from core.domain.audit import ActorKind, NamedActor
from core.domain.organizations import User


class Person(msgspec.Struct):
    """A user. `name` is the user's name, or the email address if the name is not known.

    It is null if the user is no longer a member of the organization.
    """

    id: UUID
    name: str | None


class VersionActor(msgspec.Struct):
    """The actor of a change: a user, another crewkit service, a webhook event, or a part of this service.

    `name` is the name of the other service or of the part of this service; null for a user or a webhook
    event. `user` is the user, or the user that a service acted for. `delivery_id` is the id of the webhook
    delivery that caused the change.
    """

    kind: ActorKind
    name: str | None
    user: Person | None
    delivery_id: str | None


def to_actor_body(actor: NamedActor, members: Mapping[UUID, User]) -> VersionActor:
    """Return an actor for a response. Only members have a name."""
    user = members.get(actor.user_id) if actor.user_id else None
    person = Person(actor.user_id, user.name or user.email if user else None) if actor.user_id else None
    return VersionActor(actor.kind, actor.name, person, actor.delivery_id)
