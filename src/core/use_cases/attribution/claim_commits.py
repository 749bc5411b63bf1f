from dataclasses import dataclass

from core.domain.commit_claims import Claimed, CommitClaim, commits_claimed
from core.domain.errors import StorageConflict
from core.domain.lanes import lane_of_installation
from ports.clock import Clock
from ports.unit_of_work import UnitOfWork

_LOOKED_AT = 20
# Well inside a statement's time limit, and nearly always all there is.
_AT_ONCE = 10_000


@dataclass(frozen=True, slots=True)
class ClaimCommits:
    """Give people who connected the commits they wrote before.

    Which claims are wanted stands in storage until each is done; each step is one transaction with what is
    told of it: one that is broken off goes on where it was.
    """

    unit_of_work: UnitOfWork
    clock: Clock

    async def __call__(self) -> int:
        """Go on until no claim is due, and return how many commits were claimed.

        Raises `StorageUnavailable`.
        """
        total = 0
        tried: set[CommitClaim] = set()
        while claims := await self._due(tried):
            for claim in claims:
                tried.add(claim)
                total += await self._claim(claim)
        return total

    async def _due(self, tried: set[CommitClaim]) -> list[CommitClaim]:
        async with self.unit_of_work() as tx:
            due = await tx.commit_claims.due(limit=_LOOKED_AT + len(tried))
        return [claim for claim in due if claim not in tried]

    async def _claim(self, claim: CommitClaim) -> int:
        total = 0
        try:
            await self._wait_for_drain(claim)
            is_done = False
            while not is_done:
                step = await self._step(claim)
                total, is_done = total + sum(step.commits.values()), step.is_done
        except StorageConflict:
            # The lane is busy at length; the claim stays due.
            pass
        return total

    async def _wait_for_drain(self, claim: CommitClaim) -> None:
        """Return when no batch is under way that may have looked for its people before they connected.

        Held no longer than that: a drainer that finds its lane taken leaves its events to the next.
        """
        async with self.unit_of_work() as tx:
            await tx.mailbox.lock(lane_of_installation(claim.installation))
            await tx.commit()

    async def _step(self, claim: CommitClaim) -> Claimed:
        async with self.unit_of_work() as tx:
            claimed = await tx.commit_claims.take(claim, limit=_AT_ONCE)
            if claimed.commits:
                keys = [(claim.integration_id, repo_id) for repo_id in claimed.commits]
                links = await tx.links.of_repositories(keys)
                await tx.domain_events.append(commits_claimed(claim, claimed, links, at=self.clock.now()))
            await tx.commit()
        return claimed
