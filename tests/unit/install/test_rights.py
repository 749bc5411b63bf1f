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
from tests.support.scenarios.install_results import refused
from tests.support.scenarios.install_world import ACME, OLGA, InstallWorld


@pytest.mark.parametrize(("role", "reason"), [(Role.MEMBER, ActionForbidden), (Role.VIEWER, ActionForbidden)])
async def test_only_owners_and_admins_install(world: InstallWorld, role: Role, reason: type[DomainError]) -> None:
    """The role is checked at the end again."""
    came = world.installed(await world.begin(world.mara), OLGA, ACME)
    await world.role(world.mara, role)
    await refused(world.finish(world.mara, came), reason)
    await refused(world.begin(world.mara), reason)
    await world.role(world.mara, Role.ADMIN)
    assert (await world.begin(world.mara)).is_for_installing
    assert world.bound() == {}
    assert not world.provider.calls["exchange_code"]


async def test_former_member_connects_nothing(world: InstallWorld) -> None:
    """The organization is not found."""
    came = world.installed(await world.begin(world.mara), OLGA, ACME)
    world.database.committed.memberships.clear()
    await refused(world.finish(world.mara, came), OrganizationNotFound)
    await refused(world.begin(world.mara), OrganizationNotFound)
    await refused(world.begin(world.jonas), OrganizationNotFound)


async def test_services_cannot_install(world: InstallWorld) -> None:
    """Not even for a user with permission."""
    service = ServiceActor("deployer", frozenset({"git.admin"}), world.mara.person, None)
    doing = world.installs.begin(service, organization_id=world.acme.external_id, provider=PROVIDER)
    await refused(doing, UserRequired)


async def test_rejects_unknown_providers(world: InstallWorld) -> None:
    """At every step."""
    doing = world.installs.begin(world.mara.person, organization_id=world.acme.external_id, provider="gitlab")
    await refused(doing, ProviderUnknown)
    finish, cookies = world.installs.finish, world.mara.cookies.get
    await refused(finish("gitlab", Callback(), cookies=cookies, session=None), ProviderUnknown)
    await refused(finish.choose("gitlab", "", "", cookies=cookies, session=None), ProviderUnknown)
