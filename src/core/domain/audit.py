"""Changes of entities, and the audit rows that record them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import datetime
from enum import Enum
from typing import Any, Generic, NewType, TypeVar
from uuid import UUID

from core.domain.actors import Actor
from core.domain.identifiers import OrganizationId
from core.domain.secret import Secret

Entity = TypeVar("Entity")

# Fields that change with every write and are not useful in an audit.
_UNAUDITED = frozenset({"id", "created_at", "updated_at"})


@dataclass(frozen=True, slots=True)
class Change(Generic[Entity]):
    """A change of one entity from `before` (None: it is new) to `after` (None: it is deleted), and its actor."""

    before: Entity | None
    after: Entity | None
    by: Actor

    @property
    def event(self) -> str:
        """The name of the change in audit rows: created, updated or deleted."""
        if self.before is None:
            return "created"
        return "deleted" if self.after is None else "updated"

    @property
    def organization_id(self) -> OrganizationId | None:
        """The organization whose audit trail shows the change; None for a user's own objects."""
        return getattr(self.after or self.before, "organization_id", None)

    @property
    def provider(self) -> str | None:
        """The provider that the entity belongs to, or None."""
        return getattr(self.after or self.before, "provider", None)

    def differences(self) -> dict[str, list[Any]]:
        """Return `{field: [before, after]}` of the fields that differ, as JSON values with masked secrets."""
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


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """A version to store of an action that changes no audited entity, such as a retry or a view of a payload.

    `changes` has `[before, after]` of each field, as JSON values.
    """

    item_type: str
    item_id: str
    event: str
    by: Actor
    organization_id: OrganizationId | None
    provider: str | None = None
    changes: Mapping[str, list[Any]] = field(default_factory=dict)


VersionId = NewType("VersionId", int)

# Row ids never leave the service; the item's external id identifies it.
_ROW_IDS = frozenset({"organization_id", "project_id", "integration_id", "user_id"})

_FOR_USER = " for user:"


@dataclass(frozen=True, slots=True)
class Version:
    """An audit row: the actor, and each changed field before and after, with masked secrets."""

    id: VersionId
    item_type: str
    item_id: str
    event: str
    actor: str
    request_id: str | None
    changes: Mapping[str, Any]
    created_at: datetime

    def public_changes(self) -> dict[str, tuple[Any, Any]]:
        """Return before and after of each field that is meaningful outside this service."""
        return {name: (before, after) for name, (before, after) in self.changes.items() if name not in _ROW_IDS}


class ActorKind(Enum):
    """The kind of actor that made a change.

    `user` is a user, `service` another crewkit service, `webhook` a webhook event of the provider, `scheduler` a
    scheduled task of this service, and `system` another part of this service.
    """

    USER = "user"
    SERVICE = "service"
    WEBHOOK = "webhook"
    SCHEDULER = "scheduler"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class NamedActor:
    """The actor of a change, as the audit trail names it.

    `name` is a service or a part of this service. `user_id` is the user who acted, or the user that a service acted
    for. `delivery_id` is the delivery that caused the change.
    """

    kind: ActorKind
    name: str | None = None
    user_id: UUID | None = None
    delivery_id: str | None = None


def parse_actor(version: Version) -> NamedActor:
    """Return the actor of a version."""
    return parse_actor_name(version.actor, version.request_id)


def parse_actor_name(actor: str, delivery_id: str | None = None) -> NamedActor:
    """Return the actor that `Actor.name` describes; `delivery_id` is the delivery of a webhook event."""
    kind, _, name = actor.partition(":")
    if kind == "user":
        return NamedActor(ActorKind.USER, user_id=UUID(name))
    if kind == "service":
        service, separator, user = name.rpartition(_FOR_USER)
        if not separator:
            return NamedActor(ActorKind.SERVICE, name)
        return NamedActor(ActorKind.SERVICE, service, UUID(user))
    if name == "webhook":
        return NamedActor(ActorKind.WEBHOOK, delivery_id=delivery_id)
    return NamedActor(ActorKind.SCHEDULER if name == "scheduler" else ActorKind.SYSTEM, name)
