from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from core.domain.errors import DomainError
from core.domain.flows.flow import Flow
from core.domain.provider import ProviderPerson
from core.domain.secret import Secret
from core.use_cases.flows.user_authorization import UserAuthorization
from ports.provider import GitProvider


@dataclass(frozen=True, slots=True)
class OpenUserSession:
    """Exchange a code for the user's token, and revoke the token at the end.

    The token only serves as evidence, so it stays in memory.
    """

    providers: Mapping[str, GitProvider]
    authorization: UserAuthorization

    @asynccontextmanager
    async def __call__(self, flow: Flow, code: Secret) -> AsyncIterator[tuple[ProviderPerson, Secret]]:
        """Return the user at the provider and their token, which is valid inside the block.

        Raises `CredentialRefused`.
        """
        provider = self.providers[flow.provider]
        tokens = await self.authorization.exchange(flow, code)
        try:
            yield await provider.person(tokens.access_token), tokens.access_token
        finally:
            # The token expires within hours, so a failure here must not undo what was done.
            with suppress(DomainError):
                await provider.revoke_user_token(tokens.access_token)
