from dataclasses import replace

from core.domain.attribution.attribution import Identities, Identity, IdentityQuery
from core.domain.connections import ConnectionStatus
from core.domain.identifiers import OrganizationId, ProviderUserId
from core.domain.organizations import Role as Standing
from testing.builders.entities import PROVIDER, build_change
from testing.contracts.store_stage import StoreStage


class IdentityContract:
    """Every attribution store finds users by each kind of proof."""

    async def test_an_empty_query_finds_no_user(self, stage: StoreStage) -> None:
        """Asking for nobody finds nobody, and so does asking for strangers."""
        await stage.add_connection(await stage.add_user(), "7", login="mara", emails=["mara@acme.example"])
        strangers = IdentityQuery({ProviderUserId("8")}, {"jonas@acme.example"}, {"jonas"})
        async with stage.unit_of_work() as tx:
            for query in (IdentityQuery(), strangers):
                identities = await tx.attributions.find_identities(PROVIDER, query, [OrganizationId(1)])
                assert identities == Identities()

    async def test_people_are_found_by_each_proof(self, stage: StoreStage) -> None:
        """Account id, address and login each find the user, with the organizations that they belong to."""
        organization, other = await stage.add_organization(), await stage.add_organization()
        mara, oona = await stage.add_user(), await stage.add_user("oona@away.example")
        await stage.add_member(mara, organization, Standing.VIEWER)
        await stage.add_member(mara, await stage.add_organization(), Standing.OWNER)
        item = await stage.add_connection(mara, "7", login="Mara-O", emails=["mara@acme.example", "m@home.example"])
        two = await stage.add_connection(oona, "8", login="oona", emails=["oona@away.example"])
        query = IdentityQuery(
            {ProviderUserId("7"), ProviderUserId("8"), ProviderUserId("9")},
            {"mara@acme.example", "oona@away.example", "x@y.example"},
            {"mara-o", "oona", "x"},
        )
        async with stage.unit_of_work() as tx:
            identities = await tx.attributions.find_identities(PROVIDER, query, [organization.id, other.id])
            elsewhere = await tx.attributions.find_identities("gitlab", query, [organization.id])
        here = frozenset({organization.id})
        maras = Identity(mara.id, mara.external_id, item.created_at, here)
        oonas = Identity(oona.id, oona.external_id, two.created_at, frozenset())
        assert identities.by_account == {"7": maras, "8": oonas}
        assert identities.by_address == {"mara@acme.example": maras, "oona@away.example": oonas}
        assert identities.by_login == {"mara-o": maras, "oona": oonas}
        assert elsewhere == Identities()

    async def test_only_live_connections_are_found(self, stage: StoreStage) -> None:
        """A revoked connection finds no user. The login of a connection that must be renewed is not used."""
        query = IdentityQuery({ProviderUserId("7")}, {"mara@acme.example"}, {"mara"})
        connection = await stage.add_connection(await stage.add_user(), "7", login="mara", emails=["mara@acme.example"])
        expected = {
            ConnectionStatus.ACTIVE: (1, 1, 1),
            ConnectionStatus.RECONNECT_REQUIRED: (1, 1, 0),
            ConnectionStatus.REVOKED: (0, 0, 0),
        }
        for status, counts in expected.items():
            async with stage.unit_of_work() as tx:
                await tx.connections.apply([build_change(connection, replace(connection, status=status))])
                identities = await tx.attributions.find_identities(PROVIDER, query, [])
            assert (len(identities.by_account), len(identities.by_address), len(identities.by_login)) == counts

    async def test_members_are_found_by_their_address(self, stage: StoreStage) -> None:
        """In their organizations only, while they are members and have the address. A shared address finds nobody."""
        organization, other = await stage.add_organization(), await stage.add_organization()
        for place, provider_id in ((organization, "1"), (other, "2")):
            await stage.add_integration(place, provider_id=provider_id)
        mara, oona = await stage.add_user("Mara@Acme.example"), await stage.add_user("oona@away.example")
        await stage.add_member(mara, organization, Standing.VIEWER)
        await stage.add_member(oona, other, Standing.OWNER)
        for name in ("sam@acme.example", "SAM@acme.example"):
            await stage.add_member(await stage.add_user(name), organization, Standing.MEMBER)
        query = IdentityQuery(addresses={"mara@acme.example", "oona@away.example", "sam@acme.example"})
        both = [organization.id, other.id]
        async with stage.unit_of_work() as tx:
            await tx.commit_claims.follow_memberships()
            identities = await tx.attributions.find_identities(PROVIDER, query, both)
            here = await tx.attributions.find_identities(PROVIDER, query, [organization.id])
            elsewhere = await tx.attributions.find_identities("gitlab", query, both)
            await tx.commit()
        assert {key: one.user_id for key, one in identities.by_member_address.items()} == {
            (organization.id, "mara@acme.example"): mara.id,
            (other.id, "oona@away.example"): oona.id,
        }
        assert list(here.by_member_address) == [(organization.id, "mara@acme.example")]
        assert here.by_member_address[organization.id, "mara@acme.example"].organizations == {organization.id}
        assert (identities.by_address, elsewhere) == ({}, Identities())
        await stage.remove_member(mara, organization)
        async with stage.unit_of_work() as tx:
            assert (await tx.attributions.find_identities(PROVIDER, query, [organization.id])).by_member_address == {}

    async def test_shared_login_matches_no_user(self, stage: StoreStage) -> None:
        """Someone took a login whose owner was renamed: until that is looked up, it proves nothing."""
        for number in ("7", "8"):
            await stage.add_connection(await stage.add_user(), number, login="mara")
        async with stage.unit_of_work() as tx:
            identities = await tx.attributions.find_identities(PROVIDER, IdentityQuery(logins={"mara"}), [])
        assert identities.by_login == {}
