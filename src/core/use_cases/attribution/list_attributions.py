from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from core.domain.actors import Actor
from core.domain.attribution.views import AttributionFilter, AttributionView
from core.domain.permissions import Action
from core.use_cases.authorization import require_in
from ports.authorizer import Authorizer
from ports.directory import Directory
from ports.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class AttributionPage:
    """One page of attributions; the following page holds those below `next`."""

    attributions: Sequence[AttributionView]
    next: int | None


@dataclass(frozen=True, slots=True)
class ListAttributions:
    """List whose the commits of an organization are, the latest told first."""

    unit_of_work: UnitOfWork
    directory: Directory
    authorizer: Authorizer

    async def __call__(
        self,
        actor: Actor,
        *,
        organization_id: UUID,
        where: AttributionFilter,
        limit: int = 50,
        before: int | None = None,
    ) -> AttributionPage:
        """Return at most `limit`, those below `before` only; nobody is named who is no member now.

        A project that is not this organization's has none.
        Raises `OrganizationNotFound` or `ActionForbidden`.
        """
        organization = await require_in(self.directory, self.authorizer, actor, Action.READ, organization_id)
        async with self.unit_of_work() as tx:
            found = await tx.attributions.list_attributions(organization.id, where, limit=limit + 1, before=before)
        return AttributionPage(found[:limit], found[limit - 1].id if len(found) > limit else None)
