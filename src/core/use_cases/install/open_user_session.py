from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from core.domain.errors import DomainError
from core.domain.flows.flow import Flow
from core.domain.provider import ProviderPerson
from core.domain.secret import Secret
from core.use_cases.flows.exchange_code import ExchangeCode
from core.use_cases.flows.verifier_encryption import open_verifier
from core.use_cases.install.begin_install import callback_url
from ports.cipher import Cipher
from ports.provider import GitProvider


@dataclass(frozen=True, slots=True)
class OpenUserSession:
    """Exchange a code for the user's token, and revoke the token at the end.

    The token only serves as evidence, so it stays in memory.
    """

    providers: Mapping[str, GitProvider]
    exchange_code: ExchangeCode
    cipher: Cipher
    public_url: str

    @asynccontextmanager
    async def __call__(self, flow: Flow, code: Secret) -> AsyncIterator[tuple[ProviderPerson, Secret]]:
        """Return the user at the provider and their token, which is valid inside the block.

        A code that comes with an installation was requested without PKCE. Raises `CredentialRefused`.
        """
        provider = self.providers[flow.provider]
        verifier = redirect_uri = None
        if flow.pkce_verifier is not None:
            verifier = open_verifier(self.cipher, flow.external_id, flow.pkce_verifier)
            redirect_uri = callback_url(self.public_url, flow.provider)
        tokens = await self.exchange_code(
            flow.provider, code, redirect_uri=redirect_uri, code_verifier=verifier
        )
        try:
            yield await provider.person(tokens.access_token), tokens.access_token
        finally:
            # The token expires within hours, so a failure here must not undo what was done.
            with suppress(DomainError):
                await provider.revoke_user_token(tokens.access_token)
