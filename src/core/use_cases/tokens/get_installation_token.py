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
from core.use_cases.tokens.token_refresher import MAX_ATTEMPTS, TokenRefresher, UsableToken
from ports.system import Clock

_InstallationKey = tuple[IntegrationId, str]

# As many as Octokit caches: https://github.com/octokit/auth-app.js. The oldest token is removed first.
_MAX_CACHED = 15_000


class TokenCache:
    """The installation tokens that this process has, or that it is obtaining on this event loop."""

    def __init__(self) -> None:
        self._tokens: dict[_InstallationKey, UsableToken] = {}
        self._in_flight: SingleFlight[_InstallationKey, UsableToken] = SingleFlight()

    def find(self, integration: Integration) -> UsableToken | None:
        """Return the token of an integration's current installation."""
        return self._tokens.get(_key(integration))

    async def fill(
        self, integration: Integration, obtain: Callable[[], Coroutine[Any, Any, UsableToken]]
    ) -> UsableToken:
        """Return and cache a token, which concurrent callers obtain once."""
        key = _key(integration)
        token = await self._in_flight.share(key, obtain)
        self._tokens.pop(key, None)
        self._tokens[key] = token
        if len(self._tokens) > _MAX_CACHED:
            del self._tokens[next(iter(self._tokens))]
        return token


def _key(integration: Integration) -> _InstallationKey:
    return integration.id, integration.provider_id


@dataclass(frozen=True, slots=True)
class GetInstallationToken:
    """Return a token for an integration's repositories: from the cache, from the database, or a new one.

    Other use cases call it with an integration that they have just loaded and authorized. Concurrent callers in
    all processes cause one request to the provider.
    """

    refresher: TokenRefresher
    dependencies: MintDependencies
    clock: Clock
    cache: TokenCache = field(default_factory=TokenCache)

    async def __call__(
        self, integration: Integration, *, instead_of: Secret | None = None, at_least: timedelta = MIN_VALIDITY
    ) -> Secret:
        """Return a token that is valid for `at_least`, and is not the rejected token `instead_of`.

        Raises `IntegrationNotActive`, `AppRefused`, `ProviderUnavailable`, `RateLimited`, or another error of
        the provider for the installation.
        """
        if integration.status is not IntegrationStatus.ACTIVE:
            raise explain_inactive(integration)
        usable = self.cache.find(integration)
        if usable and is_valid_for(usable.expires_at, self.clock.now(), at_least) and not usable.is_same(instead_of):
            return usable.token
        for _ in range(MAX_ATTEMPTS):
            usable = await self._obtain(integration, instead_of, at_least)
            if not usable.is_same(instead_of):
                return usable.token
        raise CredentialRefused("The provider rejected a token that it has just issued. Try again later.")

    async def probe(self, integration: Integration) -> None:
        """Request a token for a suspended integration, which becomes active if the provider issues one.

        Raises what a call raises.
        """
        await self._obtain(integration, None, MIN_VALIDITY)

    async def _obtain(self, integration: Integration, instead_of: Secret | None, at_least: timedelta) -> UsableToken:
        installation_token = RefreshableInstallationToken(
            self.dependencies, integration, instead_of=instead_of, at_least=at_least
        )
        return await self.cache.fill(integration, lambda: self.refresher.obtain(installation_token))
