from dataclasses import dataclass

from core.use_cases.attribution.claim_commits import ClaimCommits
from core.use_cases.attribution.follow_memberships import FollowMemberships
from core.use_cases.attribution.list_attributions import ListAttributions
from ports.authorizer import Authorizer
from ports.clock import Clock
from ports.directory import Directory
from ports.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class People:
    """What is done with people and their commits; the last two are for the scheduler."""

    list_attributions: ListAttributions
    claim_commits: ClaimCommits
    follow_memberships: FollowMemberships


def wire_people(
    unit_of_work: UnitOfWork, directory: Directory, authorizer: Authorizer, clock: Clock
) -> People:
    """Build them."""
    return People(
        list_attributions=ListAttributions(unit_of_work, directory, authorizer),
        claim_commits=ClaimCommits(unit_of_work, clock),
        follow_memberships=FollowMemberships(unit_of_work),
    )
