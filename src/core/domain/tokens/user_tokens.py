"""Tokens of users, and their revocation at the provider."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from core.domain.identifiers import ProviderUserId, RevocationId
from core.domain.secret import Secret
from core.domain.tokens.lease import EncryptedTokens


@dataclass(frozen=True, slots=True)
class UserTokens:
    """What acts for a person. Times are None where the provider set no end."""

    access_token: Secret
    expires_at: datetime | None
    refresh_token: Secret | None
    refresh_expires_at: datetime | None
    scopes: tuple[str, ...] = ()


# One at a time asks the provider; longer than that takes, and than two clocks differ.
CLAIM_DURATION = timedelta(minutes=2)
_FIRST_DELAY = timedelta(seconds=30)
_LONGEST_DELAY = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Revocation:
    """Tokens of someone who disconnected, encrypted, until the provider has forgotten them.

    `whole_grant` ends everything our app may do for this person, other tokens of theirs too.
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
    """Return when to ask again after so many attempts: half a minute later, growing to an hour."""
    return now + min(_FIRST_DELAY * (1 << min(attempts, 10)), _LONGEST_DELAY)
