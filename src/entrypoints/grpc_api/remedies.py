from uuid import UUID

from core.domain.integrations import views as integration_views
from crewkit.git.v1.integrations_pb2 import Remedy
from entrypoints.edge.remedies import action_of


def remedy(
    known: integration_views.Remedy | None, provider: str, organization_id: UUID, manage_url: str | None
) -> Remedy | None:
    """Convert a remedy to its message, with the texts that REST uses."""
    action = action_of(known, provider, organization_id, manage_url)
    if action is None:
        return None
    return Remedy(code=action.code.value, message=action.message, url=action.url)
