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
from core.use_cases.tokens.encryption import encrypt_user_tokens, open_access_token, open_refresh_token
from core.use_cases.tokens.token_refresher import (
    MAX_FLIGHTS,
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

# The provider has forgotten the old tokens already: only what is written down now lets the person stay.
_WRITING = (0.0, 0.2, 1.0, 3.0, 9.0)


@dataclass(frozen=True, slots=True)
class RefreshDependencies:
    """What it takes to refresh people's tokens."""

    unit_of_work: UnitOfWork
    providers: Mapping[str, GitProvider]
    cipher: Cipher
    clock: Clock
    circuit_breaker: AppCircuitBreaker
    pause: Pause = asyncio.sleep


class RefreshableUserToken(RefreshableToken[ConnectionId]):
    """The tokens of one person's connection.

    A refresh token works once, and a refused one may have been used by another process a moment ago; only if
    the row still holds the refused one is it dead, and its person asked to connect again.
    """

    def __init__(self, dependencies: RefreshDependencies, connection: Connection, *, instead_of: Secret | None) -> None:
        self.owner_id = connection.id
        self._dependencies = dependencies
        self._connection = connection
        self._instead_of = instead_of

    def store(self, tx: Transaction) -> UserTokenStore:
        """Return where they are kept."""
        return tx.user_tokens

    async def look(self, tx: Transaction) -> StoredTokens:
        """Return the row; raises `ReconnectRequired` where the connection is not active any more."""
        known = await tx.connections.find(self._connection.user_id, self._connection.provider)
        row = await tx.user_tokens.find(self.owner_id)
        if known is None or row is None or known.id != self.owner_id or not known.is_active:
            raise reconnect_required()
        return row

    def opened(self, row: StoredTokens) -> UsableToken | None:
        """Return the row's token, unless it ends too soon or was refused."""
        if row.tokens is None or not is_valid_for(row.tokens.expires_at, self._dependencies.clock.now()):
            return None
        token = open_access_token(self._dependencies.cipher, self._connection.external_id, row.tokens)
        found = UsableToken(token, row.tokens.expires_at)
        return None if found.is_same(self._instead_of) else found

    async def ask(self, row: StoredTokens) -> UsableToken:
        """Refresh, and write the new tokens down before anyone uses them."""
        refresh_token = None
        if row.tokens is not None:
            refresh_token = open_refresh_token(self._dependencies.cipher, self._connection.external_id, row.tokens)
        if refresh_token is None:
            raise await self._lapsed(row)
        provider, breaker = self._connection.provider, self._dependencies.circuit_breaker
        breaker.check(provider)
        try:
            tokens = await self._refresh(refresh_token)
        except AppRefused as error:
            raise await breaker.refused(provider, error) from error
        except CredentialRefused as error:
            await breaker.accepted(provider)
            raise await self._lapsed(row) from error
        # First of all: the tokens that were traded for these are dead.
        await self._keep(row, tokens)
        await breaker.accepted(provider)
        return UsableToken(tokens.access_token, tokens.expires_at)

    async def _refresh(self, refresh_token: Secret) -> UserTokens:
        provider = self._dependencies.providers[self._connection.provider]
        try:
            async with asyncio.timeout(REQUEST_TIMEOUT.total_seconds()):
                tokens = await provider.refresh(refresh_token)
        except TimeoutError as error:
            raise ProviderUnavailable("The provider does not respond. Try again later.", retry_after=5.0) from error
        # Without a new one the old stays good: https://www.rfc-editor.org/rfc/rfc6749#section-6
        return replace(tokens, refresh_token=tokens.refresh_token or refresh_token)

    async def _lapsed(self, row: StoredTokens) -> DomainError:
        """Let the connection wait for its person, unless someone has written other tokens meanwhile."""
        async with self._dependencies.unit_of_work() as tx:
            before = await tx.connections.get_for_update(self._connection.user_id, self._connection.provider)
            known = await tx.user_tokens.find(self.owner_id)
            if before is None or known is None or known.generation != row.generation:
                raise LeaseLost
            await tx.connections.apply([Change(before, before.mark_reconnect_required(lapse_reason(row)), _BY)])
            await tx.commit()
        return reconnect_required()

    async def _keep(self, row: StoredTokens, tokens: UserTokens) -> None:
        for wait in _WRITING:
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
                    await self._let_go(tx, tokens)
                raise LeaseLost
            before = await tx.connections.get_for_update(self._connection.user_id, self._connection.provider)
            # Someone may have taken our slowness for death, tried the old token, and given up.
            if before is not None and before.status is ConnectionStatus.RECONNECT_REQUIRED:
                await tx.connections.apply([Change(before, before.mark_active(), _BY)])
            await tx.commit()

    async def _let_go(self, tx: Transaction, tokens: UserTokens) -> None:
        """Have tokens revoked whose person disconnected while they were asked for.

        What the disconnect noted to be revoked died when these were given, and the grant lives on in them.
        """
        connection = self._connection
        account = connection.provider_user_id
        has_returned = bool(await tx.connections.list_by_provider_users(connection.provider, [account]))
        await request_revocation(
            tx,
            self._dependencies.cipher,
            connection.provider,
            account,
            tokens,
            at=self._dependencies.clock.now(),
            whole_grant=not has_returned,
        )
        await tx.commit()


def reconnect_required() -> ReconnectRequired:
    """Return what callers are told of a connection that only its person can bring back."""
    return ReconnectRequired("Your connection to the provider has ended. Connect your account again.")


@dataclass(frozen=True, slots=True)
class GetUserToken:
    """Give a token that acts for a person: the row's, or a new one for the row's refresh token.

    Other use cases call it for the acting person alone. Nothing is remembered in the process: another one's
    refresh ends a token at once. However many ask, in however many processes, one refreshes.
    """

    refresher: TokenRefresher
    dependencies: RefreshDependencies
    in_flight: SingleFlight[ConnectionId, UsableToken] = field(default_factory=SingleFlight)

    async def __call__(self, connection: Connection, *, instead_of: Secret | None = None) -> Secret:
        """Return a token good for two minutes at least, other than one the provider just refused.

        Raises `ReconnectRequired` where only the person can help, `AppRefused`, `ProviderUnavailable` or
        `RateLimited`.
        """
        if not connection.is_active:
            raise reconnect_required()
        lease = RefreshableUserToken(self.dependencies, connection, instead_of=instead_of)
        for _ in range(MAX_FLIGHTS):
            found = await self.in_flight.share(connection.id, lambda: self.refresher.obtain(lease))
            if not found.is_same(instead_of):
                return found.token
        raise CredentialRefused("The provider rejected a token that it has just issued. Try again later.")
