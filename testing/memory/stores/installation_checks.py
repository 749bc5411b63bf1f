from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from core.domain.identifiers import EventId, IntegrationId
from core.domain.integrations.installation_checks import CHECK_INTERVAL, CheckBacklog, DueCheck, ReportedDeletion
from core.domain.integrations.integration import Integration
from ports.installation_checks import InstallationCheckStore
from testing.memory.database import KeptCheck, Session


@dataclass(frozen=True, slots=True)
class _Scheduled:
    integration: Integration
    check: KeptCheck

    @property
    def is_daily(self) -> bool:
        return self.check.deletion is None and not self.integration.is_revoked


class MemoryInstallationCheckStore(InstallationCheckStore):
    """When each installation is next checked, in memory."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def request(self, deletions: Sequence[ReportedDeletion]) -> None:
        """Make checks due at once."""
        checks = (await self._session.writable()).installation_checks
        for deletion in sorted(deletions, key=lambda deletion: deletion.event_id):
            known = checks.get(deletion.integration_id)
            due_at = min(deletion.received_at, known.next_check_at) if known else deletion.received_at
            checks[deletion.integration_id] = KeptCheck(due_at, deletion, known.checked_at if known else None)

    async def claim_requested(self, provider: str, *, now: datetime, until: datetime, limit: int) -> Sequence[DueCheck]:
        """Claim due checks of reported deletions."""
        return await self._claim(provider, lambda item: item.check.deletion is not None, now, until, limit)

    async def claim_daily(self, provider: str, *, now: datetime, until: datetime, limit: int) -> Sequence[DueCheck]:
        """Claim due checks of live integrations."""
        return await self._claim(provider, lambda item: item.is_daily, now, until, limit)

    async def reschedule(self, integration_id: IntegrationId, *, at: datetime) -> None:
        """Set when the next check is due."""
        checks = (await self._session.writable()).installation_checks
        if integration_id in checks:
            checks[integration_id] = replace(checks[integration_id], next_check_at=at)

    async def complete(
        self, integration_id: IntegrationId, *, checked_at: datetime, next_check_at: datetime, event_id: EventId | None
    ) -> None:
        """Record a check; a deletion reported since stays due."""
        checks = (await self._session.writable()).installation_checks
        known = checks.get(integration_id)
        if known and known.deletion and known.deletion.event_id != event_id:
            checks[integration_id] = replace(known, checked_at=checked_at)
        else:
            checks[integration_id] = KeptCheck(next_check_at, None, checked_at)

    async def get_backlog(self, provider: str, *, now: datetime) -> CheckBacklog:
        """Return how many checks there are and how many are overdue."""
        daily = [item for item in self._list_scheduled(provider) if item.is_daily]
        due = [item.check.next_check_at for item in daily if item.check.next_check_at <= now]
        checked = [item.check.checked_at for item in daily if item.check.checked_at]
        return CheckBacklog(len(daily), len(due), min(due, default=None), max(checked, default=None))

    async def _claim(
        self, provider: str, is_wanted: Callable[[_Scheduled], bool], now: datetime, until: datetime, limit: int
    ) -> Sequence[DueCheck]:
        checks = (await self._session.writable()).installation_checks
        due = [item for item in self._list_scheduled(provider) if is_wanted(item) and item.check.next_check_at <= now]
        claimed = sorted(due, key=lambda item: (item.check.next_check_at, item.integration.id))[:limit]
        for item in claimed:
            checks[item.integration.id] = replace(item.check, next_check_at=until)
        return [
            DueCheck(item.integration, item.check.deletion)
            for item in sorted(claimed, key=lambda item: item.integration.id)
        ]

    def _list_scheduled(self, provider: str) -> list[_Scheduled]:
        state = self._session.state
        return [
            _Scheduled(
                integration,
                state.installation_checks.get(integration.id) or KeptCheck(integration.created_at + CHECK_INTERVAL),
            )
            for integration in state.integrations.values()
            if integration.provider == provider
        ]
