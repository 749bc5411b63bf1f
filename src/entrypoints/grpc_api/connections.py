from collections.abc import Mapping
from dataclasses import dataclass

from core.application import Application
from core.domain.connections import ConnectionStanding, ConnectionView
from crewkit.git.v1 import connections_pb2 as wire
from crewkit.git.v1.connections_pb2_grpc import ConnectionServiceServicer
from crewkit.git.v1.integrations_pb2 import Remedy
from entrypoints.edge.remedies import connection_action
from entrypoints.grpc_api.calls import actor
from entrypoints.grpc_api.envelope import Context
from entrypoints.grpc_api.fields import read_name
from entrypoints.grpc_api.messages import stamp

STATUSES: Mapping[ConnectionStanding, "wire.ConnectionStatus.ValueType"] = {
    ConnectionStanding.NOT_CONNECTED: wire.CONNECTION_STATUS_NOT_CONNECTED,
    ConnectionStanding.ACTIVE: wire.CONNECTION_STATUS_ACTIVE,
    ConnectionStanding.RECONNECT_REQUIRED: wire.CONNECTION_STATUS_RECONNECT_REQUIRED,
    ConnectionStanding.REVOKED: wire.CONNECTION_STATUS_REVOKED,
}


@dataclass(frozen=True, slots=True)
class Connections(ConnectionServiceServicer):
    """Implements `ConnectionService` for the caller, or for the user that a service acts for."""

    application: Application

    async def ListConnections(
        self, request: wire.ListConnectionsRequest, context: Context
    ) -> wire.ListConnectionsResponse:
        provider = read_name(request.provider, "provider") if request.provider else None
        views = await self.application.connections.list(actor(), provider=provider)
        return wire.ListConnectionsResponse(connections=[_connection(view) for view in views])

    async def DisconnectConnection(
        self, request: wire.DisconnectConnectionRequest, context: Context
    ) -> wire.DisconnectConnectionResponse:
        await self.application.connections.disconnect(actor(), provider=read_name(request.provider, "provider"))
        return wire.DisconnectConnectionResponse()


def _connection(view: ConnectionView) -> wire.Connection:
    message = wire.Connection(
        provider=view.provider, status=STATUSES[view.standing], remedy=_remedy(view), emails=view.emails
    )
    connection = view.connection
    if connection is not None:
        message.MergeFrom(
            wire.Connection(
                reason=connection.status_reason,
                username=connection.provider_username,
                avatar_url=connection.provider_avatar_url,
                connected_at=stamp(connection.created_at),
            )
        )
    return message


def _remedy(view: ConnectionView) -> Remedy | None:
    action = connection_action(view.remedy, view.provider)
    return Remedy(code=action.code.value, message=action.message, url=action.url) if action else None
