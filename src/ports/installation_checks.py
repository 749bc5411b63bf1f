from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from core.domain.identifiers import EventId, IntegrationId
from core.domain.integrations.installation_checks import CheckBacklog, DueCheck, ReportedDeletion


class InstallationCheckStore(Protocol):
    """When each integration's installation is checked next at its provider.

    An integration without a row is due a day after it was created. A claimed check is due again at the end of its
    claim, so that the end of a process loses nothing.

    Not guaranteed: that two processes never check the same installation, which is harmless.
    """

    async def request(self, deletions: Sequence[ReportedDeletion]) -> None:
        """Make checks due at once because of reported deletions. A later report replaces an earlier one.

        Does nothing on the schema of release 0.1.0.
        """

    async def claim_requested(self, provider: str, *, now: datetime, until: datetime, limit: int) -> Sequence[DueCheck]:
        """Claim due checks of reported deletions, the longest due first."""

    async def claim_daily(self, provider: str, *, now: datetime, until: datetime, limit: int) -> Sequence[DueCheck]:
        """Claim due checks of integrations that are not revoked and without a reported deletion."""

    async def reschedule(self, integration_id: IntegrationId, *, at: datetime) -> None:
        """Set when the next check is due; a reported deletion stays."""

    async def complete(
        self, integration_id: IntegrationId, *, checked_at: datetime, next_check_at: datetime, event_id: EventId | None
    ) -> None:
        """Record a check, and delete the reported deletion of this event unless another was reported since."""

    async def get_backlog(self, provider: str, *, now: datetime) -> CheckBacklog:
        """Return the number of checks and of overdue checks."""
