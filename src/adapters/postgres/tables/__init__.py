"""Every table of the schema, by feature. The migrations create them; a test compares both."""

from adapters.postgres.tables import catalog, integrations, people, webhook_events
from adapters.postgres.tables.metadata import metadata

__all__ = ["catalog", "integrations", "metadata", "people", "webhook_events"]
