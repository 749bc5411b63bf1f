"""What a person is told of their own connection: where it stands, why, and the one thing that helps."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from core.domain.connections.connection import Connection, ConnectionStatus


class ConnectionStanding(Enum):
    """The status of a user's connection to a provider."""

    NOT_CONNECTED = "not_connected"
    ACTIVE = "active"
    RECONNECT_REQUIRED = "reconnect_required"
    REVOKED = "revoked"


class ConnectionRemedy(Enum):
    """The recommended next action."""

    CONNECT = "connect"
    RECONNECT = "reconnect"


@dataclass(frozen=True, slots=True)
class ConnectionView:
    """One user's connection with one provider, which there need not be; `emails` are those verified there."""

    provider: str
    standing: ConnectionStanding
    remedy: ConnectionRemedy | None
    connection: Connection | None = None
    emails: Sequence[str] = ()


def build_connection_view(provider: str, connection: Connection | None, emails: Sequence[str] = ()) -> ConnectionView:
    """Return what its person is told."""
    if connection is None:
        return ConnectionView(provider, ConnectionStanding.NOT_CONNECTED, ConnectionRemedy.CONNECT)
    remedy = None if connection.is_active else ConnectionRemedy.RECONNECT
    return ConnectionView(provider, _STANDINGS[connection.status], remedy, connection, emails)


_STANDINGS = {
    ConnectionStatus.ACTIVE: ConnectionStanding.ACTIVE,
    ConnectionStatus.RECONNECT_REQUIRED: ConnectionStanding.RECONNECT_REQUIRED,
    ConnectionStatus.REVOKED: ConnectionStanding.REVOKED,
}
