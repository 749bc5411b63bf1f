from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from core.domain.flows.flow import Flow
from core.domain.flows.flow_secrets import create_verifier
from core.domain.provider import UserTokens
from core.domain.secret import Secret
from core.use_cases.flows.exchange_code import ExchangeCode
from core.use_cases.flows.verifier_encryption import open_verifier, seal_verifier
from ports.cipher import Cipher
from ports.provider import GitProvider

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
        sealed = seal_verifier(self.cipher, flow.external_id, verifier.secret)
        url = self.providers[flow.provider].authorize_url(
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
            code_verifier=open_verifier(self.cipher, flow.external_id, flow.pkce_verifier),
        )
