"""What tests of syncing do and look at again and again."""

from core.domain.integrations.integration import Integration
from core.domain.streams.domain_event import RecordedEvent
from core.use_cases.catalog.sync_catalog import SyncOutcome
from testing.builders.entities import Fact, time_ago
from tests.support.scenarios.catalog import Catalog

SYNCED: dict[str, Fact] = {"synced_at": time_ago(hours=1), "sync_requested_at": time_ago(minutes=1)}


async def sync_now(catalog: Catalog, integration: Integration) -> SyncOutcome:
    """Sync one integration as it is now."""
    return (await catalog.sync(await catalog.read(integration))).outcome


def names(recorded: list[RecordedEvent]) -> list[tuple[str, str]]:
    """Return type and repository of facts about repositories and links."""
    return [(fact.type.value, fact.data.repo_id) for fact in recorded if hasattr(fact.data, "repo_id")]
