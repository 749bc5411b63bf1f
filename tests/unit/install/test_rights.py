"""Who may begin, and whether they still may when they come back."""

import pytest

from core.domain.actors import ServiceActor
from core.domain.errors import DomainError
from core.domain.flows.callback import Callback
from core.domain.organizations import OrganizationNotFound, Role
from core.domain.permissions import ActionForbidden
from core.domain.provider_errors import ProviderUnknown
from core.use_cases.authorization import UserRequired
from testing.builders.entities import PROVIDER
from tests.support.scenarios.install_results import expect_error
from tests.support.scenarios.install_world import ACME, OLGA, InstallWorld


@pytest.mark.parametrize(("role", "reason"), [(Role.MEMBER, ActionForbidden), (Role.VIEWER, ActionForbidden)])
async def test_only_owners_and_admins_install(world: InstallWorld, role: Role, reason: type[DomainError]) -> None:
    """The role is checked at the end again."""
    came = world.build_install_callback(await world.begin(world.mara), OLGA, ACME)
    await world.role(world.mara, role)
    await expect_error(world.finish(world.mara, came), reason)
    await expect_error(world.begin(world.mara), reason)
    await world.role(world.mara, Role.ADMIN)
    assert (await world.begin(world.mara)).is_for_installing
    assert world.list_installations() == {}
    assert not world.provider.calls["exchange_code"]


async def test_former_member_connects_nothing(world: InstallWorld) -> None:
    """The organization is not found."""
    came = world.build_install_callback(await world.begin(world.mara), OLGA, ACME)
    world.database.committed.memberships.clear()
    await expect_error(world.finish(world.mara, came), OrganizationNotFound)
    await expect_error(world.begin(world.mara), OrganizationNotFound)
    await expect_error(world.begin(world.jonas), OrganizationNotFound)


async def test_services_cannot_install(world: InstallWorld) -> None:
    """Not even for a user with permission."""
    service = ServiceActor("deployer", frozenset({"git.admin"}), world.mara.person, None)
    doing = world.installs.begin(service, organization_id=world.acme.external_id, provider=PROVIDER)
    await expect_error(doing, UserRequired)


async def test_rejects_unknown_providers(world: InstallWorld) -> None:
    """At every step."""
    doing = world.installs.begin(world.mara.person, organization_id=world.acme.external_id, provider="gitlab")
    await expect_error(doing, ProviderUnknown)
    finish, cookies = world.installs.finish, world.mara.cookies.get
    await expect_error(finish("gitlab", Callback(), cookies=cookies, session=None), ProviderUnknown)
    await expect_error(finish.choose("gitlab", "", "", cookies=cookies, session=None), ProviderUnknown)
