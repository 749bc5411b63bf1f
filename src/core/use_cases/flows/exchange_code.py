from collections.abc import Mapping
from dataclasses import dataclass

from core.domain.provider import AppRefused, CredentialRefused, UserTokens
from core.domain.secret import Secret
from core.use_cases.tokens.app_breaker import AppBreaker
from ports.provider import GitProvider


@dataclass(frozen=True, slots=True)
class ExchangeCode:
    """Exchange an authorization code for a user's tokens. Alert operators if the provider rejects the app.

    An open circuit breaker does not prevent the request, because the code works once and expires soon.
    """

    providers: Mapping[str, GitProvider]
    app_breaker: AppBreaker

    async def __call__(
        self, provider: str, code: Secret, *, redirect_uri: str | None, code_verifier: Secret | None
    ) -> UserTokens:
        """Return the tokens; raises `CredentialRefused`, `AppRefused`, or `ProviderUnavailable`."""
        try:
            tokens = await self.providers[provider].exchange_code(
                code, redirect_uri=redirect_uri, code_verifier=code_verifier
            )
        except AppRefused as error:
            raise await self.app_breaker.refused(provider, error) from error
        except CredentialRefused:
            await self.app_breaker.accepted(provider)
            raise
        await self.app_breaker.accepted(provider)
        return tokens
