from datetime import datetime

from adapters.postgres.connection.session import Session
from core.domain.events.backlog import MOST, Census
from ports.census import CensusStore

# Each by an index that holds nothing else, and no further than matters. Status 0 is active, 1 suspended.
_TAKE = """
    SELECT
        (SELECT count(*) FROM (
            SELECT FROM git_webhook_events WHERE status = 'pending' LIMIT %(most)s) AS counted),
        (SELECT count(*) FROM (
            SELECT FROM git_webhook_events WHERE status = 'failed' LIMIT %(most)s) AS counted),
        (SELECT count(*) FROM (
            SELECT FROM git_webhook_events WHERE status = 'unrouted' LIMIT %(most)s) AS counted),
        (SELECT count(*) FROM git_integrations WHERE status = 1),
        (SELECT count(*) FROM git_token_revocations),
        (SELECT coalesce(extract(epoch FROM %(now)s - min(synced_at)), 0)::float8
            FROM git_integrations WHERE status = 0)
"""


class PostgresCensusStore(CensusStore):
    """In one statement."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def take(self, *, now: datetime) -> Census:
        """Count."""
        [row] = await self._session.read(_TAKE, {"most": MOST, "now": now})
        return Census(*row)
