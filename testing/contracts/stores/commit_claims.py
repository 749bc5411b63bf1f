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
        here, there = await _join(stage, mara, "1"), await _join(stage, mara, "2")
        await stage.add_integration(await stage.add_organization(), provider_id="3")
        connection = await stage.add_connection(mara, MARA)
        await _request(stage, connection)
        claims = await _due(stage)
        assert {claim.integration_id for claim in claims} == {here.id, there.id}
        assert {claim.installation for claim in claims} == {"1", "2"}
        assert {claim.organization_id for claim in claims} == {here.organization_id, there.organization_id}
        for claim in claims:
            assert await _take(stage, claim) == NOTHING
        assert await _due(stage) == []
        await _request(stage, connection)
        assert len(await _due(stage)) == 2
        async with stage.unit_of_work() as tx:
            assert len(await tx.attributions.list_due_claims(limit=1)) == 1

    async def test_claims_follow_memberships(self, stage: StoreStage) -> None:
        """Who joins later looks for their commits then, once; who left and returns looks again."""
        mara, organization = await stage.add_user(), await stage.add_organization()
        integration = await stage.add_integration(organization)
        await stage.add_connection(mara, MARA)
        assert await _follow(stage) == 0
        await stage.add_member(mara, organization, Standing.MEMBER)
        assert (await _follow(stage), await _follow(stage)) == (1, 0)
        [claim] = await _due(stage)
        await _take(stage, claim)
        assert await _follow(stage) == 0
        await stage.remove_member(mara, organization)
        assert await _follow(stage) == 0
        await stage.add_member(mara, organization, Standing.MEMBER)
        assert await _follow(stage) == 1
        assert [claim.integration_id for claim in await _due(stage)] == [integration.id]

    async def test_commits_are_claimed_by_number_and_address(self, stage: StoreStage) -> None:
        """Unmatched commits are claimed by proof. Logins, bots and commits of other users are not claimed."""
        mara, jonas = await stage.add_user(), await stage.add_user("jonas@acme.example")
        integration = await _join(stage, mara)
        await stage.add_member(jonas, _organization(integration), Standing.MEMBER)
        connection = await stage.add_connection(mara, MARA, login="mara", emails=["mara@acme.example"])
        jonass = await stage.add_connection(jonas, "8", login="jonas")
        await _request(stage, jonass)
        await _request(stage, connection)
        mine = "7+mara@users.noreply.github.com"
        await _add(
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
        [claim] = await _due(stage)
        expected = [ClaimedCommits(mara.external_id, RepoId("1"), 4)]
        assert await _take(stage, claim) == ClaimResult(expected, is_done=True)
        found = {view.sha: view for view in await _all(stage, integration)}
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
        integration = await _join(stage, mara)
        connection = await stage.add_connection(mara, MARA, emails=["mara@acme.example"])
        await _add(
            stage, integration, *((f"{number}", "mara@acme.example", Author("M"), UNKNOWN) for number in range(7))
        )
        await _request(stage, connection)
        [claim] = await _due(stage)
        steps = [await _take(stage, claim, limit=3) for _ in range(3)]
        assert [build_change.total for build_change in steps] == [3, 3, 1]
        assert [build_change.is_done for build_change in steps] == [False, False, True]
        assert await _due(stage) == []
        assert await _take(stage, claim) == NOTHING

    async def test_people_of_one_commit_are_one_commit(self, stage: StoreStage) -> None:
        """Its author and committer at once count once."""
        mara = await stage.add_user()
        integration = await _join(stage, mara)
        connection = await stage.add_connection(mara, MARA, emails=["a@acme.example", "b@acme.example"])
        await _add(stage, integration, ("one", "a@acme.example", Author("M"), UNKNOWN))
        await _add(stage, integration, ("one", "b@acme.example", Author("M"), UNKNOWN), role=Role.COMMITTER)
        await _request(stage, connection)
        [claim] = await _due(stage)
        assert await _take(stage, claim) == ClaimResult(
            [ClaimedCommits(mara.external_id, RepoId("1"), 1)], is_done=True
        )

    async def test_nothing_is_claimed_for_who_left_or_disconnected(self, stage: StoreStage) -> None:
        """The right to claim is looked at in each step, not when the claim was made."""
        mara = await stage.add_user()
        integration = await _join(stage, mara)
        connection = await stage.add_connection(mara, MARA, emails=["mara@acme.example"])
        await _add(stage, integration, ("one", "mara@acme.example", Author("M"), UNKNOWN))
        await _request(stage, connection)
        [claim] = await _due(stage)
        organization = _organization(integration)
        await stage.remove_member(mara, organization)
        assert await _take(stage, claim) == NOTHING
        await stage.add_member(mara, organization, Standing.MEMBER)
        await _request(stage, connection)
        async with stage.unit_of_work() as tx:
            await tx.connections.apply([build_change(connection, None)])
            await tx.commit()
            assert await tx.connections.list_emails(connection.id) == []
        assert await _due(stage) == []
        assert await _take(stage, claim) == NOTHING
        assert [view.user for view in await _all(stage, integration)] == [None]

    async def test_a_step_undone_leaves_everything(self, stage: StoreStage) -> None:
        """Without a commit nothing is claimed, and the claim is still due."""
        mara = await stage.add_user()
        integration = await _join(stage, mara)
        connection = await stage.add_connection(mara, MARA, emails=["mara@acme.example"])
        await _add(stage, integration, ("one", "mara@acme.example", Author("M"), UNKNOWN))
        await _request(stage, connection)
        [claim] = await _due(stage)
        async with stage.unit_of_work() as tx:
            assert (await tx.attributions.apply_claims(claim, limit=10)).total == 1
        assert await _due(stage) == [claim]
        assert [view.user for view in await _all(stage, integration)] == [None]

    async def test_many_people_claim_in_one_step(self, stage: StoreStage) -> None:
        """Each user who connects claims their own commits only, in any number of steps."""
        organization = await stage.add_organization()
        integration = await stage.add_integration(organization)
        people = [await stage.add_user(f"{number}@acme.example") for number in range(5)]
        for number, person in enumerate(people):
            await stage.add_member(person, organization, Standing.MEMBER)
            await stage.add_connection(person, str(100 + number), emails=[person.email])
        authors = [(f"{number}", f"{number % 7}@acme.example", Author("A"), UNKNOWN) for number in range(21)]
        await _add(stage, integration, *authors)
        await _follow(stage)
        [claim] = await _due(stage)
        claimed = await _take(stage, claim)
        assert claimed.is_done
        assert {(item.user_id, item.commits) for item in claimed.commits} == {
            (person.external_id, 3) for person in people
        }
        assert await _due(stage) == []

    async def test_many_at_once_claim_each_once(self, stage: StoreStage) -> None:
        """However many work at one claim, every commit is claimed by one of them."""
        mara = await stage.add_user()
        integration = await _join(stage, mara)
        connection = await stage.add_connection(mara, MARA, emails=["mara@acme.example"])
        await _add(
            stage, integration, *((f"{number}", "mara@acme.example", Author("M"), UNKNOWN) for number in range(20))
        )
        await _request(stage, connection)
        [claim] = await _due(stage)
        taken = 0
        while await _due(stage):
            steps = await asyncio.gather(*(_take(stage, claim, limit=3) for _ in range(5)))
            taken += sum(build_change.total for build_change in steps)
        assert taken == 20


async def _join(stage: StoreStage, user: User, provider_id: str = "1") -> Integration:
    organization = await stage.add_organization()
    await stage.add_member(user, organization, Standing.MEMBER)
    return await stage.add_integration(organization, provider_id=provider_id)


def _organization(integration: Integration) -> Organization:
    return Organization(integration.organization_id, integration.external_id, "Acme")


async def _request(stage: StoreStage, connection: Connection) -> None:
    async with stage.unit_of_work() as tx:
        await tx.attributions.request_claims(connection.id)
        await tx.commit()


async def _follow(stage: StoreStage) -> int:
    async with stage.unit_of_work() as tx:
        count = await tx.attributions.follow_memberships()
        await tx.commit()
    return count


async def _due(stage: StoreStage) -> list[CommitClaims]:
    async with stage.unit_of_work() as tx:
        return list(await tx.attributions.list_due_claims(limit=100))


async def _take(stage: StoreStage, claim: CommitClaims, *, limit: int = 100) -> ClaimResult:
    async with stage.unit_of_work() as tx:
        claimed = await tx.attributions.apply_claims(claim, limit=limit)
        await tx.commit()
    return claimed


async def _add(
    stage: StoreStage, integration: Integration, *rows: tuple[str, str, Author, Match], role: Role = Role.AUTHOR
) -> None:
    async with stage.unit_of_work() as tx:
        await tx.attributions.add(
            [
                Attribution(integration.id, RepoId("1"), sha, role, address, author, match, None)
                for sha, address, author, match in rows
            ]
        )
        await tx.commit()


async def _all(stage: StoreStage, integration: Integration) -> list[AttributionView]:
    async with stage.unit_of_work() as tx:
        return list(
            await tx.attributions.list_attributions(integration.organization_id, AttributionFilter(), limit=100)
        )
