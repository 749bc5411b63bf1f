import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from core.domain.actors import SystemActor
from core.domain.audit import Change
from core.domain.connections import Connection, ConnectionStatus, ReconnectRequired
from core.domain.errors import DomainError, StorageConflict, StorageUnavailable
from core.domain.identifiers import ConnectionId
from core.domain.provider_errors import AppRefused, CredentialRefused, ProviderUnavailable
from core.domain.secret import Secret
from core.domain.tokens.lease import REQUEST_TIMEOUT, StoredTokens, is_valid_for, lapse_reason
from core.domain.tokens.user_tokens import UserTokens
from core.use_cases.connections.revoke_tokens import request_revocation
from core.use_cases.single_flight import SingleFlight
from core.use_cases.tokens.circuit_breaker import AppCircuitBreaker
from core.use_cases.tokens.encryption import decrypt_access_token, decrypt_refresh_token, encrypt_user_tokens
from core.use_cases.tokens.token_refresher import (
    MAX_ATTEMPTS,
    LeaseLost,
    Pause,
    RefreshableToken,
    TokenRefresher,
    UsableToken,
)
from ports.encryption import Cipher
from ports.provider import GitProvider
from ports.system import Clock
from ports.tokens import UserTokenStore
from ports.unit_of_work import Transaction, UnitOfWork

_BY = SystemActor("tokens")

# The provider has invalidated the old tokens: if the new ones are lost, the user must connect again.
_WRITE_DELAYS = (0.0, 0.2, 1.0, 3.0, 9.0)


@dataclass(frozen=True, slots=True)
class RefreshDependencies:
    """What refreshing a user's tokens needs."""

    unit_of_work: UnitOfWork
    providers: Mapping[str, GitProvider]
    cipher: Cipher
    clock: Clock
    circuit_breaker: AppCircuitBreaker
    pause: Pause = asyncio.sleep


class RefreshableUserToken(RefreshableToken[ConnectionId]):
    """The tokens of one user's connection.

    A refresh token works once, and another process may have used a rejected one a moment ago. Only if the row
    still has the rejected token, the user must connect again.
    """

    def __init__(self, dependencies: RefreshDependencies, connection: Connection, *, instead_of: Secret | None) -> None:
        self.owner_id = connection.id
        self._dependencies = dependencies
        self._connection = connection
        self._instead_of = instead_of

    def store(self, tx: Transaction) -> UserTokenStore:
        """Return the store of the tokens."""
        return tx.user_tokens

    async def read(self, tx: Transaction) -> StoredTokens:
        """Return the row; raises `ReconnectRequired` if the connection is not active any more."""
        connection = await tx.connections.find(self._connection.user_id, self._connection.provider)
        row = await tx.user_tokens.find(self.owner_id)
        if connection is None or row is None or connection.id != self.owner_id or not connection.is_active:
            raise create_reconnect_error()
        return row

    def find_usable_token(self, row: StoredTokens) -> UsableToken | None:
        """Return the row's token, unless it expires soon or was rejected."""
        if row.tokens is None or not is_valid_for(row.tokens.expires_at, self._dependencies.clock.now()):
            return None
        token = decrypt_access_token(self._dependencies.cipher, self._connection.external_id, row.tokens)
        usable = UsableToken(token, row.tokens.expires_at)
        return None if usable.is_same(self._instead_of) else usable

    async def refresh(self, row: StoredTokens) -> UsableToken:
        """Refresh the tokens, and store the new ones before they are used."""
        refresh_token = None
        if row.tokens is not None:
            refresh_token = decrypt_refresh_token(self._dependencies.cipher, self._connection.external_id, row.tokens)
        if refresh_token is None:
            raise await self._require_reconnect(row)
        provider, breaker = self._connection.provider, self._dependencies.circuit_breaker
        breaker.check(provider)
        try:
            tokens = await self._refresh(refresh_token)
        except AppRefused as error:
            raise await breaker.record_refusal(provider, error) from error
        except CredentialRefused as error:
            await breaker.record_success(provider)
            raise await self._require_reconnect(row) from error
        # Store first: the old tokens do not work any more.
        await self._store(row, tokens)
        await breaker.record_success(provider)
        return UsableToken(tokens.access_token, tokens.expires_at)

    async def _refresh(self, refresh_token: Secret) -> UserTokens:
        provider = self._dependencies.providers[self._connection.provider]
        try:
            async with asyncio.timeout(REQUEST_TIMEOUT.total_seconds()):
                tokens = await provider.refresh(refresh_token)
        except TimeoutError as error:
            raise ProviderUnavailable("The provider does not respond. Try again later.", retry_after=5.0) from error
        # Without a new refresh token, the old one stays valid: https://www.rfc-editor.org/rfc/rfc6749#section-6
        return replace(tokens, refresh_token=tokens.refresh_token or refresh_token)

    async def _require_reconnect(self, row: StoredTokens) -> DomainError:
        """Mark the connection as ended and return the error, or raise `LeaseLost` if there are newer tokens."""
        async with self._dependencies.unit_of_work() as tx:
            before = await tx.connections.get_for_update(self._connection.user_id, self._connection.provider)
            current = await tx.user_tokens.find(self.owner_id)
            if before is None or current is None or current.generation != row.generation:
                raise LeaseLost
            await tx.connections.apply([Change(before, before.mark_reconnect_required(lapse_reason(row)), _BY)])
            await tx.commit()
        return create_reconnect_error()

    async def _store(self, row: StoredTokens, tokens: UserTokens) -> None:
        for wait in _WRITE_DELAYS:
            await self._dependencies.pause(wait)
            try:
                return await self._write(row, tokens)
            except (StorageUnavailable, StorageConflict) as error:
                failure = error
        raise failure

    async def _write(self, row: StoredTokens, tokens: UserTokens) -> None:
        sealed = encrypt_user_tokens(self._dependencies.cipher, self._connection.external_id, tokens)
        async with self._dependencies.unit_of_work() as tx:
            if not await tx.user_tokens.replace_unchanged(self.owner_id, row, sealed):
                if await tx.user_tokens.find(self.owner_id) is None:
                    await self._revoke_unused(tx, tokens)
                raise LeaseLost
            before = await tx.connections.get_for_update(self._connection.user_id, self._connection.provider)
            # Another process may have taken over the lease, tried the old token, and ended the connection.
            if before is not None and before.status is ConnectionStatus.RECONNECT_REQUIRED:
                await tx.connections.apply([Change(before, before.mark_active(), _BY)])
            await tx.commit()

    async def _revoke_unused(self, tx: Transaction, tokens: UserTokens) -> None:
        """Revoke new tokens of a user who disconnected during the refresh.

        Disconnecting requested the revocation of the old tokens, which the refresh has replaced.
        """
        connection = self._connection
        account = connection.provider_user_id
        has_reconnected = bool(await tx.connections.list_by_provider_users(connection.provider, [account]))
        await request_revocation(
            tx,
            self._dependencies.cipher,
            connection.provider,
            account,
            tokens,
            at=self._dependencies.clock.now(),
            whole_grant=not has_reconnected,
        )
        await tx.commit()


def create_reconnect_error() -> ReconnectRequired:
    """Return the error for a connection that only the user can renew."""
    return ReconnectRequired("Your connection to the provider has ended. Connect your account again.")


@dataclass(frozen=True, slots=True)
class GetUserToken:
    """Return a token that acts for a user: the stored one, or a refreshed one.

    Other use cases call it for the acting user only. Tokens are not cached in the process, because a refresh by
    another process ends them at once. One of all processes refreshes, and the others wait.
    """

    refresher: TokenRefresher
    dependencies: RefreshDependencies
    in_flight: SingleFlight[ConnectionId, UsableToken] = field(default_factory=SingleFlight)

    async def __call__(self, connection: Connection, *, instead_of: Secret | None = None) -> Secret:
        """Return a token that is valid for at least two minutes, and is not the rejected token `instead_of`.

        Raises `ReconnectRequired` if only the user can help, `AppRefused`, `ProviderUnavailable` or
        `RateLimited`.
        """
        if not connection.is_active:
            raise create_reconnect_error()
        user_token = RefreshableUserToken(self.dependencies, connection, instead_of=instead_of)
        for _ in range(MAX_ATTEMPTS):
            usable = await self.in_flight.share(connection.id, lambda: self.refresher.obtain(user_token))
            if not usable.is_same(instead_of):
                return usable.token
        raise CredentialRefused("The provider rejected a token that it has just issued. Try again later.")
