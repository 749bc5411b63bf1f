import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from core.domain.actors import SystemActor
from core.domain.audit import Change
from core.domain.errors import DomainError
from core.domain.identifiers import IntegrationId
from core.domain.integrations.integration import Integration, IntegrationStatus, StatusReason, build_status_event
from core.domain.provider_errors import ProviderUnavailable
from core.domain.secret import Secret
from core.domain.tokens.installation_tokens import InstallationToken
from core.domain.tokens.lease import (
    REQUEST_TIMEOUT,
    Refusal,
    StoredTokens,
    apply_refusal,
    apply_success,
    classify_refusal,
    explain_inactive,
    is_valid_for,
    next_attempt,
)
from core.use_cases.tokens.circuit_breaker import AppCircuitBreaker
from core.use_cases.tokens.encryption import decrypt_installation_token, encrypt_installation_token
from core.use_cases.tokens.token_refresher import LeaseLost, Pause, RefreshableToken, UsableToken
from ports.encryption import Cipher
from ports.provider import GitProvider
from ports.system import Alerts, Clock
from ports.tokens import InstallationTokenStore
from ports.unit_of_work import Transaction, UnitOfWork

_BY = SystemActor("tokens")


@dataclass(frozen=True, slots=True)
class MintDependencies:
    """What minting an installation token needs."""

    unit_of_work: UnitOfWork
    providers: Mapping[str, GitProvider]
    cipher: Cipher
    clock: Clock
    alerts: Alerts
    circuit_breaker: AppCircuitBreaker
    pause: Pause = asyncio.sleep


class RefreshableInstallationToken(RefreshableToken[IntegrationId]):
    """The token of one integration.

    A suspended integration is only probed: then no stored token counts, and there is a single attempt. The
    integration changes only if no other change happened during the request.
    """

    def __init__(
        self,
        dependencies: MintDependencies,
        integration: Integration,
        *,
        instead_of: Secret | None,
        at_least: timedelta,
    ) -> None:
        self.owner_id = integration.id
        self._dependencies = dependencies
        self._integration = integration
        self._may_be_suspended = integration.status is IntegrationStatus.SUSPENDED
        self._instead_of = instead_of
        self._at_least = at_least

    def store(self, tx: Transaction) -> InstallationTokenStore:
        """Return the store of the tokens."""
        return tx.installation_tokens

    async def read(self, tx: Transaction) -> StoredTokens:
        """Return the row; raises `IntegrationNotActive` if the integration has no token or another installation."""
        expected = self._integration
        current = await tx.integrations.find(expected.organization_id, expected.provider)
        row = await tx.installation_tokens.find(self.owner_id)
        if current is None or row is None or current.provider_id != expected.provider_id or current.is_revoked:
            raise explain_inactive(expected if current is None else current)
        if current.status is IntegrationStatus.SUSPENDED and not self._may_be_suspended:
            raise explain_inactive(current)
        self._integration = current
        return row

    def find_usable_token(self, row: StoredTokens) -> UsableToken | None:
        """Return the row's token, unless it expires soon, was rejected, or the integration is suspended."""
        if row.tokens is None or self._integration.status is IntegrationStatus.SUSPENDED:
            return None
        if not is_valid_for(row.tokens.expires_at, self._dependencies.clock.now(), self._at_least):
            return None
        token = decrypt_installation_token(self._dependencies.cipher, self._integration.external_id, row.tokens)
        usable = UsableToken(token, row.tokens.expires_at)
        return None if usable.is_same(self._instead_of) else usable

    async def refresh(self, row: StoredTokens) -> UsableToken:
        """Mint a token and store it. A refusal that concerns the installation changes the integration."""
        provider, breaker = self._integration.provider, self._dependencies.circuit_breaker
        breaker.check(provider)
        try:
            minted = await self._mint()
        except DomainError as error:
            refusal = classify_refusal(error)
            if refusal is Refusal.UNAVAILABLE:
                raise
            if refusal is Refusal.APP:
                raise await breaker.record_refusal(provider, error) from error
            await breaker.record_success(provider)
            inactive = await self._apply_refusal(refusal)
            if inactive is None:
                raise
            raise inactive from error
        await self._store(row, minted)
        await breaker.record_success(provider)
        return UsableToken(minted.token, minted.expires_at)

    async def _mint(self) -> InstallationToken:
        provider = self._dependencies.providers[self._integration.provider]
        attempts = 0
        try:
            async with asyncio.timeout(REQUEST_TIMEOUT.total_seconds()):
                while True:
                    try:
                        return await provider.mint_token(self._integration.provider_id)
                    except DomainError as error:
                        attempts += 1
                        wait = next_attempt(self._integration, classify_refusal(error), attempts)
                        if wait is None:
                            raise
                    await self._dependencies.pause(wait.total_seconds())
        except TimeoutError as error:
            raise ProviderUnavailable("The provider does not respond. Try again later.", retry_after=5.0) from error

    async def _apply_refusal(self, refusal: Refusal) -> DomainError | None:
        """Change the integration after a refusal, and return the error for callers if it changed."""
        now = self._dependencies.clock.now()
        async with self._dependencies.unit_of_work() as tx:
            before = await self._find_unchanged(tx)
            after = apply_refusal(before, refusal, at=now) if before else None
            if before is None or after is None or after == before:
                return None
            await self._apply(tx, before, after)
            await tx.commit()
        if after.status_reason is StatusReason.TOKEN_REFUSED:
            self._dependencies.alerts.alert(
                "integration_suspended",
                "The provider rejected an installation's token request three times. The integration is now "
                "suspended. Ask an owner of the account to check the installation at the provider.",
                integration_id=str(after.external_id),
                provider=after.provider,
                installation_id=after.provider_id,
            )
        return explain_inactive(after)

    async def _store(self, row: StoredTokens, minted: InstallationToken) -> None:
        sealed = encrypt_installation_token(self._dependencies.cipher, self._integration.external_id, minted)
        async with self._dependencies.unit_of_work() as tx:
            if not await tx.installation_tokens.replace_unchanged(self.owner_id, row, sealed):
                raise LeaseLost
            if self._integration.status is IntegrationStatus.SUSPENDED:
                before = await self._find_unchanged(tx)
                if before is not None:
                    await self._apply(tx, before, apply_success(before, at=self._dependencies.clock.now()))
            await tx.commit()

    async def _find_unchanged(self, tx: Transaction) -> Integration | None:
        """Lock and return the integration, or return None if it changed during the request."""
        expected = self._integration
        current = await tx.integrations.get_for_update(expected.organization_id, expected.provider)
        if current is None or _build_state_key(current) != _build_state_key(expected):
            return None
        return current

    async def _apply(self, tx: Transaction, before: Integration, after: Integration) -> None:
        await tx.integrations.apply([Change(before, after, _BY)])
        if after.status is not before.status:
            at = after.status_changed_at or self._dependencies.clock.now()
            await tx.domain_events.append([build_status_event(after, at=at)])


def _build_state_key(integration: Integration) -> tuple[object, ...]:
    return integration.provider_id, integration.status, integration.status_changed_at
