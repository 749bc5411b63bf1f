from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from core.domain.errors import DomainError, StorageUnavailable
from core.domain.identifiers import ProviderUserId
from core.domain.provider_errors import AppRefused, CredentialRefused
from core.domain.secret import Secret
from core.domain.tokens.user_tokens import CLAIM_DURATION, Revocation, UserTokens, next_attempt
from core.use_cases.tokens.encryption import decrypt_for_revocation, encrypt_for_revocation
from ports.encryption import Cipher
from ports.provider import GitProvider
from ports.system import Clock
from ports.unit_of_work import Transaction, UnitOfWork

_BATCH_SIZE = 20
# After this time, a retry does not help: the key is lost, or the provider is gone.
_MAX_AGE = timedelta(days=30)


async def request_revocation(
    tx: Transaction,
    cipher: Cipher,
    provider: str,
    provider_user_id: ProviderUserId | None,
    tokens: UserTokens,
    *,
    at: datetime,
    whole_grant: bool = False,
) -> None:
    """Store that these tokens, or the user's whole grant, must be revoked at the provider."""
    external_id = uuid4()
    await tx.user_tokens.add_revocation(
        Revocation(
            id=await tx.user_tokens.next_revocation_id(),
            external_id=external_id,
            provider=provider,
            provider_user_id=provider_user_id or ProviderUserId(""),
            whole_grant=whole_grant,
            tokens=encrypt_for_revocation(cipher, external_id, tokens.access_token, tokens.refresh_token),
            created_at=at,
        )
    )


@dataclass(frozen=True, slots=True)
class RevokeTokens:
    """Revoke the tokens of disconnected accounts at the provider, with retries during an outage."""

    unit_of_work: UnitOfWork
    providers: Mapping[str, GitProvider]
    cipher: Cipher
    clock: Clock

    async def __call__(self) -> int:
        """Try each due revocation once and return the number that ended; raises `StorageUnavailable`."""
        now = self.clock.now()
        async with self.unit_of_work() as tx:
            due = await tx.user_tokens.claim_revocations(now=now, until=now + CLAIM_DURATION, limit=_BATCH_SIZE)
            await tx.commit()
        return sum([await self._process(revocation) for revocation in due])

    async def _process(self, revocation: Revocation) -> bool:
        try:
            await self._revoke(revocation)
        except StorageUnavailable:
            raise
        except DomainError:
            now = self.clock.now()
            if now - revocation.created_at < _MAX_AGE:
                async with self.unit_of_work() as tx:
                    attempts = revocation.attempts + 1
                    at = next_attempt(revocation.attempts, now)
                    await tx.user_tokens.postpone_revocation(revocation.id, attempts=attempts, at=at)
                    await tx.commit()
                return False
        async with self.unit_of_work() as tx:
            await tx.user_tokens.delete_revocation(revocation.id)
            await tx.commit()
        return True

    async def _revoke(self, revocation: Revocation) -> None:
        provider = self.providers[revocation.provider]
        access, refresh = decrypt_for_revocation(self.cipher, revocation.external_id, revocation.tokens)
        if not revocation.whole_grant:
            await provider.revoke_user_token(access)
            return
        try:
            await provider.revoke_grant(access)
        except AppRefused:
            raise
        except CredentialRefused:
            # The token has expired and cannot identify the grant. The refresh token gets a new one.
            if refresh is not None and (new_token := await self._refresh(revocation, refresh)):
                await provider.revoke_grant(new_token)

    async def _refresh(self, revocation: Revocation, refresh: Secret) -> Secret | None:
        """Return a new token, which is stored before it is used; None if the grant no longer exists."""
        try:
            tokens = await self.providers[revocation.provider].refresh(refresh)
        except AppRefused:
            raise
        except CredentialRefused:
            return None
        sealed = encrypt_for_revocation(self.cipher, revocation.external_id, tokens.access_token, tokens.refresh_token)
        async with self.unit_of_work() as tx:
            await tx.user_tokens.update_revocation(revocation.id, sealed)
            await tx.commit()
        return tokens.access_token
