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
from testing.builders.entities import build_change
from testing.contracts.store_stage import StoreStage

MARA = ProviderUserId("7")
NOTHING = ClaimResult([], is_done=True)


class CommitClaimContract:
    """What every store of claims promises."""

    async def test_a_claim_is_due_wherever_its_user_is_a_member(self, stage: StoreStage) -> None:
        """One for each integration of their organizations, and again when asked again."""
        mara = await stage.add_user()
        here, there = await join(stage, mara, "1"), await join(stage, mara, "2")
        await stage.add_integration(await stage.add_organization(), provider_id="3")
        connection = await stage.add_connection(mara, MARA)
        await request_claims(stage, connection)
        claims = await list_due(stage)
        assert {claim.integration_id for claim in claims} == {here.id, there.id}
        assert {claim.installation for claim in claims} == {"1", "2"}
        assert {claim.organization_id for claim in claims} == {here.organization_id, there.organization_id}
        for claim in claims:
            assert await apply_claims(stage, claim) == NOTHING
        assert await list_due(stage) == []
        await request_claims(stage, connection)
        assert len(await list_due(stage)) == 2
        async with stage.unit_of_work() as tx:
            assert len(await tx.commit_claims.list_due(limit=1)) == 1

    async def test_claims_follow_memberships(self, stage: StoreStage) -> None:
        """Who joins later looks for their commits then, once; who left and returns looks again."""
        mara, organization = await stage.add_user(), await stage.add_organization()
        integration = await stage.add_integration(organization)
        await stage.add_connection(mara, MARA)
        assert await follow(stage) == 0
        await stage.add_member(mara, organization, Standing.MEMBER)
        # One for the connection, and one for the address in crewkit.
        assert (await follow(stage), await follow(stage)) == (2, 0)
        [claim] = await list_due(stage)
        await apply_claims(stage, claim)
        assert await follow(stage) == 0
        await stage.remove_member(mara, organization)
        assert await follow(stage) == 0
        await stage.add_member(mara, organization, Standing.MEMBER)
        assert await follow(stage) == 2
        assert [claim.integration_id for claim in await list_due(stage)] == [integration.id]

    async def test_commits_are_claimed_by_number_and_address(self, stage: StoreStage) -> None:
        """Unmatched commits are claimed by proof. Logins, bots and commits of other users are not claimed."""
        mara, jonas = await stage.add_user(), await stage.add_user("jonas@acme.example")
        integration = await join(stage, mara)
        await stage.add_member(jonas, organization_of(integration), Standing.MEMBER)
        connection = await stage.add_connection(mara, MARA, login="mara", emails=["mara@acme.example"])
        jonass = await stage.add_connection(jonas, "8", login="jonas")
        await request_claims(stage, jonass)
        await request_claims(stage, connection)
        mine = "7+mara@users.noreply.github.com"
        await add_attributions(
            stage,
            integration,
            ("noreply", mine, Author("M", mine, "mara", noreply_id=MARA), UNKNOWN),
            ("address", "mara@acme.example", Author("M"), UNKNOWN),
            ("account", "m@home.example", Author("M", None, "mara", account_id=MARA), UNKNOWN),
            ("both", "mara@acme.example", Author("M", account_id=MARA), UNKNOWN),
            ("login", "x@home.example", Author("M", None, "mara"), UNKNOWN),
            ("other", "jonas@acme.example", Author("J"), UNKNOWN),
            ("bot", "mara@acme.example", Author("b"), BOT),
        )
        [claim] = await list_due(stage)
        expected = [ClaimedCommits(mara.external_id, RepoId("1"), 4)]
        assert await apply_claims(stage, claim) == ClaimResult(expected, is_done=True)
        found = {view.sha: view for view in await list_all(stage, integration)}
        methods = {sha: view.method for sha, view in found.items() if view.user}
        assert methods == {
            "noreply": Method.NOREPLY_ID,
            "address": Method.VERIFIED_ADDRESS,
            "account": Method.USERNAME,
            "both": Method.VERIFIED_ADDRESS,
        }
        assert {view.user for view in found.values()} == {None, NamedUser(mara.external_id, mara.name)}
        assert found["bot"].status is AttributionStatus.BOT

    async def test_many_are_claimed_in_steps(self, stage: StoreStage) -> None:
        """A step takes so many and says whether more are left; together they take each once."""
        mara = await stage.add_user()
        integration = await join(stage, mara)
        connection = await stage.add_connection(mara, MARA, emails=["mara@acme.example"])
        await add_attributions(
            stage, integration, *((f"{number}", "mara@acme.example", Author("M"), UNKNOWN) for number in range(7))
        )
        await request_claims(stage, connection)
        [claim] = await list_due(stage)
        steps = [await apply_claims(stage, claim, limit=3) for _ in range(3)]
        assert [build_change.total for build_change in steps] == [3, 3, 1]
        assert [build_change.is_done for build_change in steps] == [False, False, True]
        assert await list_due(stage) == []
        assert await apply_claims(stage, claim) == NOTHING

    async def test_people_of_one_commit_are_one_commit(self, stage: StoreStage) -> None:
        """Its author and committer at once count once."""
        mara = await stage.add_user()
        integration = await join(stage, mara)
        connection = await stage.add_connection(mara, MARA, emails=["a@acme.example", "b@acme.example"])
        await add_attributions(stage, integration, ("one", "a@acme.example", Author("M"), UNKNOWN))
        await add_attributions(stage, integration, ("one", "b@acme.example", Author("M"), UNKNOWN), role=Role.COMMITTER)
        await request_claims(stage, connection)
        [claim] = await list_due(stage)
        assert await apply_claims(stage, claim) == ClaimResult(
            [ClaimedCommits(mara.external_id, RepoId("1"), 1)], is_done=True
        )

    async def test_nothing_is_claimed_for_who_left_or_disconnected(self, stage: StoreStage) -> None:
        """The right to claim is looked at in each step, not when the claim was made."""
        mara = await stage.add_user()
        integration = await join(stage, mara)
        connection = await stage.add_connection(mara, MARA, emails=["mara@acme.example"])
        await add_attributions(stage, integration, ("one", "mara@acme.example", Author("M"), UNKNOWN))
        await request_claims(stage, connection)
        [claim] = await list_due(stage)
        organization = organization_of(integration)
        await stage.remove_member(mara, organization)
        assert await apply_claims(stage, claim) == NOTHING
        await stage.add_member(mara, organization, Standing.MEMBER)
        await request_claims(stage, connection)
        async with stage.unit_of_work() as tx:
            await tx.connections.apply([build_change(connection, None)])
            await tx.commit()
            assert await tx.connections.list_emails(connection.id) == []
        assert await list_due(stage) == []
        assert await apply_claims(stage, claim) == NOTHING
        assert [view.user for view in await list_all(stage, integration)] == [None]

    async def test_a_step_undone_leaves_everything(self, stage: StoreStage) -> None:
        """Without a commit nothing is claimed, and the claim is still due."""
        mara = await stage.add_user()
        integration = await join(stage, mara)
        connection = await stage.add_connection(mara, MARA, emails=["mara@acme.example"])
        await add_attributions(stage, integration, ("one", "mara@acme.example", Author("M"), UNKNOWN))
        await request_claims(stage, connection)
        [claim] = await list_due(stage)
        async with stage.unit_of_work() as tx:
            assert (await tx.commit_claims.apply(claim, limit=10)).total == 1
        assert await list_due(stage) == [claim]
        assert [view.user for view in await list_all(stage, integration)] == [None]

    async def test_many_people_claim_in_one_step(self, stage: StoreStage) -> None:
        """Each user who connects claims their own commits only, in any number of steps."""
        organization = await stage.add_organization()
        integration = await stage.add_integration(organization)
        people = [await stage.add_user(f"{number}@acme.example") for number in range(5)]
        for number, person in enumerate(people):
            await stage.add_member(person, organization, Standing.MEMBER)
            await stage.add_connection(person, str(100 + number), emails=[person.email])
        authors = [(f"{number}", f"{number % 7}@acme.example", Author("A"), UNKNOWN) for number in range(21)]
        await add_attributions(stage, integration, *authors)
        await follow(stage)
        [claim] = await list_due(stage)
        claimed = await apply_claims(stage, claim)
        assert claimed.is_done
        assert {(item.user_id, item.commits) for item in claimed.commits} == {
            (person.external_id, 3) for person in people
        }
        assert await list_due(stage) == []

    async def test_many_at_once_claim_each_once(self, stage: StoreStage) -> None:
        """However many work at one claim, every commit is claimed by one of them."""
        mara = await stage.add_user()
        integration = await join(stage, mara)
        connection = await stage.add_connection(mara, MARA, emails=["mara@acme.example"])
        await add_attributions(
            stage, integration, *((f"{number}", "mara@acme.example", Author("M"), UNKNOWN) for number in range(20))
        )
        await request_claims(stage, connection)
        [claim] = await list_due(stage)
        taken = 0
        while await list_due(stage):
            steps = await asyncio.gather(*(apply_claims(stage, claim, limit=3) for _ in range(5)))
            taken += sum(build_change.total for build_change in steps)
        assert taken == 20


async def join(stage: StoreStage, user: User, provider_id: str = "1") -> Integration:
    """Return the integration of a new organization that the user is a member of."""
    organization = await stage.add_organization()
    await stage.add_member(user, organization, Standing.MEMBER)
    return await stage.add_integration(organization, provider_id=provider_id)


def organization_of(integration: Integration) -> Organization:
    """Return the organization of an integration."""
    return Organization(integration.organization_id, integration.external_id, "Acme")


async def request_claims(stage: StoreStage, connection: Connection) -> None:
    """Request the claims of a connection."""
    async with stage.unit_of_work() as tx:
        await tx.commit_claims.request(connection.id)
        await tx.commit()


async def follow(stage: StoreStage) -> int:
    """Follow the memberships; return the number of new claims."""
    async with stage.unit_of_work() as tx:
        count = await tx.commit_claims.follow_memberships()
        await tx.commit()
    return count


async def list_due(stage: StoreStage) -> list[CommitClaims]:
    """Return the due claims."""
    async with stage.unit_of_work() as tx:
        return list(await tx.commit_claims.list_due(limit=100))


async def apply_claims(stage: StoreStage, claim: CommitClaims, *, limit: int = 100) -> ClaimResult:
    """Apply claims and commit."""
    async with stage.unit_of_work() as tx:
        claimed = await tx.commit_claims.apply(claim, limit=limit)
        await tx.commit()
    return claimed


async def add_attributions(
    stage: StoreStage, integration: Integration, *rows: tuple[str, str, Author, Match], role: Role = Role.AUTHOR
) -> None:
    """Store attributions of one repository."""
    async with stage.unit_of_work() as tx:
        await tx.attributions.add(
            [
                Attribution(integration.id, RepoId("1"), sha, role, address, author, match, None)
                for sha, address, author, match in rows
            ]
        )
        await tx.commit()


async def list_all(stage: StoreStage, integration: Integration) -> list[AttributionView]:
    """Return all attributions of the integration's organization."""
    async with stage.unit_of_work() as tx:
        return list(
            await tx.attributions.list_attributions(integration.organization_id, AttributionFilter(), limit=100)
        )
