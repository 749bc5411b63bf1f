from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from core.domain.actors import SystemActor
from core.domain.audit import Change
from core.domain.deliveries.source_key import choose_lane
from core.domain.errors import DomainError, StorageUnavailable
from core.domain.install.installations import Installation
from core.domain.integrations.installation_checks import FAILED_CHECK_DELAY, CheckOutcome, DueCheck, apply_check
from core.domain.provider_errors import AppRefused, InstallationGone, ProviderUnavailable, RateLimited
from ports.provider import GitProvider
from ports.system import Alerts, Clock
from ports.telemetry import Metrics
from ports.unit_of_work import UnitOfWork

PROVIDER_REFUSALS = (ProviderUnavailable, RateLimited, AppRefused)
"""Errors that do not concern one installation: the remaining checks wait until the next run."""

_RETRY_DELAY = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class CheckInstallation:
    """Read an installation at its provider and update the integration.

    The provider is called outside any transaction. If the integration changed during the call, the answer is
    dropped, because a webhook may be newer. The check is then due again soon.
    """

    unit_of_work: UnitOfWork
    providers: Mapping[str, GitProvider]
    clock: Clock
    metrics: Metrics
    alerts: Alerts

    async def __call__(self, due: DueCheck) -> CheckOutcome:
        """Check one installation.

        Raises `PROVIDER_REFUSALS` or `StorageUnavailable`, and then changes nothing.
        """
        provider = due.integration.provider
        try:
            installation = await self._find_installation(due)
        except (*PROVIDER_REFUSALS, StorageUnavailable):
            raise
        except DomainError as error:
            await self._postpone(due)
            self.alerts.alert(
                "installation_check_failed",
                "The daily check of an installation failed. The check runs again in an hour. If the "
                "check fails again, run `crewkit-git doctor`.",
                integration_id=str(due.integration.external_id),
                reason=error.code,
            )
            outcome = CheckOutcome.FAILED
        else:
            outcome = await self._apply(due, installation)
        self.metrics.count_installation_check(provider, outcome)
        if outcome is CheckOutcome.DELETION_NOT_CONFIRMED and due.deletion:
            self.alerts.alert(
                "deletion_not_confirmed",
                "A webhook reported that an installation was deleted, but the installation still exists. "
                "Nothing was changed. If you cannot explain the delivery, rotate the webhook secret.",
                integration_id=str(due.integration.external_id),
                delivery_id=due.deletion.delivery_id,
            )
        return outcome

    async def _find_installation(self, due: DueCheck) -> Installation | None:
        integration = due.integration
        try:
            return await self.providers[integration.provider].get_installation(integration.provider_id)
        except InstallationGone:
            return None

    async def _postpone(self, due: DueCheck) -> None:
        async with self.unit_of_work() as tx:
            at = self.clock.now() + FAILED_CHECK_DELAY
            await tx.installation_checks.reschedule(due.integration.id, at=at)
            await tx.commit()

    async def _apply(self, due: DueCheck, installation: Installation | None) -> CheckOutcome:
        checked, deletion = due.integration, due.deletion
        async with self.unit_of_work() as tx:
            # Events of this installation are not processed meanwhile.
            await tx.event_queue.lock(choose_lane(checked.provider_id))
            current = await tx.integrations.get_for_update(checked.organization_id, checked.provider)
            now = self.clock.now()
            is_bound = current is not None and current.provider_id == checked.provider_id and not current.is_revoked
            if current is None or not is_bound:
                # The integration was disconnected or has another installation, which has its own check.
                outcome, next_check_at = CheckOutcome.SUPERSEDED, now + FAILED_CHECK_DELAY
            elif installation is not None and current.updated_at != checked.updated_at:
                await tx.installation_checks.reschedule(checked.id, at=now + _RETRY_DELAY)
                await tx.commit()
                return CheckOutcome.SUPERSEDED
            else:
                result = apply_check(current, installation, deletion, at=now)
                outcome, next_check_at = result.outcome, result.next_check_at
                if result.integration != current:
                    by = SystemActor("webhook", deletion.delivery_id) if deletion else SystemActor("scheduler")
                    await tx.integrations.apply([Change(current, result.integration, by)])
                if result.domain_events:
                    await tx.domain_events.append(result.domain_events)
            if outcome is CheckOutcome.DELETION_PENDING:
                await tx.installation_checks.reschedule(checked.id, at=next_check_at)
            else:
                await tx.installation_checks.complete(
                    checked.id,
                    checked_at=now,
                    next_check_at=next_check_at,
                    event_id=deletion.event_id if deletion else None,
                )
            await tx.commit()
        return outcome


_CONFIRMATION_CLAIM = timedelta(seconds=10)
_MAX_CHECKS = 50


@dataclass(frozen=True, slots=True)
class ConfirmDeletions:
    """Check at the provider whether installations are deleted, after a webhook reported this.

    Called every second. A report stays in storage until the provider has answered, so that neither an outage
    of the provider nor a crash loses it.
    """

    check: CheckInstallation

    async def __call__(self) -> int:
        """Return the number of completed checks; raises `StorageUnavailable`."""
        return sum([await self._confirm(name) for name in self.check.providers])

    async def _confirm(self, provider: str) -> int:
        now = self.check.clock.now()
        async with self.check.unit_of_work() as tx:
            claimed = await tx.installation_checks.claim_requested(
                provider, now=now, until=now + _CONFIRMATION_CLAIM, limit=_MAX_CHECKS
            )
            if claimed:
                await tx.commit()
        completed = 0
        for due in claimed:
            try:
                await self.check(due)
            except PROVIDER_REFUSALS:
                break  # the claims end in some seconds
            completed += 1
        return completed


# Runs in half a day, at one a minute: all installations are checked each day even if many runs are skipped.
_RUNS = 720
_DAILY_CLAIM = timedelta(minutes=10)
# The app's calls are for issuing tokens first.
_RESERVED_CALLS = 0.5


@dataclass(frozen=True, slots=True)
class ReconcileInstallations:
    """Check each live integration's installation once a day, some each minute.

    Called once a minute. Applies changes whose webhook was lost: a rename, other permissions, another
    selection of repositories, a suspension, a deletion.
    """

    check: CheckInstallation

    async def __call__(self) -> int:
        """Return the number of completed checks; raises `StorageUnavailable`."""
        return sum([await self._reconcile(provider) for provider in self.check.providers.values()])

    async def _reconcile(self, provider: GitProvider) -> int:
        now = self.check.clock.now()
        completed = 0
        if not _is_short_of_calls(provider):
            async with self.check.unit_of_work() as tx:
                backlog = await tx.installation_checks.get_backlog(provider.name, now=now)
                claimed = await tx.installation_checks.claim_daily(
                    provider.name, now=now, until=now + _DAILY_CLAIM, limit=1 + backlog.live // _RUNS
                )
                await tx.commit()
            for due in claimed:
                try:
                    await self.check(due)
                except PROVIDER_REFUSALS:
                    break
                completed += 1
        async with self.check.unit_of_work() as tx:
            backlog = await tx.installation_checks.get_backlog(provider.name, now=now)
        overdue_seconds = (now - backlog.due_since).total_seconds() if backlog.due_since else 0.0
        self.check.metrics.set_installation_check_delay(provider.name, overdue_seconds=overdue_seconds)
        return completed


def _is_short_of_calls(provider: GitProvider) -> bool:
    left = provider.get_remaining_calls()
    return left is not None and left < _RESERVED_CALLS
