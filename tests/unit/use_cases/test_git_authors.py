"""Members without a connection, and assigned addresses, in new pushes."""

from dataclasses import replace
from typing import Any

from core.domain.actors import UserActor
from core.domain.attribution.attribution import AttributionFilter, Method
from core.domain.attribution.git_authors import AssignmentKind, to_author_key
from core.domain.identifiers import UserId
from core.domain.organizations import Role, User
from core.domain.streams.domain_event import CommitsClaimedData, Person, PushData
from core.use_cases.attribution.claim_commits import ClaimCommits, FollowMemberships
from core.use_cases.attribution.git_authors import AssignGitAuthor
from core.use_cases.authorization import AccessControl
from testing.memory.directory import MemoryDirectory
from tests.support.builders.domain import ORGANIZATION, external
from tests.support.scenarios.ports import AUTHORIZER
from tests.support.scenarios.processing import Processing
from tests.unit.use_cases.test_attribution import person, push_by

TOMAS: dict[str, Any] = {"name": "Tomás", "email": "tomas@home.example"}


def member(processing: Processing, number: int, email: str, *, is_member: bool = True) -> User:
    """Put in a user without a connection."""
    user = User(UserId(number), external(number), email, f"User {number}")
    state = processing.database.committed
    state.users[user.id] = user
    if is_member:
        state.memberships[user.id, ORGANIZATION] = Role.OWNER
    return user


def authors(processing: Processing) -> list[Person]:
    """Return the authors of the commits of the published pushes."""
    pushes = [fact.data for fact in processing.facts() if isinstance(fact.data, PushData)]
    return [commit.author for push in pushes for commit in push.commits]


async def test_matches_a_member_who_never_connected() -> None:
    """By the address in crewkit, for new commits and for earlier ones. Outsiders are not named."""
    processing = Processing()
    processing.connect()
    await processing.deliver("push", push_by(TOMAS))
    await processing.drain()
    tomas = member(processing, 71, "Tomas@Home.example")
    member(processing, 72, "oona@away.example", is_member=False)
    assert await FollowMemberships(processing.unit_of_work)() == 1
    claim = ClaimCommits(processing.unit_of_work, processing.bell, processing.clock)
    assert await claim() == 1
    later = push_by({**TOMAS, "username": "unknown-login"}, {"name": "Oona", "email": "oona@away.example"})
    await processing.deliver("push", {**later, "after": "f" * 40})
    await processing.drain()
    assert [(author.user_id, author.method) for author in authors(processing)] == [
        (None, None),
        (tomas.external_id, Method.MEMBER_ADDRESS.value),
        (None, None),
    ]
    async with processing.unit_of_work() as tx:
        views = await tx.attributions.list_attributions(ORGANIZATION, AttributionFilter(), limit=10)
    assert {view.method for view in views if view.address == "tomas@home.example"} == {Method.MEMBER_ADDRESS}


async def test_new_commits_follow_an_assignment() -> None:
    """Also against stronger proofs; later claims of the address's owner are not published."""
    processing = Processing()
    processing.connect()
    priya = person(processing, "900000003")
    owner = member(processing, 71, "owner@acme.example")
    await processing.deliver("push", push_by(TOMAS))
    await processing.drain()
    access = AccessControl(MemoryDirectory(processing.database), AUTHORIZER, ["github"])
    organization = processing.database.committed.organizations[ORGANIZATION]
    assign = AssignGitAuthor(processing.unit_of_work, access, processing.clock)
    await assign(
        UserActor(owner.id, owner.external_id),
        organization_id=organization.external_id,
        key=to_author_key("tomas@home.example"),
        kind=AssignmentKind.USER,
        user_id=priya.external_id,
    )
    person(processing, "77", "tomas@home.example")
    await processing.deliver("push", {**push_by(TOMAS), "after": "f" * 40})
    await processing.drain()
    assert authors(processing)[-1] == replace(
        authors(processing)[0], user_id=priya.external_id, method=Method.ASSIGNED.value
    )
    await FollowMemberships(processing.unit_of_work)()
    await ClaimCommits(processing.unit_of_work, processing.bell, processing.clock)()
    claims = [fact.data for fact in processing.facts() if isinstance(fact.data, CommitsClaimedData)]
    assert {claim.user_id for claim in claims} == {priya.external_id}
