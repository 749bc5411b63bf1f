from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from core.domain.identifiers import IntegrationId
from core.domain.integrations.integration import Integration, IntegrationStatus
from core.domain.provider_errors import CredentialRefused
from core.domain.secret import Secret
from core.domain.tokens.lease import MIN_VALIDITY, explain_inactive, is_valid_for
from core.use_cases.single_flight import SingleFlight
from core.use_cases.tokens.mint_installation_token import MintDependencies, RefreshableInstallationToken
from core.use_cases.tokens.token_refresher import MAX_FLIGHTS, TokenRefresher, UsableToken
from ports.system import Clock

_InstallationKey = tuple[IntegrationId, str]

# Octokit remembers as many: https://github.com/octokit/auth-app.js. The oldest makes place for the newest.
_MAX_CACHED = 15_000


class TokenCache:
    """The installation tokens that this process, on one event loop, knows or is about to know."""

    def __init__(self) -> None:
        self._known: dict[_InstallationKey, UsableToken] = {}
        self._in_flight: SingleFlight[_InstallationKey, UsableToken] = SingleFlight()

    def find(self, integration: Integration) -> UsableToken | None:
        """Return the token of an integration's present installation."""
        return self._known.get(_key(integration))

    async def fill(
        self, integration: Integration, obtain: Callable[[], Coroutine[Any, Any, UsableToken]]
    ) -> UsableToken:
        """Return, and remember, a token that is on its way, or that is obtained now."""
        key = _key(integration)
        found = await self._in_flight.share(key, obtain)
        self._known.pop(key, None)
        self._known[key] = found
        if len(self._known) > _MAX_CACHED:
            del self._known[next(iter(self._known))]
        return found


def _key(integration: Integration) -> _InstallationKey:
    return integration.id, integration.provider_id


@dataclass(frozen=True, slots=True)
class GetInstallationToken:
    """Give a token that opens an integration's repositories: this process's, the row's, or a new one.

    Other use cases call it with an integration they have just loaded and authorized; no edge does. However
    many ask at once, in however many processes, the provider is asked once.
    """

    refresher: TokenRefresher
    dependencies: MintDependencies
    clock: Clock
    cache: TokenCache = field(default_factory=TokenCache)

    async def __call__(
        self, integration: Integration, *, instead_of: Secret | None = None, at_least: timedelta = MIN_VALIDITY
    ) -> Secret:
        """Return a token good for two minutes at least, other than one the provider just refused.

        Raises `IntegrationNotActive`, `AppRefused`, `ProviderUnavailable`, `RateLimited`, or what else the
        provider says of the installation.
        """
        if integration.status is not IntegrationStatus.ACTIVE:
            raise explain_inactive(integration)
        known = self.cache.find(integration)
        if known and is_valid_for(known.expires_at, self.clock.now(), at_least) and not known.is_same(instead_of):
            return known.token
        for _ in range(MAX_FLIGHTS):
            known = await self._obtain(integration, instead_of, at_least)
            if not known.is_same(instead_of):
                return known.token
        raise CredentialRefused("The provider rejected a token that it has just issued. Try again later.")

    async def probe(self, integration: Integration) -> None:
        """Ask for a token of a suspended integration, which is active again if there is one.

        Raises as a call does, where there is none.
        """
        await self._obtain(integration, None, MIN_VALIDITY)

    async def _obtain(self, integration: Integration, instead_of: Secret | None, at_least: timedelta) -> UsableToken:
        lease = RefreshableInstallationToken(self.dependencies, integration, instead_of=instead_of, at_least=at_least)
        return await self.cache.fill(integration, lambda: self.refresher.obtain(lease))
