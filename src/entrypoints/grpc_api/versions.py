from collections.abc import Mapping
from typing import Any
from uuid import UUID

from google.protobuf.json_format import ParseDict
from google.protobuf.struct_pb2 import Value

from core.domain.audit import ActorKind, Version, parse_actor
from core.domain.organizations import User
from crewkit.git.v1 import integrations_pb2 as wire
from entrypoints.grpc_api.times import stamp

ACTORS: Mapping[ActorKind, "wire.ActorKind.ValueType"] = {
    ActorKind.USER: wire.ACTOR_KIND_USER,
    ActorKind.SERVICE: wire.ACTOR_KIND_SERVICE,
    ActorKind.WEBHOOK: wire.ACTOR_KIND_WEBHOOK,
    ActorKind.SCHEDULER: wire.ACTOR_KIND_SCHEDULER,
    ActorKind.SYSTEM: wire.ACTOR_KIND_SYSTEM,
}


def version(known: Version, members: Mapping[UUID, User]) -> wire.Version:
    """Convert an audit row to its message. Only members have a user name."""
    by = parse_actor(known)
    user = members.get(by.user_id) if by.user_id else None
    return wire.Version(
        item_type=known.item_type,
        item_id=known.item_id,
        event=known.event,
        actor=wire.VersionActor(
            kind=ACTORS[by.kind],
            name=by.name,
            user_id=str(by.user_id) if by.user_id else None,
            user_name=user.name or user.email if user else None,
            delivery_id=by.delivery_id,
        ),
        changes={
            name: wire.FieldChange(before=_value(before), after=_value(after))
            for name, (before, after) in known.public_changes().items()
        },
        changed_at=stamp(known.created_at),
        request_id=None if by.delivery_id else known.request_id,
    )


def _value(held: Any) -> Value:  # noqa: ANN401 - the trail holds any JSON
    return ParseDict(held, Value())
