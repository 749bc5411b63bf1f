from dataclasses import dataclass

from core.domain.attribution.commit_claims import ClaimResult, CommitClaims, build_claim_events
from core.domain.deliveries.source_key import choose_lane
from core.domain.errors import StorageConflict
from ports.event_queue import WorkerNotifier
from ports.system import Clock
from ports.unit_of_work import UnitOfWork

_MAX_DUE_CLAIMS = 20
# Well inside a statement's time limit, and nearly always all there is.
_BATCH_SIZE = 10_000


@dataclass(frozen=True, slots=True)
class ClaimCommits:
    """Give people who connected the commits they wrote before.

    Which claims are wanted stands in storage until each is done; each step is one transaction with what is
    told of it: one that is broken off goes on where it was. All claims on one integration are looked into
    together, however many of its members connect at a time.
    """

    unit_of_work: UnitOfWork
    worker_notifier: WorkerNotifier
    clock: Clock

    async def __call__(self) -> int:
        """Go on until no claim is due, and return how many commits were claimed.

        Raises `StorageUnavailable`.
        """
        total = 0
        tried: set[CommitClaims] = set()
        while due := await self._due(tried):
            for claims in due:
                tried.add(claims)
                total += await self._look_into(claims)
        return total

    async def _due(self, tried: set[CommitClaims]) -> list[CommitClaims]:
        async with self.unit_of_work() as tx:
            due = await tx.attributions.list_due_claims(limit=_MAX_DUE_CLAIMS + len(tried))
        return [claims for claims in due if claims not in tried]

    async def _look_into(self, claims: CommitClaims) -> int:
        total = 0
        try:
            await self._wait_for_drain(claims)
            is_done = False
            while not is_done:
                step = await self._step(claims)
                total, is_done = total + step.total, step.is_done
        except StorageConflict:
            # The lane is busy at length; the claims stay due.
            pass
        return total

    async def _wait_for_drain(self, claims: CommitClaims) -> None:
        """Return when no batch is under way that may have looked for its people before they connected.

        The lane is held no longer than that; a drainer that found it taken and left is called back.
        """
        lane = choose_lane(claims.installation)
        async with self.unit_of_work() as tx:
            await tx.event_queue.lock(lane)
            await tx.commit()
        await self.worker_notifier.notify_due([lane])

    async def _step(self, claims: CommitClaims) -> ClaimResult:
        async with self.unit_of_work() as tx:
            claimed = await tx.attributions.apply_claims(claims, limit=_BATCH_SIZE)
            if claimed.commits:
                keys = {(claims.integration_id, one.repo_id) for one in claimed.commits}
                links = await tx.links.list_by_repositories(keys)
                await tx.domain_events.append(build_claim_events(claims, claimed, links, at=self.clock.now()))
            await tx.commit()
        return claimed


@dataclass(frozen=True, slots=True)
class FollowMemberships:
    """Notice who joined or left an organization, which crewkit tells nobody of.

    Whoever joined looks for their earlier commits. Of who left nothing has to be taken back: readers are told
    of members only.
    """

    unit_of_work: UnitOfWork

    async def __call__(self) -> int:
        """Return how many claims came of it; raises `StorageUnavailable`."""
        async with self.unit_of_work() as tx:
            count = await tx.attributions.follow_memberships()
            await tx.commit()
        return count
