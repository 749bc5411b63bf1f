from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from core.domain.actors import Actor
from core.domain.events.metrics import Bucket, merge_figures
from core.domain.overview import Overview, find_problems
from core.domain.permissions import Action
from core.use_cases.authorization import AccessControl
from core.use_cases.integrations.list_integrations import load_view
from ports.provider import GitProvider
from ports.system import Clock
from ports.unit_of_work import UnitOfWork

_MAX_PROJECTS = 10
_RANGE = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class ShowOverview:
    """Show the state of an organization: integrations, counts, the latest projects and problems."""

    unit_of_work: UnitOfWork
    access_control: AccessControl
    providers: Mapping[str, GitProvider]
    clock: Clock

    async def __call__(self, actor: Actor, *, organization_id: UUID) -> Overview:
        """Return the overview; raises `OrganizationNotFound` or `ActionForbidden`."""
        organization = await self.access_control.require(actor, Action.READ, organization_id)
        now = self.clock.now()
        since = Bucket.HOUR.floor(now - _RANGE)
        async with self.unit_of_work() as tx:
            stored = {
                integration.provider: integration
                for integration in await tx.integrations.list_by_organization(organization.id)
            }
            integrations = [
                await load_view(tx, actor, organization, provider, stored.get(name), now=now)
                for name, provider in sorted(self.providers.items())
            ]
            counts = await tx.projects.count(organization.id)
            projects = await tx.projects.list_by_last_push(organization.id, limit=_MAX_PROJECTS)
            results = await tx.events.count_results(organization.id, since=since, until=now, bucket=Bucket.HOUR)
        figures = merge_figures(results, since)
        return Overview(integrations, counts, figures, projects, find_problems(integrations, counts, figures))
