from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from core.domain.actors import Actor
from core.domain.events.metrics import Bucket, EventFigures, build_figures, choose_range
from core.domain.permissions import Action
from core.use_cases.authorization import AccessControl
from ports.system import Clock
from ports.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class MeasureEvents:
    """Show how many webhook events of an organization were processed, skipped or failed, and how long it took."""

    unit_of_work: UnitOfWork
    access_control: AccessControl
    clock: Clock

    async def __call__(
        self,
        actor: Actor,
        *,
        organization_id: UUID,
        since: datetime | None = None,
        until: datetime | None = None,
        bucket: Bucket = Bucket.HOUR,
    ) -> Sequence[EventFigures]:
        """Return the figures of each interval, by default of the last 24 hours until now.

        The figures count how often processing ended: an event that was retried counts more than once. Raises
        `TimeRangeInvalid`, `OrganizationNotFound` or `ActionForbidden`.
        """
        organization = await self.access_control.require(actor, Action.READ, organization_id)
        since, until = choose_range(since, until, bucket, now=self.clock.now())
        async with self.unit_of_work() as tx:
            counts = await tx.events.count_results(
                organization.id, since=bucket.floor(since), until=until, bucket=bucket
            )
        return build_figures(counts, since, until, bucket)
