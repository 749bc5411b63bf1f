from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from core.domain.actors import Actor
from core.domain.audit import Version, VersionId, parse_actor
from core.domain.organizations import User
from core.domain.permissions import Action
from core.use_cases.authorization import AccessControl
from ports.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class VersionPage:
    """One page of versions, and the current members among their actors."""

    versions: Sequence[Version]
    members: Mapping[UUID, User]
    next: VersionId | None


@dataclass(frozen=True, slots=True)
class ListVersions:
    """List the changes of an organization's integration, links and projects, newest first."""

    unit_of_work: UnitOfWork
    access_control: AccessControl

    async def __call__(
        self, actor: Actor, *, organization_id: UUID, provider: str, limit: int = 50, before: VersionId | None = None
    ) -> VersionPage:
        """Return at most `limit` versions below `before`.

        Raises `ProviderUnknown`, `OrganizationNotFound` or `ActionForbidden`.
        """
        organization = await self.access_control.require(actor, Action.AUDIT, organization_id, provider)
        async with self.unit_of_work() as tx:
            versions = await tx.versions.list_by_organization(organization.id, provider, limit=limit + 1, before=before)
        page = versions[:limit]
        user_ids = {parse_actor(version).user_id for version in page} - {None}
        members = await self.access_control.directory.find_members(
            organization.id, [user_id for user_id in user_ids if user_id]
        )
        return VersionPage(page, members, page[-1].id if len(versions) > limit else None)
