from dataclasses import dataclass

from core.domain.attribution.commit_claims import ClaimResult, CommitClaims, build_claim_events
from core.domain.deliveries.source_key import choose_lane
from core.domain.errors import StorageConflict
from ports.event_queue import WorkerNotifier
from ports.system import Clock
from ports.unit_of_work import UnitOfWork

_MAX_DUE_CLAIMS = 20
# One statement stays far below its time limit, and nearly all claims have fewer commits.
_BATCH_SIZE = 10_000


@dataclass(frozen=True, slots=True)
class ClaimCommits:
    """Attribute earlier commits to users who connected later.

    Requested claims stay stored until they are done. Each step is one transaction with its domain events, so an
    interrupted claim continues. All claims of one integration are processed together, however many of its
    members connect at the same time.
    """

    unit_of_work: UnitOfWork
    worker_notifier: WorkerNotifier
    clock: Clock

    async def __call__(self) -> int:
        """Process all due claims and return the number of claimed commits.

        Raises `StorageUnavailable`.
        """
        total = 0
        tried: set[CommitClaims] = set()
        while due := await self._list_due(tried):
            for claims in due:
                tried.add(claims)
                total += await self._process(claims)
        return total

    async def _list_due(self, tried: set[CommitClaims]) -> list[CommitClaims]:
        async with self.unit_of_work() as tx:
            due = await tx.commit_claims.list_due(limit=_MAX_DUE_CLAIMS + len(tried))
        return [claims for claims in due if claims not in tried]

    async def _process(self, claims: CommitClaims) -> int:
        total = 0
        try:
            await self._wait_for_drain(claims)
            is_done = False
            while not is_done:
                step = await self._step(claims)
                total, is_done = total + step.total, step.is_done
        except StorageConflict:
            pass  # the lane was locked for too long; the claims stay due
        return total

    async def _wait_for_drain(self, claims: CommitClaims) -> None:
        """Wait for a batch that may have loaded its identities before these users connected.

        The lane is locked only for this. A drain that found it locked is started again by the notification.
        """
        lane = choose_lane(claims.installation)
        async with self.unit_of_work() as tx:
            await tx.event_queue.lock(lane)
            await tx.commit()
        await self.worker_notifier.notify_due([lane])

    async def _step(self, claims: CommitClaims) -> ClaimResult:
        async with self.unit_of_work() as tx:
            claimed = await tx.commit_claims.apply(claims, limit=_BATCH_SIZE)
            if claimed.commits:
                keys = {(claims.integration_id, commit.repo_id) for commit in claimed.commits}
                links = await tx.links.list_by_repositories(keys)
                events = build_claim_events(
                    claims.organization_id, claims.integration_id, claimed.commits, links, at=self.clock.now()
                )
                await tx.domain_events.append(events)
            await tx.commit()
        return claimed


@dataclass(frozen=True, slots=True)
class FollowMemberships:
    """Find users who joined or left an organization. crewkit sends no events for this.

    A claim for earlier commits is requested for each user who joined. For users who left, nothing changes:
    readers only see members.
    """

    unit_of_work: UnitOfWork

    async def __call__(self) -> int:
        """Return the number of requested claims; raises `StorageUnavailable`."""
        async with self.unit_of_work() as tx:
            count = await tx.commit_claims.follow_memberships()
            await tx.commit()
        return count
