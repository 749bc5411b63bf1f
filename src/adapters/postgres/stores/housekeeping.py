from collections.abc import Mapping
from datetime import datetime

from adapters.postgres.connection.packed_arrays import Texts, Timestamps
from adapters.postgres.connection.session import Session
from ports.housekeeping import MAX_COUNT, BacklogGauges, HousekeepingStore

# Each count uses a separate index and ends at the maximum. Status 0 is active, 1 suspended.
_COUNT_BACKLOG = """
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
# Returns a row if the fault was not recorded, or so long ago that it is forgotten.
_RECORD_NEW_FAULT = """
    INSERT INTO git_faults AS f (fault, met_at) VALUES (%s, %s)
    ON CONFLICT (fault) DO UPDATE SET met_at = excluded.met_at WHERE f.met_at < %s
    RETURNING true
"""
_RECORD_KNOWN_FAULT = "UPDATE git_faults SET met_at = greatest(met_at, %s) WHERE fault = %s"
_END_FAULT = "DELETE FROM git_faults WHERE fault = %s"
# The rows are sorted by fingerprint, so that two processes that write at once do not deadlock.
_RECORD_USES = """
    INSERT INTO webhook_secret_uses (fingerprint, last_used_at)
    SELECT * FROM unnest(%s::text[], %s::timestamptz[]) AS used (fingerprint, last_used_at)
    ON CONFLICT (fingerprint) DO UPDATE
    SET last_used_at = greatest(webhook_secret_uses.last_used_at, excluded.last_used_at)
"""
_LOAD_USES = "SELECT fingerprint, last_used_at FROM webhook_secret_uses"
# This locks the row, so that a second process waits and then continues where the first process ended.
_LOCK_REACHED_ID = """
    INSERT INTO git_retention (subject, reached_id) VALUES ('payloads', 0)
    ON CONFLICT (subject) DO UPDATE SET reached_id = git_retention.reached_id
    RETURNING reached_id
"""
# Ids grow with time, so the scan starts where the last one ended and stops at the first young event. No index
# on the time of each delivery is needed.
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
# Only the rows with the lowest ids are read: if none of them is old, no row is.
_DELETE_EVENTS = """
    DELETE FROM git_webhook_events WHERE id IN (
        SELECT id FROM (
            SELECT id, status, created_at FROM git_webhook_events ORDER BY id LIMIT %(limit)s
        ) AS first
        WHERE created_at < %(before)s AND status <> 'pending'
    )
"""
_DELETE_COUNTS = """
    WITH days AS (DELETE FROM git_webhook_event_days WHERE day < %(before)s)
    DELETE FROM git_webhook_event_counts WHERE hour < %(before)s
"""
# Domain events are recorded in the order of their ids.
_DELETE_DOMAIN_EVENTS = """
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


class PostgresHousekeepingStore(HousekeepingStore):
    """The tables `git_faults`, `webhook_secret_uses` and `git_retention`, and old rows of other tables."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def count_backlog(self, *, now: datetime) -> BacklogGauges:
        """Count in one statement."""
        [row] = await self._session.read(_COUNT_BACKLOG, {"most": MAX_COUNT, "now": now})
        pending, failed, unrouted, suspended, revocations, oldest_sync = row
        return BacklogGauges(
            pending_events=pending,
            failed_events=failed,
            unrouted_events=unrouted,
            suspended_integrations=suspended,
            pending_revocations=revocations,
            oldest_sync_seconds=oldest_sync,
        )

    async def record_fault(self, fault: str, *, at: datetime, forgotten_before: datetime) -> bool:
        """Record that a fault occurred, and return whether the fault is new."""
        if await self._session.write(_RECORD_NEW_FAULT, (fault, at, forgotten_before)):
            return True
        await self._session.change(_RECORD_KNOWN_FAULT, (at, fault))
        return False

    async def end_fault(self, fault: str) -> None:
        """Delete a fault."""
        await self._session.change(_END_FAULT, (fault,))

    async def record_secret_uses(self, uses: Mapping[str, datetime]) -> None:
        """Store the last use of each fingerprint; an earlier time changes nothing."""
        if uses:
            fingerprints = sorted(uses)
            times = [uses[fingerprint] for fingerprint in fingerprints]
            await self._session.change(_RECORD_USES, (Texts(fingerprints), Timestamps(times)))

    async def load_secret_uses(self) -> Mapping[str, datetime]:
        """Return the last use of each fingerprint."""
        return dict(await self._session.read(_LOAD_USES))

    async def expire_payloads(self, *, before: datetime, limit: int) -> int:
        """Delete the payloads of the next old events."""
        [[reached]] = await self._session.write(_LOCK_REACHED_ID)
        values = {"reached": reached, "before": before, "limit": limit}
        [[count]] = await self._session.write(_EXPIRE_PAYLOADS, values)
        return int(count)

    async def delete_events(self, *, before: datetime, limit: int) -> int:
        """Delete the oldest events and, with the last of them, the counts of their hours."""
        deleted = await self._session.change(_DELETE_EVENTS, {"before": before, "limit": limit})
        if deleted < limit:
            await self._session.change(_DELETE_COUNTS, {"before": before})
        return deleted

    async def delete_domain_events(self, *, before: datetime, limit: int) -> int:
        """Delete the oldest domain events, except the newest one."""
        return await self._session.change(_DELETE_DOMAIN_EVENTS, {"before": before, "limit": limit})

    async def delete_attributions(self, *, before: datetime, limit: int) -> int:
        """Delete the oldest attributions."""
        return await self._session.change(_DELETE_ATTRIBUTIONS, {"before": before, "limit": limit})
