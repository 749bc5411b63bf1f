from core.domain.attribution.attribution import BOT, NOT_A_MEMBER, UNKNOWN, Method
from core.domain.attribution.commit_claims import ClaimedCommits, ClaimResult
from core.domain.identifiers import ProviderUserId, RepoId
from core.domain.organizations import Role as Standing
from core.domain.provider_events import Author
from testing.contracts.attribution.commit_claims import (
    NOTHING,
    add_attributions,
    apply_claims,
    follow,
    join,
    list_all,
    list_due,
    organization_of,
    request_claims,
)
from testing.contracts.store_stage import StoreStage


class MemberClaimContract:
    """What every store of claims promises to members without a connection."""

    async def test_members_claim_by_their_address(self, stage: StoreStage) -> None:
        """Without a connection. A shared address claims nothing, and a proof that led to a stranger stays."""
        mara = await stage.add_user("Mara@acme.example")
        integration = await join(stage, mara)
        organization = organization_of(integration)
        for name in ("sam@acme.example", "Sam@acme.example"):
            await stage.add_member(await stage.add_user(name), organization, Standing.MEMBER)
        await stage.add_user("oona@away.example")
        await add_attributions(
            stage,
            integration,
            ("address", "mara@acme.example", Author("M"), UNKNOWN),
            ("stranger", "mara@acme.example", Author("M"), NOT_A_MEMBER),
            ("bot", "mara@acme.example", Author("b"), BOT),
            ("shared", "sam@acme.example", Author("S"), UNKNOWN),
            ("outsider", "oona@away.example", Author("O"), UNKNOWN),
        )
        assert await follow(stage) == 3
        [claim] = await list_due(stage)
        expected = [ClaimedCommits(mara.external_id, RepoId("1"), 1)]
        assert await apply_claims(stage, claim) == ClaimResult(expected, is_done=True)
        assert (await list_due(stage), await follow(stage)) == ([], 0)
        found = {view.sha: view.method for view in await list_all(stage, integration)}
        assert found == {
            "address": Method.MEMBER_ADDRESS,
            "stranger": Method.NOT_A_MEMBER,
            "bot": Method.BOT,
            "shared": Method.UNKNOWN,
            "outsider": Method.UNKNOWN,
        }

    async def test_proof_replaces_a_member_address(self, stage: StoreStage) -> None:
        """The user for whose account the provider verified the address has the commits, and keeps them."""
        mara, jonas = await stage.add_user("mara@acme.example"), await stage.add_user("jonas@acme.example")
        integration = await join(stage, mara)
        await add_attributions(
            stage,
            integration,
            ("address", "mara@acme.example", Author("M"), UNKNOWN),
            ("account", "mara@acme.example", Author("M", account_id=ProviderUserId("8")), UNKNOWN),
        )
        await follow(stage)
        [claim] = await list_due(stage)
        assert (await apply_claims(stage, claim)).total == 2
        await stage.add_member(jonas, organization_of(integration), Standing.MEMBER)
        connection = await stage.add_connection(jonas, "8", emails=["mara@acme.example"])
        await request_claims(stage, connection)
        assert [one.user_id for one in (await apply_claims(stage, claim)).commits] == [jonas.external_id]
        assert {view.method for view in await list_all(stage, integration)} == {Method.VERIFIED_ADDRESS}
        await request_claims(stage, connection)
        assert await apply_claims(stage, claim) == NOTHING
