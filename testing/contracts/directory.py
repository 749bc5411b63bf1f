from uuid import uuid4

from core.domain.identifiers import UserId
from core.domain.organizations import Member, Membership, OrganizationRole, Role
from testing.contracts.store_stage import StoreStage


class DirectoryContract:
    """What every directory promises."""

    async def test_unknown_is_none(self, stage: StoreStage) -> None:
        """Looking for what is not there is no error."""
        assert await stage.directory.find_user(uuid4()) is None
        assert await stage.directory.find_user_by_id(UserId(404)) is None
        assert await stage.directory.find_organization(uuid4()) is None
        assert await stage.directory.list_memberships(UserId(404)) == []

    async def test_people_are_found_by_what_callers_know(self, stage: StoreStage) -> None:
        """Users and organizations are found by their external ids."""
        user, organization = await stage.add_user(), await stage.add_organization()
        assert await stage.directory.find_user(user.external_id) == user
        assert await stage.directory.find_user_by_id(user.id) == user
        assert await stage.directory.find_organization(organization.external_id) == organization

    async def test_a_place_is_an_organization_with_ones_role_in_it(self, stage: StoreStage) -> None:
        """One call returns the organization and the user's current role in it."""
        user, other = await stage.add_user(), await stage.add_user("jonas@acme.example")
        acme, zenith = await stage.add_organization(), await stage.add_organization("Zenith")
        await stage.add_member(user, acme, Role.OWNER)
        await stage.add_member(user, acme, Role.VIEWER)
        await stage.add_member(other, zenith, Role.ADMIN)
        for user_id, place in (
            (user.id, OrganizationRole(acme, Role.VIEWER)),
            (other.id, OrganizationRole(acme, None)),
            (UserId(404), OrganizationRole(acme, None)),
            (None, OrganizationRole(acme, None)),
        ):
            assert await stage.directory.find_organization_role(acme.external_id, user_id) == place
        assert await stage.directory.find_organization_role(uuid4(), user.id) is None

    async def test_memberships_by_name(self, stage: StoreStage) -> None:
        """A user's memberships come by organization name, each with its role, and nobody else's."""
        user, other = await stage.add_user(), await stage.add_user("jonas@acme.example")
        zenith, acme = await stage.add_organization("Zenith"), await stage.add_organization("Acme")
        await stage.add_member(user, zenith, Role.VIEWER)
        await stage.add_member(user, acme, Role.OWNER)
        await stage.add_member(other, acme, Role.MEMBER)
        assert await stage.directory.list_memberships(user.id) == [
            Membership(acme, user.id, Role.OWNER),
            Membership(zenith, user.id, Role.VIEWER),
        ]

    async def test_members_among_people(self, stage: StoreStage) -> None:
        """Returns the members among the given users, by external id."""
        member, stranger = await stage.add_user(), await stage.add_user("jonas@acme.example")
        acme, zenith = await stage.add_organization(), await stage.add_organization("Zenith")
        await stage.add_member(member, acme, Role.VIEWER)
        await stage.add_member(stranger, zenith, Role.OWNER)
        user_ids = [member.external_id, stranger.external_id, uuid4()]
        assert await stage.directory.find_members(acme.id, user_ids) == {member.external_id: member}
        assert await stage.directory.find_members(acme.id, []) == {}

    async def test_role_changes(self, stage: StoreStage) -> None:
        """The role that counts is today's."""
        user, organization = await stage.add_user(), await stage.add_organization()
        await stage.add_member(user, organization, Role.OWNER)
        await stage.add_member(user, organization, Role.VIEWER)
        [membership] = await stage.directory.list_memberships(user.id)
        assert membership.role is Role.VIEWER

    async def test_a_member_is_found_by_the_ids_that_were_kept(self, stage: StoreStage) -> None:
        """The current role is returned, and None for a former member."""
        member, stranger = await stage.add_user(), await stage.add_user("jonas@acme.example")
        acme, zenith = await stage.add_organization(), await stage.add_organization("Zenith")
        await stage.add_member(member, acme, Role.OWNER)
        await stage.add_member(member, acme, Role.VIEWER)
        await stage.add_member(stranger, zenith, Role.OWNER)
        assert await stage.directory.find_member(acme.id, member.id) == Member(member, acme, Role.VIEWER)
        assert await stage.directory.find_member(acme.id, stranger.id) is None
        assert await stage.directory.find_member(acme.id, UserId(404)) is None
