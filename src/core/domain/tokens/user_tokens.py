"""Tokens of users, and their revocation at the provider."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from core.domain.identifiers import ProviderUserId, RevocationId
from core.domain.secret import Secret
from core.domain.tokens.lease import EncryptedTokens


@dataclass(frozen=True, slots=True)
class UserTokens:
    """The tokens of a user. Times are None if the tokens do not expire."""

    access_token: Secret
    expires_at: datetime | None
    refresh_token: Secret | None
    refresh_expires_at: datetime | None
    scopes: tuple[str, ...] = ()


# Longer than a revocation takes and than two clocks differ, so that only one process works on it.
CLAIM_DURATION = timedelta(minutes=2)
_FIRST_DELAY = timedelta(seconds=30)
_LONGEST_DELAY = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Revocation:
    """Encrypted tokens of a user who disconnected, until they are revoked at the provider.

    `whole_grant` revokes the app's authorization, which also ends the user's other tokens.
    """

    id: RevocationId
    external_id: UUID
    provider: str
    provider_user_id: ProviderUserId
    whole_grant: bool
    tokens: EncryptedTokens
    created_at: datetime
    attempts: int = 0


def next_attempt(attempts: int, now: datetime) -> datetime:
    """Return the time of the next attempt: half a minute later, growing to an hour."""
    return now + min(_FIRST_DELAY * (1 << min(attempts, 10)), _LONGEST_DELAY)
