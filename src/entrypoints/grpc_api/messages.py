"""Messages that several services return: times, remedies, catalog syncs and audit versions."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from google.protobuf.duration_pb2 import Duration
from google.protobuf.json_format import ParseDict
from google.protobuf.struct_pb2 import Value
from google.protobuf.timestamp_pb2 import Timestamp

from core.domain.audit import ActorKind, NamedActor, Version, parse_actor
from core.domain.catalog.sync import SyncPhase, SyncState
from core.domain.integrations import views as integration_views
from core.domain.organizations import User
from crewkit.git.v1 import integrations_pb2 as wire
from crewkit.git.v1.integrations_pb2 import Remedy
from entrypoints.edge.remedies import action_of

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = 86_400


def stamp(at: datetime | None) -> Timestamp | None:
    """Convert a time to a `Timestamp`."""
    if at is None:
        return None
    # Same result as `FromDatetime`, in a quarter of the time.
    since = at - _EPOCH
    return Timestamp(seconds=since.days * _DAY + since.seconds, nanos=since.microseconds * 1000)


def length(of: timedelta | None) -> Duration | None:
    """Convert a time span to a `Duration`."""
    if of is None:
        return None
    duration = Duration()
    duration.FromTimedelta(of)
    return duration


def remedy(
    code: integration_views.Remedy | None, provider: str, organization_id: UUID, manage_url: str | None
) -> Remedy | None:
    """Convert a remedy to its message, with the texts that REST uses."""
    action = action_of(code, provider, organization_id, manage_url)
    if action is None:
        return None
    return Remedy(code=action.code.value, message=action.message, url=action.url)


STATES: Mapping[SyncPhase, "wire.CatalogSyncState.ValueType"] = {
    SyncPhase.IDLE: wire.CATALOG_SYNC_STATE_IDLE,
    SyncPhase.REQUESTED: wire.CATALOG_SYNC_STATE_REQUESTED,
    SyncPhase.RUNNING: wire.CATALOG_SYNC_STATE_RUNNING,
    SyncPhase.FAILED: wire.CATALOG_SYNC_STATE_FAILED,
}


def catalog_sync(state: SyncState) -> wire.CatalogSync:
    """Convert a sync state to its message."""
    return wire.CatalogSync(
        state=STATES[state.phase],
        synced_at=stamp(state.synced_at),
        age=length(state.age),
        requested_at=stamp(state.requested_at),
        error=state.error,
        retry_at=stamp(state.retry_at),
    )


ACTORS: Mapping[ActorKind, "wire.ActorKind.ValueType"] = {
    ActorKind.USER: wire.ACTOR_KIND_USER,
    ActorKind.SERVICE: wire.ACTOR_KIND_SERVICE,
    ActorKind.WEBHOOK: wire.ACTOR_KIND_WEBHOOK,
    ActorKind.SCHEDULER: wire.ACTOR_KIND_SCHEDULER,
    ActorKind.SYSTEM: wire.ACTOR_KIND_SYSTEM,
}


def version_actor(by: NamedActor, members: Mapping[UUID, User]) -> wire.VersionActor:
    """Convert an actor to its message. Only members have a user name."""
    user = members.get(by.user_id) if by.user_id else None
    return wire.VersionActor(
        kind=ACTORS[by.kind],
        name=by.name,
        user_id=str(by.user_id) if by.user_id else None,
        user_name=user.name or user.email if user else None,
        delivery_id=by.delivery_id,
    )


def version(row: Version, members: Mapping[UUID, User]) -> wire.Version:
    """Convert an audit row to its message."""
    by = parse_actor(row)
    return wire.Version(
        item_type=row.item_type,
        item_id=row.item_id,
        event=row.event,
        actor=version_actor(by, members),
        changes={
            name: wire.FieldChange(before=_value(before), after=_value(after))
            for name, (before, after) in row.public_changes().items()
        },
        changed_at=stamp(row.created_at),
        request_id=None if by.delivery_id else row.request_id,
    )


def _value(json: Any) -> Value:  # noqa: ANN401 - the trail holds any JSON
    return ParseDict(json, Value())
