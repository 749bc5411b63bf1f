import asyncio

from core.domain.attribution.attribution import (
    BOT,
    UNKNOWN,
    Attribution,
    AttributionFilter,
    AttributionStatus,
    AttributionView,
    Match,
    Method,
    NamedUser,
    Role,
)
from core.domain.attribution.commit_claims import ClaimedCommits, ClaimResult, CommitClaims
from core.domain.connections import Connection
from core.domain.identifiers import ProviderUserId, RepoId
from core.domain.integrations.integration import Integration
from core.domain.organizations import Organization, User
from core.domain.organizations import Role as Standing
from core.domain.provider_events import Author
from testing.builders.entities import step
from testing.contracts.world import World

MARA = ProviderUserId("7")
NOTHING = ClaimResult([], is_done=True)


class CommitClaimContract:
    """What every store of claims promises."""

    async def test_a_claim_is_due_wherever_its_user_is_a_member(self, world: World) -> None:
        """One for each integration of their organizations, and again when asked again."""
        mara = await world.user()
        here, there = await _joined(world, mara, "1"), await _joined(world, mara, "2")
        await world.integration(await world.organization(), provider_id="3")
        connection = await world.connection(mara, MARA)
        await _request(world, connection)
        claims = await _due(world)
        assert {claim.integration_id for claim in claims} == {here.id, there.id}
        assert {claim.installation for claim in claims} == {"1", "2"}
        assert {claim.organization_id for claim in claims} == {here.organization_id, there.organization_id}
        for claim in claims:
            assert await _take(world, claim) == NOTHING
        assert await _due(world) == []
        await _request(world, connection)
        assert len(await _due(world)) == 2
        async with world.unit_of_work() as tx:
            assert len(await tx.attributions.list_due_claims(limit=1)) == 1

    async def test_claims_follow_memberships(self, world: World) -> None:
        """Who joins later looks for their commits then, once; who left and returns looks again."""
        mara, organization = await world.user(), await world.organization()
        integration = await world.integration(organization)
        await world.connection(mara, MARA)
        assert await _follow(world) == 0
        await world.member(mara, organization, Standing.MEMBER)
        assert (await _follow(world), await _follow(world)) == (1, 0)
        [claim] = await _due(world)
        await _take(world, claim)
        assert await _follow(world) == 0
        await world.leave(mara, organization)
        assert await _follow(world) == 0
        await world.member(mara, organization, Standing.MEMBER)
        assert await _follow(world) == 1
        assert [claim.integration_id for claim in await _due(world)] == [integration.id]

    async def test_commits_are_claimed_by_number_and_address(self, world: World) -> None:
        """What nobody has becomes theirs as it is proven; logins, bots and others' commits never do."""
        mara, jonas = await world.user(), await world.user("jonas@acme.example")
        integration = await _joined(world, mara)
        await world.member(jonas, _organization(integration), Standing.MEMBER)
        connection = await world.connection(mara, MARA, login="mara", emails=["mara@acme.example"])
        jonass = await world.connection(jonas, "8", login="jonas")
        await _request(world, jonass)
        await _request(world, connection)
        mine = "7+mara@users.noreply.github.com"
        await _add(
            world,
            integration,
            ("noreply", mine, Author("M", mine, "mara", noreply_id=MARA), UNKNOWN),
            ("address", "mara@acme.example", Author("M"), UNKNOWN),
            ("account", "m@home.example", Author("M", None, "mara", account_id=MARA), UNKNOWN),
            ("both", "mara@acme.example", Author("M", account_id=MARA), UNKNOWN),
            ("login", "x@home.example", Author("M", None, "mara"), UNKNOWN),
            ("other", "jonas@acme.example", Author("J"), UNKNOWN),
            ("bot", "mara@acme.example", Author("b"), BOT),
        )
        [claim] = await _due(world)
        expected = [ClaimedCommits(mara.external_id, RepoId("1"), 4)]
        assert await _take(world, claim) == ClaimResult(expected, is_done=True)
        found = {view.sha: view for view in await _all(world, integration)}
        methods = {sha: view.method for sha, view in found.items() if view.user}
        assert methods == {
            "noreply": Method.NOREPLY_ID,
            "address": Method.VERIFIED_ADDRESS,
            "account": Method.USERNAME,
            "both": Method.VERIFIED_ADDRESS,
        }
        assert {view.user for view in found.values()} == {None, NamedUser(mara.external_id, mara.name)}
        assert found["bot"].status is AttributionStatus.BOT

    async def test_many_are_claimed_in_steps(self, world: World) -> None:
        """A step takes so many and says whether more are left; together they take each once."""
        mara = await world.user()
        integration = await _joined(world, mara)
        connection = await world.connection(mara, MARA, emails=["mara@acme.example"])
        await _add(
            world, integration, *((f"{number}", "mara@acme.example", Author("M"), UNKNOWN) for number in range(7))
        )
        await _request(world, connection)
        [claim] = await _due(world)
        steps = [await _take(world, claim, limit=3) for _ in range(3)]
        assert [step.total for step in steps] == [3, 3, 1]
        assert [step.is_done for step in steps] == [False, False, True]
        assert await _due(world) == []
        assert await _take(world, claim) == NOTHING

    async def test_people_of_one_commit_are_one_commit(self, world: World) -> None:
        """Its author and committer at once count once."""
        mara = await world.user()
        integration = await _joined(world, mara)
        connection = await world.connection(mara, MARA, emails=["a@acme.example", "b@acme.example"])
        await _add(world, integration, ("one", "a@acme.example", Author("M"), UNKNOWN))
        await _add(world, integration, ("one", "b@acme.example", Author("M"), UNKNOWN), role=Role.COMMITTER)
        await _request(world, connection)
        [claim] = await _due(world)
        assert await _take(world, claim) == ClaimResult(
            [ClaimedCommits(mara.external_id, RepoId("1"), 1)], is_done=True
        )

    async def test_nothing_is_claimed_for_who_left_or_disconnected(self, world: World) -> None:
        """The right to claim is looked at in each step, not when the claim was made."""
        mara = await world.user()
        integration = await _joined(world, mara)
        connection = await world.connection(mara, MARA, emails=["mara@acme.example"])
        await _add(world, integration, ("one", "mara@acme.example", Author("M"), UNKNOWN))
        await _request(world, connection)
        [claim] = await _due(world)
        organization = _organization(integration)
        await world.leave(mara, organization)
        assert await _take(world, claim) == NOTHING
        await world.member(mara, organization, Standing.MEMBER)
        await _request(world, connection)
        async with world.unit_of_work() as tx:
            await tx.connections.apply([step(connection, None)])
            await tx.commit()
            assert await tx.connections.list_emails(connection.id) == []
        assert await _due(world) == []
        assert await _take(world, claim) == NOTHING
        assert [view.user for view in await _all(world, integration)] == [None]

    async def test_a_step_undone_leaves_everything(self, world: World) -> None:
        """Without a commit nothing is claimed, and the claim is still due."""
        mara = await world.user()
        integration = await _joined(world, mara)
        connection = await world.connection(mara, MARA, emails=["mara@acme.example"])
        await _add(world, integration, ("one", "mara@acme.example", Author("M"), UNKNOWN))
        await _request(world, connection)
        [claim] = await _due(world)
        async with world.unit_of_work() as tx:
            assert (await tx.attributions.apply_claims(claim, limit=10)).total == 1
        assert await _due(world) == [claim]
        assert [view.user for view in await _all(world, integration)] == [None]

    async def test_many_people_claim_in_one_step(self, world: World) -> None:
        """Everyone who connects finds theirs, and nobody anybody else's, however many there are at a time."""
        organization = await world.organization()
        integration = await world.integration(organization)
        people = [await world.user(f"{number}@acme.example") for number in range(5)]
        for number, person in enumerate(people):
            await world.member(person, organization, Standing.MEMBER)
            await world.connection(person, str(100 + number), emails=[person.email])
        authors = [(f"{number}", f"{number % 7}@acme.example", Author("A"), UNKNOWN) for number in range(21)]
        await _add(world, integration, *authors)
        await _follow(world)
        [claim] = await _due(world)
        claimed = await _take(world, claim)
        assert claimed.is_done
        assert {(one.user_id, one.commits) for one in claimed.commits} == {(person.external_id, 3) for person in people}
        assert await _due(world) == []

    async def test_many_at_once_claim_each_once(self, world: World) -> None:
        """However many work at one claim, every commit is claimed by one of them."""
        mara = await world.user()
        integration = await _joined(world, mara)
        connection = await world.connection(mara, MARA, emails=["mara@acme.example"])
        await _add(
            world, integration, *((f"{number}", "mara@acme.example", Author("M"), UNKNOWN) for number in range(20))
        )
        await _request(world, connection)
        [claim] = await _due(world)
        taken = 0
        while await _due(world):
            steps = await asyncio.gather(*(_take(world, claim, limit=3) for _ in range(5)))
            taken += sum(step.total for step in steps)
        assert taken == 20


async def _joined(world: World, user: User, provider_id: str = "1") -> Integration:
    organization = await world.organization()
    await world.member(user, organization, Standing.MEMBER)
    return await world.integration(organization, provider_id=provider_id)


def _organization(integration: Integration) -> Organization:
    return Organization(integration.organization_id, integration.external_id, "Acme")


async def _request(world: World, connection: Connection) -> None:
    async with world.unit_of_work() as tx:
        await tx.attributions.request_claims(connection.id)
        await tx.commit()


async def _follow(world: World) -> int:
    async with world.unit_of_work() as tx:
        count = await tx.attributions.follow_memberships()
        await tx.commit()
    return count


async def _due(world: World) -> list[CommitClaims]:
    async with world.unit_of_work() as tx:
        return list(await tx.attributions.list_due_claims(limit=100))


async def _take(world: World, claim: CommitClaims, *, limit: int = 100) -> ClaimResult:
    async with world.unit_of_work() as tx:
        claimed = await tx.attributions.apply_claims(claim, limit=limit)
        await tx.commit()
    return claimed


async def _add(
    world: World, integration: Integration, *rows: tuple[str, str, Author, Match], role: Role = Role.AUTHOR
) -> None:
    async with world.unit_of_work() as tx:
        await tx.attributions.add(
            [
                Attribution(integration.id, RepoId("1"), sha, role, address, author, match, None)
                for sha, address, author, match in rows
            ]
        )
        await tx.commit()


async def _all(world: World, integration: Integration) -> list[AttributionView]:
    async with world.unit_of_work() as tx:
        return list(
            await tx.attributions.list_attributions(integration.organization_id, AttributionFilter(), limit=100)
        )
