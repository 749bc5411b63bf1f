"""Which error a caller without access gets."""

from dataclasses import dataclass
from uuid import UUID, uuid4

import pytest

from adapters.oso_policy.authorizer import OsoAuthorizer
from core.domain.actors import Actor, ServiceActor, SystemActor, UserActor
from core.domain.organizations import Organization, OrganizationNotFound, Role
from core.domain.permissions import Action, ActionForbidden
from core.use_cases.authorization import AccessControl
from testing.memory.database import MemoryDatabase
from testing.memory.directory import MemoryDirectory
from testing.memory.seed import seed_membership, seed_organization, seed_user

AUTHORIZER = OsoAuthorizer()


@dataclass
class Company:
    """An organization with one user of each role, and a user who is not a member."""

    organization: Organization
    access_control: AccessControl
    people: dict[str, UserActor]

    async def ask(self, actor: Actor, action: Action, organization_id: UUID | None = None) -> Organization:
        """Ask for it as a use case does."""
        wanted = organization_id or self.organization.external_id
        return await self.access_control.require(actor, action, wanted)


@pytest.fixture
async def company() -> Company:
    """Give one, beside another organization that the outsider owns."""
    database = MemoryDatabase()
    organization = await seed_organization(database, uuid4(), name="Acme")
    other = await seed_organization(database, uuid4(), name="Zenith")
    people = {}
    for name in ("owner", "admin", "member", "viewer", "outsider"):
        user = await seed_user(database, uuid4(), email=f"{name}@acme.example")
        people[name] = UserActor(user.id, user.external_id)
        of, role = (other, Role.OWNER) if name == "outsider" else (organization, Role(name))
        await seed_membership(database, user.id, of.id, role=role)
    return Company(organization, AccessControl(MemoryDirectory(database), AUTHORIZER, ()), people)


async def test_member_gets_the_organization(company: Company) -> None:
    """Every role can read."""
    for name in ("owner", "admin", "member", "viewer"):
        assert await company.ask(company.people[name], Action.READ) == company.organization


async def test_member_without_permission_gets_the_reason(company: Company) -> None:
    """Members know that the organization exists."""
    with pytest.raises(ActionForbidden, match="Ask an owner or admin"):
        await company.ask(company.people["viewer"], Action.LINK)


@pytest.mark.parametrize("action", Action)
async def test_foreign_organization_equals_a_missing_one(company: Company, action: Action) -> None:
    """For each action."""
    for actor in (company.people["outsider"], for_user(company.people["outsider"], "git.read", "git.admin")):
        with pytest.raises(OrganizationNotFound) as foreign:
            await company.ask(actor, action)
        with pytest.raises(OrganizationNotFound) as missing:
            await company.ask(actor, action, uuid4())
        assert foreign.value.message == missing.value.message


async def test_service_acts_by_its_scopes(company: Company) -> None:
    """In any organization, without a user."""
    service = ServiceActor("builder", frozenset({"git.link"}))
    assert await company.ask(service, Action.LINK) == company.organization
    with pytest.raises(ActionForbidden, match="scopes"):
        await company.ask(service, Action.READ)
    with pytest.raises(OrganizationNotFound):
        await company.ask(service, Action.LINK, uuid4())


async def test_service_for_a_user_needs_scope_and_role(company: Company) -> None:
    both = for_user(company.people["member"], "git.link")
    assert await company.ask(both, Action.LINK) == company.organization
    for actor in (for_user(company.people["viewer"], "git.link"), for_user(company.people["owner"], "git.read")):
        with pytest.raises(ActionForbidden, match="or the role of the acting user"):
            await company.ask(actor, Action.LINK)


async def test_operator_may_do_everything(company: Company) -> None:
    """The command line and the scheduler need no membership."""
    for action in Action:
        assert await company.ask(SystemActor("cli"), action) == company.organization


@pytest.mark.parametrize("action", Action)
async def test_only_the_operator_acts_across_organizations(company: Company, action: Action) -> None:
    company.access_control.require_everywhere(SystemActor("cli"), action)
    every = ("git.read", "git.link", "git.events", "git.tokens", "git.admin")
    owner = company.people["owner"]
    for actor in (owner, ServiceActor("builder", frozenset(every)), for_user(owner, *every)):
        with pytest.raises(ActionForbidden):
            company.access_control.require_everywhere(actor, action)


def for_user(user: UserActor, *scopes: str) -> ServiceActor:
    """Return a service that acts for a user."""
    return ServiceActor("builder", frozenset(scopes), acting_user=user)
