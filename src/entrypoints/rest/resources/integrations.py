from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response

from core.domain.integrations.integration import IntegrationNotFound
from core.domain.integrations.views import ConnectionState, IntegrationView
from core.use_cases.integrations.disconnect_integration import DisconnectIntegration
from core.use_cases.integrations.list_integrations import ListIntegrations, ShowIntegration
from entrypoints.edge.remedies import Action, action_of
from entrypoints.rest.http.authentication import Authentication
from entrypoints.rest.http.json_response import Json, Time
from entrypoints.rest.http.operations import Answer, Operation, Tag
from entrypoints.rest.http.paths import INTEGRATION, INTEGRATIONS
from entrypoints.rest.http.queries import NoQuery, Query, read_query
from entrypoints.rest.resources.sync_states import CatalogSync, catalog_sync


class DisconnectQuery(Query, frozen=True):
    """Whether to uninstall the app, too."""

    uninstall: Annotated[
        bool, Meta(description="Whether to also uninstall the app at the provider. Pass true or false.")
    ] = False


class IntegrationBody(msgspec.Struct):
    """The integration of an organization with a provider.

    If the organization has never been connected, all fields after `action` are null, except
    `pending_until` while the installation waits for approval.
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


class IntegrationList(msgspec.Struct):
    """The integrations with all supported providers, on a single page."""

    data: list[IntegrationBody]
    next_cursor: None = None


def operations(
    authentication: Authentication,
    list_integrations: ListIntegrations,
    show_integration: ShowIntegration,
    disconnect: DisconnectIntegration,
) -> list[Operation]:
    """Return what can be done with an organization's integrations."""

    async def integrations(request: Request) -> Response:
        actor = await authentication(request)
        read_query(request, NoQuery)
        organization_id = request.path_params["org_id"]
        views = await list_integrations(actor, organization_id=organization_id)
        return Json(IntegrationList([_body(view, organization_id) for view in views]))

    async def integration(request: Request) -> Response:
        actor = await authentication(request)
        read_query(request, NoQuery)
        organization_id, provider = request.path_params["org_id"], request.path_params["provider"]
        view = await show_integration(actor, organization_id=organization_id, provider=provider)
        return Json(_body(view, organization_id))

    async def disconnect_integration(request: Request) -> Response:
        actor = await authentication(request)
        await disconnect(
            actor,
            organization_id=request.path_params["org_id"],
            provider=request.path_params["provider"],
            uninstall=read_query(request, DisconnectQuery).uninstall,
        )
        return Response(status_code=HTTPStatus.NO_CONTENT)

    return [
        Operation(
            "GET",
            INTEGRATIONS,
            integrations,
            name="list_integrations",
            summary="List integrations",
            tag=Tag.INTEGRATIONS,
            description="Returns one entry for each supported provider, connected or not, with its status "
            "and the recommended next action.",
            answers=[Answer(IntegrationList)],
        ),
        Operation(
            "GET",
            INTEGRATION,
            integration,
            name="show_integration",
            summary="Get an integration",
            tag=Tag.INTEGRATIONS,
            description="Returns the status of the integration, the connected provider account, and the "
            "recommended next action.",
            answers=[Answer(IntegrationBody)],
        ),
        Operation(
            "DELETE",
            INTEGRATION,
            disconnect_integration,
            name="disconnect_integration",
            summary="Disconnect an integration",
            tag=Tag.INTEGRATIONS,
            description="Ends the integration and revokes its tokens. Its links and history are kept, but "
            "the links receive no more events. With `uninstall=true`, the app is also uninstalled at the "
            "provider.",
            query=DisconnectQuery,
            answers=[Answer(status=HTTPStatus.NO_CONTENT)],
            refusals=[IntegrationNotFound],
        ),
    ]


def _body(view: IntegrationView, organization_id: UUID) -> IntegrationBody:
    known = view.integration
    body = IntegrationBody(
        provider=view.provider,
        status=view.state,
        reason=view.reason,
        action=action_of(view.remedy, view.provider, organization_id, view.manage_url),
        pending_until=view.pending_until,
    )
    if known is not None:
        body.id = known.external_id
        body.installation_id = known.provider_id
        body.account = known.provider_name
        body.account_type = known.account_type
        body.account_url = known.provider_url
        body.manage_url = view.manage_url
        body.repository_selection = known.repository_selection
        body.permissions = known.permissions
        body.connected_at = known.created_at
        body.status_changed_at = known.status_changed_at
        body.sync = catalog_sync(view.sync) if view.sync else None
    return body
