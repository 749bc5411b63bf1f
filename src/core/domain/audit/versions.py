from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, NewType
from uuid import UUID

VersionId = NewType("VersionId", int)

# What refers to rows, which never leave the service: the item's own id says enough.
_ROW_IDS = frozenset({"organization_id", "project_id", "integration_id", "user_id"})

_FOR_USER = " for user:"


@dataclass(frozen=True, slots=True)
class Version:
    """An audit row: who changed what, before and after (secrets masked)."""

    id: VersionId
    item_type: str
    item_id: str
    event: str
    actor: str
    request_id: str | None
    changes: Mapping[str, Any]
    created_at: datetime

    def public_changes(self) -> dict[str, tuple[Any, Any]]:
        """Return before and after of each field that means something outside the service."""
        return {name: (before, after) for name, (before, after) in self.changes.items() if name not in _ROW_IDS}


class ActorKind(Enum):
    """The kind of actor that made a change.

    `service` is another crewkit service, `webhook` a webhook event of the provider, `scheduler` a scheduled
    task of this service, and `system` another part of this service.
    """

    USER = "user"
    SERVICE = "service"
    WEBHOOK = "webhook"
    SCHEDULER = "scheduler"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class NamedActor:
    """Who changed something, as the trail names them.

    `name` is a service's or the part of the system that acted; `user_id` is the person who acted, or for whom
    a service did; `delivery_id` is the delivery whose news was followed.
    """

    kind: ActorKind
    name: str | None = None
    user_id: UUID | None = None
    delivery_id: str | None = None


def parse_actor(version: Version) -> NamedActor:
    """Return whom `Actor.name` had named."""
    sort, _, name = version.actor.partition(":")
    if sort == "user":
        return NamedActor(ActorKind.USER, user_id=UUID(name))
    if sort == "service":
        service, found, user = name.rpartition(_FOR_USER)
        return NamedActor(ActorKind.SERVICE, service if found else name, UUID(user) if found else None)
    if name == "webhook":
        return NamedActor(ActorKind.WEBHOOK, delivery_id=version.request_id)
    return NamedActor(ActorKind.SCHEDULER if name == "scheduler" else ActorKind.SYSTEM, name)
