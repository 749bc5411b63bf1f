from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

from core.domain.integrations.integration import Integration
from core.domain.provider_errors import CredentialRefused
from core.domain.secret import Secret
from core.domain.tokens.installation_tokens import InstallationAccess
from ports.provider import GitProvider

T = TypeVar("T")


class InstallationTokens(Protocol):
    """Gives the tokens that open an integration's repositories: see `GetInstallationToken`."""

    async def __call__(self, integration: Integration, *, instead_of: Secret | None = None) -> Secret:
        """Return a token, other than one the provider just refused."""


@dataclass(frozen=True, slots=True)
class ProviderAccess:
    """Asks an integration's provider, with its token."""

    providers: Mapping[str, GitProvider]
    tokens: InstallationTokens

    async def __call__(
        self, integration: Integration, ask: Callable[[GitProvider, InstallationAccess], Awaitable[T]]
    ) -> T:
        """Return what the provider answers; a token that died before its time is replaced once.

        Raises what `ask` and the tokens raise.
        """
        provider = self.providers[integration.provider]
        access = InstallationAccess(integration.provider_id, await self.tokens(integration))
        try:
            return await ask(provider, access)
        except CredentialRefused:
            another = await self.tokens(integration, instead_of=access.token)
            return await ask(provider, replace(access, token=another))
