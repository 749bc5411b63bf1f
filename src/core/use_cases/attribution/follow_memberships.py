from dataclasses import dataclass

from ports.unit_of_work import UnitOfWork


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
