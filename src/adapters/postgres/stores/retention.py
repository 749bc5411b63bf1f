from datetime import datetime

from adapters.postgres.connection.session import Session
from ports.retention import RetentionStore

# Whoever comes second waits for the first to commit, and goes on where they ended.
_PLACE = """
    INSERT INTO git_retention (subject, reached_id) VALUES ('payloads', 0)
    ON CONFLICT (subject) DO UPDATE SET reached_id = git_retention.reached_id
    RETURNING reached_id
"""
# Ids grow with time, so what is old comes first: from where the last piece ended up to the first young one.
# Nobody would index the age of each delivery for this.
_EXPIRE_PAYLOADS = """
    WITH old AS (
        SELECT id, status FROM (
            SELECT id, status, created_at FROM git_webhook_events
            WHERE id > %(reached)s ORDER BY id LIMIT %(limit)s
        ) AS next
        WHERE created_at < %(before)s
    ), expired AS (
        UPDATE git_webhook_events AS e SET payload = NULL FROM old
        WHERE e.id = old.id AND e.payload IS NOT NULL AND old.status <> 'pending'
    ), moved AS (
        UPDATE git_retention SET reached_id = (SELECT max(id) FROM old)
        WHERE subject = 'payloads' AND EXISTS (SELECT FROM old)
    )
    SELECT count(*) FROM old
"""
# Only the first rows are looked at: where none of them is old, nothing is.
_FORGET_EVENTS = """
    DELETE FROM git_webhook_events WHERE id IN (
        SELECT id FROM (
            SELECT id, status, created_at FROM git_webhook_events ORDER BY id LIMIT %(limit)s
        ) AS first
        WHERE created_at < %(before)s AND status <> 'pending'
    )
"""
# They are recorded in the order of their ids.
_FORGET_DOMAIN_EVENTS = """
    DELETE FROM git_domain_events WHERE id IN (
        SELECT id FROM (
            SELECT id, recorded_at FROM git_domain_events ORDER BY id LIMIT %(limit)s
        ) AS first
        WHERE recorded_at < %(before)s AND id < (SELECT max(id) FROM git_domain_events)
    )
"""

_DELETE_ATTRIBUTIONS = """
    DELETE FROM git_commit_attributions WHERE id IN (
        SELECT id FROM (
            SELECT id, created_at FROM git_commit_attributions ORDER BY id LIMIT %(limit)s
        ) AS first
        WHERE created_at < %(before)s
    )
"""


class PostgresRetentionStore(RetentionStore):
    """Deletes along the primary keys, which grow with time."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def expire_payloads(self, *, before: datetime, limit: int) -> int:
        """Remove the bodies of the next old events."""
        [[reached]] = await self._session.write(_PLACE)
        wanted = {"reached": reached, "before": before, "limit": limit}
        [[count]] = await self._session.write(_EXPIRE_PAYLOADS, wanted)
        return int(count)

    async def forget_events(self, *, before: datetime, limit: int) -> int:
        """Remove the oldest events."""
        return await self._session.change(_FORGET_EVENTS, {"before": before, "limit": limit})

    async def forget_domain_events(self, *, before: datetime, limit: int) -> int:
        """Remove the oldest of what consumers were told."""
        return await self._session.change(_FORGET_DOMAIN_EVENTS, {"before": before, "limit": limit})

    async def delete_attributions(self, *, before: datetime, limit: int) -> int:
        """Delete the oldest attributions."""
        return await self._session.change(_DELETE_ATTRIBUTIONS, {"before": before, "limit": limit})
