from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta
from starlette.responses import Response

from core.application import Integrations
from core.domain.audit import Version, VersionId, parse_actor
from core.domain.integrations.integration import IntegrationNotFound
from core.domain.integrations.views import ConnectionState, IntegrationView
from core.domain.organizations import User
from entrypoints.edge.cursors import encode_row_cursor
from entrypoints.edge.remedies import Action, action_of
from entrypoints.rest.http.operations import Call, Operation, OperationGroup, Success, Tag
from entrypoints.rest.http.paths import INTEGRATION, INTEGRATIONS
from entrypoints.rest.http.requests import Cursor, Limit, NoQuery, Query, read_row_cursor
from entrypoints.rest.http.responses import Json, Time
from entrypoints.rest.resources.actors import VersionActor, to_actor_body
from entrypoints.rest.resources.syncs import CatalogSync, catalog_sync


class DisconnectQuery(Query, frozen=True):
    """Whether to uninstall the app, too."""

    uninstall: Annotated[
        bool, Meta(description="Whether to also uninstall the app at the provider. Pass true or false.")
    ] = False


class IntegrationBody(msgspec.Struct):
    """The integration of an organization with a provider.

    If the organization has never been connected, all fields after `action` are null, except
    `pending_until` while the installation waits for approval. `repositories_granted` is the number of repositories
    that the integration can access, `projects_linked` that of projects linked to them. `failed_24h` is how often
    processing a webhook event failed since 24 hours ago, rounded down to a full hour. `permissions_needed` are those
    that this service needs, and `permissions_missing` those of them that the account's owners did not grant.
    """

    provider: str
    status: ConnectionState
    reason: str | None
    action: Action | None
    id: UUID | None = None
    installation_id: str | None = None
    account: str | None = None
    account_type: str | None = None
    account_url: str | None = None
    manage_url: str | None = None
    repository_selection: str | None = None
    permissions: Mapping[str, str] | None = None
    connected_at: Time | None = None
    status_changed_at: Time | None = None
    pending_until: Time | None = None
    sync: CatalogSync | None = None
    account_avatar_url: str | None = None
    repositories_granted: int | None = None
    projects_linked: int | None = None
    failed_24h: int | None = None
    last_webhook_at: Time | None = None
    permissions_needed: Mapping[str, str] | None = None
    permissions_missing: Mapping[str, str] | None = None


class IntegrationList(msgspec.Struct):
    """The integrations with all supported providers, on a single page."""

    data: list[IntegrationBody]
    next_cursor: None = None


def operations(integrations: Integrations) -> list[Operation]:
    """Return the operations for an organization's integrations."""
    group = OperationGroup(Tag.INTEGRATIONS)

    @group.add(
        "GET",
        INTEGRATIONS,
        "List integrations",
        Success(IntegrationList),
        description="Returns one entry for each supported provider, connected or not, with its status and the "
        "recommended next action.",
    )
    async def list_integrations(call: Call[NoQuery, None]) -> Response:
        views = await integrations.list(call.actor, organization_id=call.organization_id)
        return Json(IntegrationList([_body(view, call.organization_id) for view in views]))

    @group.add(
        "GET",
        INTEGRATION,
        "Get an integration",
        Success(IntegrationBody),
        description="Returns the status of the integration, the connected provider account, and the recommended next "
        "action.",
    )
    async def show_integration(call: Call[NoQuery, None]) -> Response:
        view = await integrations.show(call.actor, organization_id=call.organization_id, provider=call.provider)
        return Json(_body(view, call.organization_id))

    @group.add(
        "DELETE",
        INTEGRATION,
        "Disconnect an integration",
        Success(status=HTTPStatus.NO_CONTENT),
        errors=[IntegrationNotFound],
        description="Ends the integration and revokes its tokens. Its links and history are kept, but the links "
        "receive no more events. With `uninstall=true`, the app is also uninstalled at the provider.",
    )
    async def disconnect_integration(call: Call[DisconnectQuery, None]) -> Response:
        await integrations.disconnect(
            call.actor, organization_id=call.organization_id, provider=call.provider, uninstall=call.query.uninstall
        )
        return Response(status_code=HTTPStatus.NO_CONTENT)

    return group.operations


def _body(view: IntegrationView, organization_id: UUID) -> IntegrationBody:
    integration = view.integration
    body = IntegrationBody(
        provider=view.provider,
        status=view.state,
        reason=view.reason,
        action=action_of(view.remedy, view.provider, organization_id, view.manage_url),
        pending_until=view.pending_until,
    )
    if integration is not None:
        body.id = integration.external_id
        body.installation_id = integration.provider_id
        body.account = integration.provider_name
        body.account_type = integration.account_type
        body.account_url = integration.provider_url
        body.manage_url = view.manage_url
        body.repository_selection = integration.repository_selection
        body.permissions = integration.permissions
        body.connected_at = integration.created_at
        body.status_changed_at = integration.status_changed_at
        body.sync = catalog_sync(view.sync) if view.sync else None
        body.account_avatar_url = view.account_urls.avatar if view.account_urls else None
        body.permissions_needed = view.needed_permissions
        body.permissions_missing = view.missing_permissions
    if view.use is not None:
        body.repositories_granted = view.use.repositories
        body.projects_linked = view.use.projects
        body.failed_24h = view.use.failed
        body.last_webhook_at = view.use.last_event_at
    return body


class VersionQuery(Query, frozen=True):
    """Which page of the audit trail."""

    limit: Limit = 50
    cursor: Cursor = ""


class Item(msgspec.Struct):
    """The changed object, or the object of an action. `type` is `integration`, `link` or `project`.

    For an action, `type` is `webhook_event`, `webhook_events` (several at once), `webhook_event_payload` or
    `read_token`. The `id` of a webhook event is its delivery id, and that of several webhook events is the id of the
    organization.
    """

    type: str
    id: str


class FieldChange(msgspec.Struct):
    """The value of a field before and after the change. Values of secrets are masked."""

    before: Any
    after: Any


class VersionBody(msgspec.Struct):
    """An audit version.

    `event` is `created`, `updated` or `deleted`, or for an action `retried`, `viewed`, `issued` or `revoked`.
    """

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


def version_operations(integrations: Integrations) -> list[Operation]:
    """Return the operations for the audit trail."""
    group = OperationGroup(Tag.INTEGRATIONS)

    @group.add(
        "GET",
        f"{INTEGRATION}/versions",
        "List audit versions",
        Success(VersionList),
        description="Returns the audit trail of the integration, its links and the imported projects, newest first: "
        "who changed what and when, with the values before and after. It also shows who retried webhook events, and "
        "who viewed the payload of a webhook event (at most once per hour for each person and event), and which read "
        "tokens were issued and revoked.",
    )
    async def list_versions(call: Call[VersionQuery, None]) -> Response:
        trail = await integrations.list_versions(
            call.actor,
            organization_id=call.organization_id,
            provider=call.provider,
            limit=call.query.limit,
            before=read_row_cursor(call.query.cursor, VersionId),
        )
        next_cursor = encode_row_cursor(trail.next)
        return Json(VersionList([_version_body(version, trail.members) for version in trail.versions], next_cursor))

    return group.operations


def _version_body(version: Version, members: Mapping[UUID, User]) -> VersionBody:
    actor = parse_actor(version)
    return VersionBody(
        item=Item(version.item_type, version.item_id),
        event=version.event,
        actor=to_actor_body(actor, members),
        changes={name: FieldChange(before, after) for name, (before, after) in version.public_changes().items()},
        changed_at=version.created_at,
        request_id=None if actor.delivery_id else version.request_id,
    )
