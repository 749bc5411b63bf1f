"""A directory of a few people, and an application of which a test needs only some use cases."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import fields
from typing import Any, NoReturn
from uuid import UUID

from core.application import Account, Application
from core.domain.errors import StorageUnavailable
from core.domain.identifiers import OrganizationId, UserId
from core.domain.organizations import Membership, Organization, OrganizationRole, Role, User
from ports.identity import Directory
from tests.support.builders.tokens import USER

ACME = Organization(OrganizationId(1), UUID("11111111-1111-4111-8111-111111111111"), "Acme Rockets")
ZENITH = Organization(OrganizationId(2), UUID("22222222-2222-4222-8222-222222222222"), "Zenith")
MARA = User(UserId(1), USER, "mara@acme-rockets.example", "Mara Okafor")


class People(Directory):
    """Knows Mara, who owns Acme and may look at Zenith; can be out of reach."""

    def __init__(self) -> None:
        self.users = [MARA]
        self.is_down = False
        self.is_broken = False

    async def find_user(self, external_id: UUID) -> User | None:
        """Look among those known."""
        if self.is_down:
            raise StorageUnavailable("The database does not answer; try again later.", retry_after=1.2)
        if self.is_broken:
            raise ZeroDivisionError("password=s3cret")
        return next((user for user in self.users if user.external_id == external_id), None)

    async def find_user_by_id(self, user_id: UserId) -> User | None:
        """Look among those known."""
        return next((user for user in self.users if user.id == user_id), None)

    async def find_organization(self, external_id: UUID) -> Organization | None:
        """Look among both."""
        return next((one for one in (ACME, ZENITH) if one.external_id == external_id), None)

    async def find_organization_role(self, organization_id: UUID, user_id: UserId | None) -> OrganizationRole | None:
        """Look among Mara's, and see the others from outside."""
        organization = await self.find_organization(organization_id)
        mine = await self.list_memberships(user_id) if user_id is not None else []
        roles = {one.organization: one.role for one in mine}
        return OrganizationRole(organization, roles.get(organization)) if organization else None

    async def find_members(self, organization_id: OrganizationId, user_ids: Collection[UUID]) -> Mapping[UUID, User]:
        """Look at Mara, who is in both."""
        assert organization_id in (ACME.id, ZENITH.id)
        return {user.external_id: user for user in self.users if user.external_id in user_ids}

    async def list_memberships(self, user_id: UserId) -> Sequence[Membership]:
        """Give Mara's."""
        return [Membership(ACME, user_id, Role.OWNER), Membership(ZENITH, user_id, Role.VIEWER)]


def application_with(account: Account | None = None) -> Application:
    """Return an application whose use cases fail the test when they are called, except those of `account`."""
    features: dict[str, Any] = {
        field.name: _not_given if field.name in _SINGLE else _NoUseCases() for field in fields(Application)
    }
    return Application(**{**features, **({"account": account} if account else {})})


# Fields of `Application` that are use cases themselves, not groups of them.
_SINGLE = frozenset({"stream_events", "delete_expired_keys"})


class _NoUseCases:
    """Stands for a feature of which the test uses nothing."""

    def __getattr__(self, name: str) -> Callable[..., NoReturn]:
        return _not_given


def _not_given(*_: object, **__: object) -> NoReturn:
    raise AssertionError("the test gave the application no such use case")
