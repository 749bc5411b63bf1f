from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec
from starlette.responses import Response

from core.application import Integrations
from core.domain.audit.versions import ActorKind, Version, VersionId, parse_actor
from core.domain.organizations import User
from entrypoints.edge.cursors import RowCursor, encode_cursor
from entrypoints.rest.http.operations import Call, Operation, Success, Tag
from entrypoints.rest.http.paths import INTEGRATION
from entrypoints.rest.http.requests import Cursor, Limit, Query, read_row_cursor
from entrypoints.rest.http.responses import Json, Time


class VersionQuery(Query, frozen=True):
    """Which page of the audit trail."""

    limit: Limit = 50
    cursor: Cursor = ""


class Item(msgspec.Struct):
    """The changed object. `type` is `integration`, `link` or `project`."""

    type: str
    id: str


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


class FieldChange(msgspec.Struct):
    """The value of a field before and after the change. Values of secrets are masked."""

    before: Any
    after: Any


class VersionBody(msgspec.Struct):
    """An audit version. `event` is `created`, `updated` or `deleted`."""

    item: Item
    event: str
    actor: VersionActor
    changes: Mapping[str, FieldChange]
    changed_at: Time
    request_id: str | None


class VersionList(msgspec.Struct):
    """A page of audit versions, newest first."""

    data: list[VersionBody]
    next_cursor: str | None


def operations(integrations: Integrations) -> list[Operation]:
    """Return the operations for the audit trail."""

    async def list_versions(call: Call[VersionQuery, None]) -> Response:
        trail = await integrations.list_versions(
            call.actor,
            organization_id=call.organization_id,
            provider=call.provider,
            limit=call.query.limit,
            before=read_row_cursor(call.query.cursor, VersionId),
        )
        next_cursor = encode_cursor(RowCursor(trail.next)) if trail.next else None
        return Json(VersionList([_body(version, trail.members) for version in trail.versions], next_cursor))

    return [
        Operation(
            "GET",
            f"{INTEGRATION}/versions",
            list_versions,
            name="list_versions",
            summary="List audit versions",
            tag=Tag.INTEGRATIONS,
            description="Returns the audit trail of the integration, its links and the imported projects, "
            "newest first: who changed what and when, with the values before and after.",
            query=VersionQuery,
            responses=[Success(VersionList)],
        )
    ]


def _body(version: Version, members: Mapping[UUID, User]) -> VersionBody:
    actor = parse_actor(version)
    user = members.get(actor.user_id) if actor.user_id else None
    return VersionBody(
        item=Item(version.item_type, version.item_id),
        event=version.event,
        actor=VersionActor(
            actor.kind,
            actor.name,
            Person(actor.user_id, user.name or user.email if user else None) if actor.user_id else None,
            actor.delivery_id,
        ),
        changes={name: FieldChange(before, after) for name, (before, after) in version.public_changes().items()},
        changed_at=version.created_at,
        request_id=None if actor.delivery_id else version.request_id,
    )
