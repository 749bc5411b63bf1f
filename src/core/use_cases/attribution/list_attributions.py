from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from core.domain.actors import Actor
from core.domain.attribution.attribution import AttributionFilter, AttributionView
from core.domain.identifiers import RepoId
from core.domain.permissions import Action
from core.use_cases.authorization import AccessControl
from core.use_cases.catalog.queries import get_connected, get_repository
from ports.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class AttributionPage:
    """One page of attributions; the following page holds those below `next`."""

    attributions: Sequence[AttributionView]
    next: int | None


@dataclass(frozen=True, slots=True)
class ListAttributions:
    """List the attributions of an organization's commits, newest first."""

    unit_of_work: UnitOfWork
    access_control: AccessControl

    async def __call__(
        self,
        actor: Actor,
        *,
        organization_id: UUID,
        where: AttributionFilter,
        limit: int = 50,
        before: int | None = None,
    ) -> AttributionPage:
        """Return at most `limit` attributions below `before`. Only current members are named.

        A project of another organization has no attributions. Raises `OrganizationNotFound` or `ActionForbidden`.
        """
        organization = await self.access_control.require(actor, Action.READ, organization_id)
        async with self.unit_of_work() as tx:
            rows = await tx.attributions.list_attributions(organization.id, where, limit=limit + 1, before=before)
        return AttributionPage(rows[:limit], rows[limit - 1].id if len(rows) > limit else None)


@dataclass(frozen=True, slots=True)
class ResolveCommitAuthors:
    """Return the authors, committers and co-authors of some commits of a repository."""

    unit_of_work: UnitOfWork
    access_control: AccessControl

    async def __call__(
        self, actor: Actor, *, organization_id: UUID, provider: str, repo_id: RepoId, shas: Sequence[str]
    ) -> Mapping[str, Sequence[AttributionView]]:
        """Return the attributions by commit id, none for a commit that was never pushed.

        Raises `RepositoryNotFound`, `IntegrationNotActive`, `IntegrationNotFound`, `ProviderUnknown`,
        `OrganizationNotFound` or `ActionForbidden`.
        """
        organization = await self.access_control.require(actor, Action.READ, organization_id, provider)
        attributions: dict[str, list[AttributionView]] = {sha: [] for sha in shas}
        async with self.unit_of_work() as tx:
            await get_repository(tx, await get_connected(tx, organization, provider), repo_id)
            rows = await tx.attributions.list_by_commits(organization.id, provider, repo_id, attributions)
        for row in rows:
            attributions[row.sha].append(row)
        return attributions
