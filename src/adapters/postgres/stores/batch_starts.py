from collections.abc import Sequence
from uuid import UUID

from adapters.postgres.connection.packed_arrays import Bigints
from adapters.postgres.connection.session import Session
from core.domain.identifiers import EventId
from ports.batch_starts import BatchStartStore, UnfinishedBatch

# Not flushed at once: the record must survive this process, not the server, and a crash of the server is not
# counted as an attempt. The last part reads the row as it was before.
_RECORD = """
    WITH unflushed AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true)),
    recorded AS (
        INSERT INTO git_batch_starts AS s (lane, drain_id, event_ids, started_at)
        SELECT %(lane)s::smallint, %(drain_id)s::uuid, %(event_ids)s::bigint[], clock_timestamp()
        FROM unflushed
        ON CONFLICT (lane) DO UPDATE
        SET drain_id = excluded.drain_id, event_ids = excluded.event_ids, started_at = excluded.started_at
        WHERE s.event_ids IS NULL OR s.drain_id = excluded.drain_id
        RETURNING lane
    )
    SELECT drain_id, event_ids, started_at < pg_postmaster_start_time() FROM git_batch_starts
    WHERE lane = %(lane)s::smallint AND NOT EXISTS (SELECT FROM recorded)
"""
_FINISH = "UPDATE git_batch_starts SET event_ids = NULL WHERE lane = %s AND drain_id = %s"


class PostgresBatchStartStore(BatchStartStore):
    """One row for each lane, in `git_batch_starts`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def record(
        self, lane: int, event_ids: Sequence[EventId], *, drain_id: UUID
    ) -> UnfinishedBatch | None:
        """Record a start, in one round trip, or return the batch that another drain did not finish."""
        rows = await self._session.write_at_once(
            _RECORD, {"lane": lane, "drain_id": drain_id, "event_ids": Bigints(event_ids)}
        )
        return UnfinishedBatch(rows[0][0], tuple(rows[0][1]), rows[0][2]) if rows else None

    async def finish(self, lane: int, *, drain_id: UUID) -> None:
        """Record the end."""
        await self._session.change(_FINISH, (lane, drain_id))
