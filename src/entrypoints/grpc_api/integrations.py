from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from core.application import Application
from core.domain.audit import VersionId
from core.domain.integrations.integration import Integration
from core.domain.integrations.views import ConnectionState, IntegrationView
from crewkit.git.v1 import integrations_pb2 as wire
from crewkit.git.v1.integrations_pb2_grpc import IntegrationServiceServicer
from entrypoints.edge.cursors import encode_row_cursor
from entrypoints.grpc_api.calls import actor
from entrypoints.grpc_api.envelope import Context
from entrypoints.grpc_api.fields import read_id, read_name, read_page_size, read_row_token
from entrypoints.grpc_api.messages import catalog_sync, remedy, stamp, version

STATUSES: Mapping[ConnectionState, "wire.IntegrationStatus.ValueType"] = {
    ConnectionState.NOT_CONNECTED: wire.INTEGRATION_STATUS_NOT_CONNECTED,
    ConnectionState.PENDING: wire.INTEGRATION_STATUS_PENDING,
    ConnectionState.ACTIVE: wire.INTEGRATION_STATUS_ACTIVE,
    ConnectionState.SUSPENDED: wire.INTEGRATION_STATUS_SUSPENDED,
    ConnectionState.REVOKED: wire.INTEGRATION_STATUS_REVOKED,
}


@dataclass(frozen=True, slots=True)
class Integrations(IntegrationServiceServicer):
    """Implements `IntegrationService`."""

    application: Application

    async def ListIntegrations(
        self, request: wire.ListIntegrationsRequest, context: Context
    ) -> wire.ListIntegrationsResponse:
        organization_id = read_id(request.organization_id, "organization_id")
        views = await self.application.integrations.list(actor(), organization_id=organization_id)
        return wire.ListIntegrationsResponse(integrations=[_integration(view, organization_id) for view in views])

    async def GetIntegration(
        self, request: wire.GetIntegrationRequest, context: Context
    ) -> wire.GetIntegrationResponse:
        organization_id = read_id(request.organization_id, "organization_id")
        view = await self.application.integrations.show(
            actor(), organization_id=organization_id, provider=read_name(request.provider, "provider")
        )
        return wire.GetIntegrationResponse(integration=_integration(view, organization_id))

    async def DisconnectIntegration(
        self, request: wire.DisconnectIntegrationRequest, context: Context
    ) -> wire.DisconnectIntegrationResponse:
        await self.application.integrations.disconnect(
            actor(),
            organization_id=read_id(request.organization_id, "organization_id"),
            provider=read_name(request.provider, "provider"),
            uninstall=request.uninstall,
        )
        return wire.DisconnectIntegrationResponse()

    async def SyncIntegration(
        self, request: wire.SyncIntegrationRequest, context: Context
    ) -> wire.SyncIntegrationResponse:
        state = await self.application.catalog.request_sync(
            actor(),
            organization_id=read_id(request.organization_id, "organization_id"),
            provider=read_name(request.provider, "provider"),
        )
        return wire.SyncIntegrationResponse(sync=catalog_sync(state))

    async def ListVersions(self, request: wire.ListVersionsRequest, context: Context) -> wire.ListVersionsResponse:
        trail = await self.application.integrations.list_versions(
            actor(),
            organization_id=read_id(request.organization_id, "organization_id"),
            provider=read_name(request.provider, "provider"),
            limit=read_page_size(request.page_size),
            before=read_row_token(request.page_token, VersionId),
        )
        return wire.ListVersionsResponse(
            versions=[version(row, trail.members) for row in trail.versions],
            next_page_token=encode_row_cursor(trail.next) or "",
        )


def _integration(view: IntegrationView, organization_id: UUID) -> wire.Integration:
    integration = view.integration
    fields = {} if integration is None else _connection_fields(integration)
    return wire.Integration(
        provider=view.provider,
        status=STATUSES[view.state],
        reason=view.reason,
        remedy=remedy(view.remedy, view.provider, organization_id, view.manage_url),
        pending_until=stamp(view.pending_until),
        manage_url=view.manage_url,
        sync=catalog_sync(view.sync) if view.sync else None,
        account_avatar_url=view.account_urls.avatar if view.account_urls else None,
        repositories_granted=view.use.repositories if view.use else None,
        projects_linked=view.use.projects if view.use else None,
        failed_last_day=view.use.failed if view.use else None,
        last_webhook_at=stamp(view.use.last_event_at) if view.use else None,
        permissions_needed=view.needed_permissions,
        permissions_missing=view.missing_permissions,
        **fields,
    )


def _connection_fields(integration: Integration) -> dict[str, Any]:
    """Return the fields of an existing integration. Protobuf omits fields whose value is None."""
    return {
        "integration_id": str(integration.external_id),
        "installation_id": integration.provider_id,
        "account": integration.provider_name,
        "account_type": integration.account_type,
        "account_url": integration.provider_url,
        "repository_selection": integration.repository_selection,
        "permissions": integration.permissions,
        "connected_at": stamp(integration.created_at),
        "status_changed_at": stamp(integration.status_changed_at),
    }
