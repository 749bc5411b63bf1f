"""Changes of entities, and the audit rows that record them."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from enum import Enum
from typing import Any, Generic, NewType, TypeVar
from uuid import UUID

from core.domain.actors import Actor
from core.domain.identifiers import OrganizationId
from core.domain.secret import Secret

Entity = TypeVar("Entity")

# Bookkeeping that changes with every write and tells an auditor nothing.
_UNAUDITED = frozenset({"id", "created_at", "updated_at"})


@dataclass(frozen=True, slots=True)
class Change(Generic[Entity]):
    """One entity's step from `before` (None: it is new) to `after` (None: it is deleted), and who made it."""

    before: Entity | None
    after: Entity | None
    by: Actor

    @property
    def event(self) -> str:
        """Name the step as audit rows do: created, updated or deleted."""
        if self.before is None:
            return "created"
        return "deleted" if self.after is None else "updated"

    @property
    def organization_id(self) -> OrganizationId | None:
        """Name the organization whose trail shows the step; None for what is a person's own."""
        return getattr(self.after or self.before, "organization_id", None)

    @property
    def provider(self) -> str | None:
        """Name the provider that the entity is about; None for what is about none."""
        return getattr(self.after or self.before, "provider", None)

    def differences(self) -> dict[str, list[Any]]:
        """Return `{field: [before, after]}` of what differs, in plain JSON values, secrets masked."""
        before, after = _facts(self.before), _facts(self.after)
        return {
            name: [before.get(name), after.get(name)]
            for name in sorted(before.keys() | after.keys())
            if before.get(name) != after.get(name)
        }


def _facts(entity: object | None) -> dict[str, Any]:
    if entity is None or not is_dataclass(entity):
        return {}
    return {field.name: _plain(getattr(entity, field.name)) for field in fields(entity) if field.name not in _UNAUDITED}


def _plain(value: Any) -> Any:  # noqa: ANN401 - any entity field in, JSON out
    match value:
        case Secret():
            return "[secret]"
        case datetime():
            return value.isoformat()
        case UUID():
            return str(value)
        case Enum():
            return value.value
        case Mapping():
            return {str(key): _plain(item) for key, item in value.items()}
        case list() | tuple() | frozenset():
            return [_plain(item) for item in value]
        case _:
            return value


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
