from collections.abc import Callable, Coroutine
from typing import Any

from core.domain.identifiers import IntegrationId
from core.domain.integrations.integration import Integration
from core.use_cases.tokens.single_flight import Flights
from core.use_cases.tokens.token_leases import OpenToken

_Key = tuple[IntegrationId, str]

# Octokit remembers as many: https://github.com/octokit/auth-app.js. The oldest makes place for the newest.
_MOST = 15_000


class TokenCache:
    """The installation tokens that this process, on one event loop, knows or is about to know."""

    def __init__(self) -> None:
        self._known: dict[_Key, OpenToken] = {}
        self._flights: Flights[_Key, OpenToken] = Flights()

    def find(self, integration: Integration) -> OpenToken | None:
        """Return the token of an integration's present installation."""
        return self._known.get(_key(integration))

    async def fill(self, integration: Integration, obtain: Callable[[], Coroutine[Any, Any, OpenToken]]) -> OpenToken:
        """Return, and remember, a token that is on its way, or that is obtained now."""
        key = _key(integration)
        found = await self._flights.share(key, obtain)
        self._known.pop(key, None)
        self._known[key] = found
        if len(self._known) > _MOST:
            del self._known[next(iter(self._known))]
        return found


def _key(integration: Integration) -> _Key:
    return integration.id, integration.provider_id
