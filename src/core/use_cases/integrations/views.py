from datetime import datetime

from core.domain.actors import Actor
from core.domain.integrations.integration import Integration
from core.domain.integrations.views import IntegrationView, view_of
from core.domain.organizations import Organization
from core.use_cases.integrations.manage_pages import find_manage_url
from ports.provider import GitProvider
from ports.unit_of_work import Transaction


async def look(
    tx: Transaction,
    actor: Actor,
    organization: Organization,
    provider: GitProvider,
    integration: Integration | None,
    *,
    now: datetime,
) -> IntegrationView:
    """Return what people are told of an integration just loaded, or of there being none."""
    # A request counts only where nothing is connected, which is seldom: the others are spared the question.
    is_live = integration is not None and not integration.is_revoked
    pending = None if is_live else await tx.flows.pending_of(organization.id, provider.name)
    return view_of(
        provider.name,
        integration,
        pending,
        lacks_permissions=integration is not None and not provider.needs.are_met_by(integration.permissions),
        manage_url=await find_manage_url(tx, actor, provider, integration) if integration else None,
        now=now,
    )
