from dataclasses import dataclass, field

from core.domain.connections.connection import Connection
from core.domain.identifiers import ConnectionId
from core.domain.provider import CredentialRefused
from core.domain.secret import Secret
from core.use_cases.tokens.single_flight import Flights
from core.use_cases.tokens.token_leases import FLIGHTS, OpenToken, TokenLeases
from core.use_cases.tokens.user_lease import Refreshing, UserLease, reconnect_required


@dataclass(frozen=True, slots=True)
class GetUserToken:
    """Give a token that acts for a person: the row's, or a new one for the row's refresh token.

    Other use cases call it for the acting person alone. Nothing is remembered in the process: another one's
    refresh ends a token at once. However many ask, in however many processes, one refreshes.
    """

    leases: TokenLeases
    refreshing: Refreshing
    flights: Flights[ConnectionId, OpenToken] = field(default_factory=Flights)

    async def __call__(self, connection: Connection, *, instead_of: Secret | None = None) -> Secret:
        """Return a token good for two minutes at least, other than one the provider just refused.

        Raises `ReconnectRequired` where only the person can help, `AppRefused`, `ProviderUnavailable` or
        `RateLimited`.
        """
        if not connection.is_active:
            raise reconnect_required()
        lease = UserLease(self.refreshing, connection, instead_of=instead_of)
        for _ in range(FLIGHTS):
            found = await self.flights.share(connection.id, lambda: self.leases.obtain(lease))
            if not found.is_same(instead_of):
                return found.token
        raise CredentialRefused("The provider rejected a token that it has just issued. Try again later.")
