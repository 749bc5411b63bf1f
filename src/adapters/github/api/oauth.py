"""OAuth of a GitHub App's users: requests and responses, without I/O.

https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-user-access-token-for-a-github-app
"""

from datetime import datetime, timedelta

import msgspec
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri, prepare_token_request

from adapters.github.api.failures import Undecodable
from adapters.github.tolerant_decoder import Id
from core.domain.provider_errors import AppRefused, CredentialRefused, EmailUnverified
from core.domain.secret import Secret
from core.domain.tokens.user_tokens import UserTokens

# Errors of this service, not of a user's code or token.
_APP_ERRORS = {
    "incorrect_client_credentials": "GitHub rejected this service's client id and secret. "
    "An operator must correct them.",
    "redirect_uri_mismatch": "This service's callback URL is not registered with its GitHub App. "
    "An operator must add it.",
    "unsupported_grant_type": "GitHub does not support this type of token request for this service's App. "
    "An operator must check the app's settings.",
    "application_suspended": "GitHub suspended this service's GitHub App. An operator must contact GitHub Support.",
}


class TokensResponse(msgspec.Struct):
    """A response of the token endpoint. An error has status 200 and `error`."""

    access_token: str | None = None
    expires_in: Id | None = None
    refresh_token: str | None = None
    refresh_token_expires_in: Id | None = None
    scope: str = ""
    error: str | None = None

    def to_domain(self, now: datetime) -> UserTokens:
        """Return the tokens, which expire relative to `now`; raises the error of a rejection."""
        if self.error is None and self.access_token is None:
            raise Undecodable("the response has neither a token nor an error")
        if self.error is not None or self.access_token is None:
            if self.error == "unverified_user_email":
                raise EmailUnverified(
                    "Your GitHub account has no verified email address. Verify one on GitHub, then try again."
                )
            if self.error in _APP_ERRORS:
                raise AppRefused(_APP_ERRORS[self.error])
            raise CredentialRefused(
                "GitHub rejected this code or token: it is expired, already used or wrong. Start again."
            )
        return UserTokens(
            access_token=Secret(self.access_token),
            expires_at=_add_seconds(now, self.expires_in),
            refresh_token=Secret(self.refresh_token) if self.refresh_token else None,
            refresh_expires_at=_add_seconds(now, self.refresh_token_expires_in),
            scopes=tuple(scope for scope in self.scope.replace(",", " ").split() if scope),
        )


def build_authorize_url(endpoint: str, *, client_id: str, state: str, redirect_uri: str, code_challenge: str) -> str:
    """Return the URL where a person authorizes the app. It has no scope: the app defines its permissions."""
    url: str = prepare_grant_uri(
        endpoint,
        client_id,
        "code",
        redirect_uri=redirect_uri,
        state=state,
        code_challenge=code_challenge,
        code_challenge_method="S256",
    )
    return url


def build_code_form(
    client_id: str, client_secret: Secret, code: Secret, *, redirect_uri: str | None, code_verifier: Secret | None
) -> str:
    """Return the form that exchanges a code for tokens."""
    form: str = prepare_token_request(
        "authorization_code",
        client_id=client_id,
        client_secret=client_secret.reveal(),
        code=code.reveal(),
        redirect_uri=redirect_uri,
        code_verifier=code_verifier.reveal() if code_verifier else None,
    )
    return form


def build_refresh_form(client_id: str, client_secret: Secret, refresh_token: Secret) -> str:
    """Return the form that exchanges a refresh token for new tokens."""
    form: str = prepare_token_request(
        "refresh_token", client_id=client_id, client_secret=client_secret.reveal(), refresh_token=refresh_token.reveal()
    )
    return form


def _add_seconds(now: datetime, seconds: int | None) -> datetime | None:
    return None if seconds is None else now + timedelta(seconds=seconds)
