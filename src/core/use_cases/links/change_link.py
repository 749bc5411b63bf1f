from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from core.domain.actors import Actor
from core.domain.audit import Change
from core.domain.links.link import LinkChoices, apply_choices, normalize_choices
from core.domain.links.views import LinkView
from core.domain.permissions import Action
from core.use_cases.authorization import AccessControl
from core.use_cases.links.queries import get_link, get_project, get_project_for_update, load_link_views
from ports.provider import GitProvider
from ports.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class ShowLink:
    """Show which repository a project is linked to, and whether the repository is available."""

    unit_of_work: UnitOfWork
    access_control: AccessControl
    providers: Mapping[str, GitProvider]

    async def __call__(self, actor: Actor, *, organization_id: UUID, project_id: UUID, provider: str) -> LinkView:
        """Return the link.

        Raises `ProjectNotLinked`, `ProjectNotFound`, `ProviderUnknown`, `OrganizationNotFound` or
        `ActionForbidden`.
        """
        organization = await self.access_control.require(actor, Action.READ, organization_id, provider)
        async with self.unit_of_work() as tx:
            project = await get_project(tx, organization, project_id)
            link = await get_link(tx, project, provider)
            [view] = await load_link_views(tx, actor, organization, [link], self.providers)
        return view


@dataclass(frozen=True, slots=True)
class ChangeLink:
    """Change the settings of a link. The repository need not be available."""

    unit_of_work: UnitOfWork
    access_control: AccessControl
    providers: Mapping[str, GitProvider]

    async def __call__(
        self, actor: Actor, *, organization_id: UUID, project_id: UUID, provider: str, choices: LinkChoices
    ) -> LinkView:
        """Return the link with these settings; raises `LinkInvalid` and what `ShowLink` raises."""
        organization = await self.access_control.require(actor, Action.LINK, organization_id, provider)
        choices = normalize_choices(choices)
        async with self.unit_of_work() as tx:
            project, _ = await get_project_for_update(tx, organization, project_id, provider)
            link = await get_link(tx, project, provider)
            changed = apply_choices(link, choices)
            if changed != link:
                await tx.links.apply([Change(link, changed, actor)])
                changed = await get_link(tx, project, provider)
            [view] = await load_link_views(tx, actor, organization, [changed], self.providers)
            await tx.commit()
        return view
