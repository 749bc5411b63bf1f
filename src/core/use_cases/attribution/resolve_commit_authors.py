from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from core.domain.actors import Actor
from core.domain.attribution.views import AttributionView
from core.domain.identifiers import RepoId
from core.domain.permissions import Action
from core.use_cases.authorization import require_in
from core.use_cases.catalog.queries import get_readable, get_repository
from core.use_cases.supported_providers import require_supported
from ports.authorizer import Authorizer
from ports.directory import Directory
from ports.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class ResolveCommitAuthors:
    """Tell whose some commits of a repository are: authors, committers and co-authors."""

    unit_of_work: UnitOfWork
    directory: Directory
    authorizer: Authorizer
    providers: Collection[str]

    async def __call__(
        self, actor: Actor, *, organization_id: UUID, provider: str, repo_id: RepoId, shas: Sequence[str]
    ) -> Mapping[str, Sequence[AttributionView]]:
        """Return the people of each of these commits; of one no push ever told of, nobody.

        Raises `RepositoryNotFound`, `IntegrationNotActive`, `IntegrationNotFound`, `ProviderUnknown`,
        `OrganizationNotFound` or `ActionForbidden`.
        """
        organization = await require_in(self.directory, self.authorizer, actor, Action.READ, organization_id)
        require_supported(provider, self.providers)
        people: dict[str, list[AttributionView]] = {sha: [] for sha in shas}
        async with self.unit_of_work() as tx:
            await get_repository(tx, await get_readable(tx, organization, provider), repo_id)
            found = await tx.attributions.find_of_commits(organization.id, provider, repo_id, people)
        for one in found:
            people[one.sha].append(one)
        return people
