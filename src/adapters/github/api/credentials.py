"""What we show GitHub with a call, and what to do when GitHub does not know it (yet)."""

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

# A token is not known everywhere at GitHub the moment it is made. Octokit shows it again within this time,
# one second later each time: https://github.com/octokit/auth-app.js/issues/65
_YOUNG_SECONDS = 5.0

_MOST_REMEMBERED = 4096

_SENDABLE = re.compile(r"[\x21-\x7e]+")


@dataclass(frozen=True, slots=True)
class Rejection:
    """What was shown and refused, after how many refusals before, and when by GitHub's clock."""

    shown: str | None = field(repr=False)
    before: int = 0
    theirs: datetime | None = None


class Credential(Protocol):
    """One credential of a call. `key` tells credentials apart without being one."""

    kind: str
    """What sort it is."""
    installation: str | None = None
    """Whose calls these are, where they are an installation's."""
    key: str
    """What limits are counted by."""
    refusal: type[CredentialRefused]
    """What it means that GitHub refuses this."""

    def header(self) -> str | None:
        """Return the Authorization header."""

    def compute_retry_delay(self, refused: Rejection) -> float | None:
        """Return in how many seconds to show it again, or None for never.

        A refused call has done nothing, so this holds for every method.
        """


class AppCredential(Credential):
    """The app itself, by its signed claim."""

    kind = key = "app"
    refusal = AppRefused

    def __init__(self, claim: AppJwt) -> None:
        self._claim = claim

    def header(self) -> str:
        """Return the claim as a bearer; GitHub takes claims in no other way."""
        return f"Bearer {self._claim.current()}"

    def compute_retry_delay(self, refused: Rejection) -> float | None:
        """Try once more by GitHub's clock, if ours differs: https://github.com/octokit/auth-app.js/issues/698."""
        self._claim.learn(refused.theirs)
        # Another call may have learned it while this one was under way with an older claim.
        return 0.0 if refused.before == 0 and self.header() != refused.shown else None


class ClientCredential(Credential):
    """The app by its client id and secret, for calls about its users' tokens."""

    kind = key = "client"
    refusal = AppRefused

    def __init__(self, client_id: str, client_secret: Secret) -> None:
        self._pair = f"{client_id}:{client_secret.reveal()}".encode()

    def header(self) -> str:
        """Return them as basic authentication."""
        return f"Basic {b64encode(self._pair).decode()}"

    def compute_retry_delay(self, refused: Rejection) -> float | None:  # noqa: ARG002 - nothing of it matters
        """Return None: a secret does not become right by waiting."""
        return None


class NoCredential(Credential):
    """No header: the credentials are in the body, as OAuth's token endpoint has it."""

    kind = key = "oauth"
    refusal = AppRefused

    def header(self) -> str | None:
        """Return no header."""
        return None

    def compute_retry_delay(self, refused: Rejection) -> float | None:  # noqa: ARG002 - nothing of it matters
        """Return None: what is in the form works once or never."""
        return None


class TokenAges:
    """Since when this process knows a token, by a digest of it; the oldest are forgotten."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._since: FIFOCache[str, float] = FIFOCache(_MOST_REMEMBERED)

    def note(self, token: Secret) -> None:
        """Remember a token from now on, unless it is known."""
        known = hash_token(token)
        if known not in self._since:
            self._since[known] = self._monotonic()

    def is_new(self, token: Secret) -> bool:
        """Tell whether GitHub may not know it everywhere yet."""
        since = self._since.get(hash_token(token))
        return since is not None and self._monotonic() - since < _YOUNG_SECONDS


class TokenCredential(Credential):
    """A token; its text means nothing to us, however long it is."""

    kind = "token"
    refusal = CredentialRefused

    def __init__(self, token: Secret, ages: TokenAges) -> None:
        # Libraries repeat a header they refuse in their error, so one that cannot be sent gets no further.
        if not _SENDABLE.fullmatch(token.reveal()):
            raise CredentialRefused("This token was not issued by GitHub.")
        self._token = token
        self._ages = ages
        self.key = hash_token(token)

    def header(self) -> str:
        """Return the token as a bearer."""
        return f"Bearer {self._token.reveal()}"

    def compute_retry_delay(self, refused: Rejection) -> float | None:
        """Show a young token again after one second, then two, and so on."""
        return refused.before + 1.0 if self._ages.is_new(self._token) else None


class InstallationCredential(TokenCredential):
    """The token of an installation, which has one limit for all of its tokens.

    https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api#primary-rate-limit-for-github-app-installations
    """

    kind = "installation"

    def __init__(self, access: InstallationAccess, ages: TokenAges) -> None:
        super().__init__(access.token, ages)
        self.installation = access.provider_id
        self.key = f"installation {access.provider_id}"


def hash_token(token: Secret) -> str:
    """Return what stands for a token where the token itself must not be kept."""
    return sha256(token.reveal().encode()).hexdigest()[:32]
