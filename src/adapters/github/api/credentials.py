"""The credentials of requests to GitHub, and when to retry a rejected credential."""

import re
import time
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Protocol

from cachetools import FIFOCache

from adapters.github.api.app_jwt import AppJwt
from core.domain.provider_errors import AppRefused, CredentialRefused
from core.domain.secret import Secret
from core.domain.tokens.installation_tokens import InstallationAccess

# GitHub may reject a new token at first. Like Octokit, retry within this time with a growing delay:
# https://github.com/octokit/auth-app.js/issues/65
_NEW_SECONDS = 5.0

_MAX_TOKENS = 4096

_SENDABLE = re.compile(r"[\x21-\x7e]+")


@dataclass(frozen=True, slots=True)
class Rejection:
    """A rejected Authorization header, the number of earlier rejections, and GitHub's time."""

    header: str | None = field(repr=False)
    earlier: int = 0
    provider_time: datetime | None = None


class Credential(Protocol):
    """The credential of a request."""

    kind: str
    """The type of credential in metrics."""
    installation: str | None = None
    """The id of the installation, if the credential is an installation's."""
    key: str
    """Identifies the rate limit that the credential uses. Contains no secret."""
    refusal: type[CredentialRefused]
    """The error if GitHub rejects the credential."""

    def header(self) -> str | None:
        """Return the Authorization header."""

    def compute_retry_delay(self, rejection: Rejection) -> float | None:
        """Return the seconds until the request may be retried, or None to give up.

        GitHub did not process the rejected request, so this is valid for every HTTP method.
        """


class AppCredential(Credential):
    """The app, authenticated by its JWT."""

    kind = key = "app"
    refusal = AppRefused

    def __init__(self, claim: AppJwt) -> None:
        self._claim = claim

    def header(self) -> str:
        """Return the JWT as a bearer token."""
        return f"Bearer {self._claim.current()}"

    def compute_retry_delay(self, rejection: Rejection) -> float | None:
        """Retry once by GitHub's clock, if it differs: https://github.com/octokit/auth-app.js/issues/698."""
        self._claim.adjust_clock(rejection.provider_time)
        # Another call may have adjusted the clock after this call was sent.
        return 0.0 if rejection.earlier == 0 and self.header() != rejection.header else None


class ClientCredential(Credential):
    """The app, authenticated by its client id and secret, for calls about user tokens."""

    kind = key = "client"
    refusal = AppRefused

    def __init__(self, client_id: str, client_secret: Secret) -> None:
        self._pair = f"{client_id}:{client_secret.reveal()}".encode()

    def header(self) -> str:
        """Return basic authentication."""
        return f"Basic {b64encode(self._pair).decode()}"

    def compute_retry_delay(self, rejection: Rejection) -> float | None:  # noqa: ARG002 - the protocol's signature
        """Return None: waiting does not make a secret valid."""
        return None


class NoCredential(Credential):
    """No Authorization header: OAuth's token endpoint reads credentials from the body."""

    kind = key = "oauth"
    refusal = AppRefused

    def header(self) -> str | None:
        """Return None."""
        return None

    def compute_retry_delay(self, rejection: Rejection) -> float | None:  # noqa: ARG002 - the protocol's signature
        """Return None: a code or refresh token works only once."""
        return None


class TokenAges:
    """When this process first used each token, by its hash. The oldest tokens are forgotten."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._since: FIFOCache[str, float] = FIFOCache(_MAX_TOKENS)

    def note(self, token: Secret) -> None:
        """Store the current time for a new token."""
        token_hash = hash_token(token)
        if token_hash not in self._since:
            self._since[token_hash] = self._monotonic()

    def is_new(self, token: Secret) -> bool:
        """Return whether GitHub may still reject the token because it is new."""
        since = self._since.get(hash_token(token))
        return since is not None and self._monotonic() - since < _NEW_SECONDS


class TokenCredential(Credential):
    """A token of any format and length."""

    kind = "token"
    refusal = CredentialRefused

    def __init__(self, token: Secret, ages: TokenAges) -> None:
        # Libraries include an invalid header in their error, so such a token must not reach them.
        if not _SENDABLE.fullmatch(token.reveal()):
            raise CredentialRefused("This token was not issued by GitHub.")
        self._token = token
        self._ages = ages
        self.key = hash_token(token)

    def header(self) -> str:
        """Return the token as a bearer token."""
        return f"Bearer {self._token.reveal()}"

    def compute_retry_delay(self, rejection: Rejection) -> float | None:
        """Retry a new token after one second, then two, and so on."""
        return rejection.earlier + 1.0 if self._ages.is_new(self._token) else None


class InstallationCredential(TokenCredential):
    """An installation token. All tokens of an installation share one rate limit.

    https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api#primary-rate-limit-for-github-app-installations
    """

    kind = "installation"

    def __init__(self, access: InstallationAccess, ages: TokenAges) -> None:
        super().__init__(access.token, ages)
        self.installation = access.provider_id
        self.key = f"installation {access.provider_id}"


def hash_token(token: Secret) -> str:
    """Return a hash that identifies a token, where the token must not be stored."""
    return sha256(token.reveal().encode()).hexdigest()[:32]
