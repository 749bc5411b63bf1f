from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from core.domain.connections import ProviderPerson
from core.domain.errors import DomainError
from core.domain.flows.flow import Flow
from core.domain.flows.flow_secrets import create_verifier
from core.domain.provider_errors import AppRefused, CredentialRefused
from core.domain.secret import Secret
from core.domain.tokens.user_tokens import UserTokens
from core.use_cases.tokens.circuit_breaker import AppCircuitBreaker
from core.use_cases.tokens.encryption import decrypt_verifier, encrypt_verifier
from ports.encryption import Cipher
from ports.provider import GitProvider


@dataclass(frozen=True, slots=True)
class StartedFlow:
    """A new browser flow: the page to redirect the browser to, and the cookie that binds the flow to it.

    The name of the cookie contains `flow_id`. The flow ends at `expires_at`.
    """

    url: str
    flow_id: UUID
    cookie: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class ExchangeCode:
    """Exchange an authorization code for a user's tokens. Alert operators if the provider rejects the app.

    An open circuit breaker does not prevent the request, because the code works once and expires soon.
    """

    providers: Mapping[str, GitProvider]
    circuit_breaker: AppCircuitBreaker

    async def __call__(
        self, provider: str, code: Secret, *, redirect_uri: str | None, code_verifier: Secret | None
    ) -> UserTokens:
        """Return the tokens; raises `CredentialRefused`, `AppRefused`, or `ProviderUnavailable`."""
        try:
            tokens = await self.providers[provider].exchange_code(
                code, redirect_uri=redirect_uri, code_verifier=code_verifier
            )
        except AppRefused as error:
            raise await self.circuit_breaker.record_refusal(provider, error) from error
        except CredentialRefused:
            await self.circuit_breaker.record_success(provider)
            raise
        await self.circuit_breaker.record_success(provider)
        return tokens


CallbackUrl = Callable[[str], str]
"""Returns the public URL to which the provider with this name redirects browsers."""


@dataclass(frozen=True, slots=True)
class UserAuthorization:
    """Authorize a user at the provider with OAuth and PKCE, for one kind of browser flow."""

    providers: Mapping[str, GitProvider]
    cipher: Cipher
    exchange_code: ExchangeCode
    callback_url: CallbackUrl

    def request(self, flow: Flow, state: str) -> tuple[Flow, str]:
        """Return the flow with a new PKCE verifier, and the page where its user authorizes the app."""
        verifier = create_verifier()
        sealed = encrypt_verifier(self.cipher, flow.external_id, verifier.secret)
        url = self.providers[flow.provider].build_authorize_url(
            state=state, redirect_uri=self.callback_url(flow.provider), code_challenge=verifier.challenge
        )
        return replace(flow, pkce_verifier=sealed), url

    async def exchange(self, flow: Flow, code: Secret) -> UserTokens:
        """Exchange the code for the user's tokens.

        A flow without a verifier has a code that the provider issued together with an installation, without
        PKCE. Raises `CiphertextRefused` and what `ExchangeCode` raises.
        """
        if flow.pkce_verifier is None:
            return await self.exchange_code(flow.provider, code, redirect_uri=None, code_verifier=None)
        return await self.exchange_code(
            flow.provider,
            code,
            redirect_uri=self.callback_url(flow.provider),
            code_verifier=decrypt_verifier(self.cipher, flow.external_id, flow.pkce_verifier),
        )


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
            yield await provider.get_person(tokens.access_token), tokens.access_token
        finally:
            # The token expires within hours, so a failure here must not undo what was done.
            with suppress(DomainError):
                await provider.revoke_user_token(tokens.access_token)
