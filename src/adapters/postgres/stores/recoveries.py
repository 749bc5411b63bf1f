from collections.abc import Sequence
from datetime import datetime

from adapters.postgres.connection.packed_arrays import Bigints, Booleans, Smallints, Texts, Timestamps
from adapters.postgres.connection.session import Session
from core.domain.deliveries.recovery import FailedFetch, MissingDelivery, RecoveryState
from ports.recoveries import RecoveryStore

_STATE = """
    SELECT r.compared_until, r.compared_at, m.missing, m.given_up
    FROM (
        SELECT count(*) FILTER (WHERE next_attempt_at IS NOT NULL) AS missing,
            count(*) FILTER (WHERE next_attempt_at IS NULL) AS given_up
        FROM git_missing_deliveries WHERE provider = %(provider)s
    ) AS m
    LEFT JOIN git_recoveries AS r ON r.provider = %(provider)s
"""
# In one order, so that concurrent comparisons cannot deadlock.
_COMPARE = """
    INSERT INTO git_missing_deliveries AS m
        (provider, delivery_id, logged_id, event_type, delivered_at, acted_on, next_attempt_at)
    SELECT provider, delivery_id, logged_id, event_type, delivered_at, acted_on, now()
    FROM unnest(%s::text[], %s::text[], %s::bigint[], %s::text[], %s::timestamptz[], %s::bool[])
        AS l (provider, delivery_id, logged_id, event_type, delivered_at, acted_on)
    WHERE NOT EXISTS (
        SELECT FROM git_webhook_events AS e
        WHERE e.delivery_id = l.delivery_id AND e.provider = l.provider
    )
    ORDER BY delivery_id, provider
    ON CONFLICT (delivery_id, provider) DO UPDATE
    SET logged_id = greatest(m.logged_id, excluded.logged_id),
        delivered_at = least(m.delivered_at, excluded.delivered_at)
    RETURNING provider, delivery_id, xmax = 0
"""
_COMPARED = """
    INSERT INTO git_recoveries AS r (provider, compared_until, compared_at) VALUES (%s, %s, %s)
    ON CONFLICT (provider) DO UPDATE
    SET compared_until = greatest(r.compared_until, excluded.compared_until),
        compared_at = greatest(r.compared_at, excluded.compared_at)
"""
_DUE = """
    SELECT provider, delivery_id, logged_id, event_type, delivered_at, acted_on, attempts
    FROM git_missing_deliveries
    WHERE provider = %s AND next_attempt_at <= %s
    ORDER BY acted_on DESC, delivered_at, logged_id LIMIT %s
"""
_FAIL = """
    UPDATE git_missing_deliveries AS m
    SET attempts = f.attempts, reason = f.reason, next_attempt_at = f.next_attempt_at, updated_at = now()
    FROM unnest(%s::text[], %s::smallint[], %s::text[], %s::timestamptz[])
        AS f (delivery_id, attempts, reason, next_attempt_at)
    WHERE m.delivery_id = f.delivery_id AND m.provider = %s
"""
_DELETE_RESOLVED = """
    WITH arrived AS (
        DELETE FROM git_missing_deliveries AS m
        USING git_webhook_events AS e
        WHERE m.provider = %(provider)s AND e.delivery_id = m.delivery_id AND e.provider = m.provider
        RETURNING m.delivery_id
    ), forgotten AS (
        DELETE FROM git_missing_deliveries
        WHERE provider = %(provider)s AND next_attempt_at IS NULL AND updated_at < %(before)s
    )
    SELECT count(*) FROM arrived
"""


class PostgresRecoveryStore(RecoveryStore):
    """The tables `git_recoveries` and `git_missing_deliveries`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def get_state(self, provider: str) -> RecoveryState:
        """Return the state of recovery, with current counts."""
        [(until, at, missing, given_up)] = await self._session.read(_STATE, {"provider": provider})
        return RecoveryState(until, at, missing, given_up)

    async def record_logged(self, logged: Sequence[MissingDelivery]) -> Sequence[MissingDelivery]:
        """Store the deliveries that are not webhook events, in one statement; return the new ones."""
        rows = await self._session.write(
            _COMPARE,
            (
                Texts([delivery.provider for delivery in logged]),
                Texts([delivery.delivery_id for delivery in logged]),
                Bigints([delivery.logged_id for delivery in logged]),
                Texts([delivery.event_type for delivery in logged]),
                Timestamps([delivery.delivered_at for delivery in logged]),
                Booleans([delivery.acted_on for delivery in logged]),
            ),
        )
        new = {(provider, delivery_id) for provider, delivery_id, is_new in rows if is_new}
        return [delivery for delivery in logged if (delivery.provider, delivery.delivery_id) in new]

    async def record_comparison(self, provider: str, *, until: datetime | None, at: datetime) -> None:
        """Advance the times of the comparison; they never decrease."""
        await self._session.change(_COMPARED, (provider, until, at))

    async def list_due(self, provider: str, *, now: datetime, limit: int) -> Sequence[MissingDelivery]:
        """Return missing deliveries to fetch now: events that this service processes first, then the oldest first."""
        rows = await self._session.read(_DUE, (provider, now, limit))
        return [MissingDelivery(*row) for row in rows]

    async def record_failures(self, provider: str, failures: Sequence[FailedFetch]) -> None:
        """Record failed fetches, in one statement."""
        if failures:
            await self._session.change(
                _FAIL,
                (
                    Texts([failure.delivery_id for failure in failures]),
                    Smallints([failure.attempts for failure in failures]),
                    Texts([failure.reason for failure in failures]),
                    Timestamps([failure.next_attempt_at for failure in failures]),
                    provider,
                ),
            )

    async def delete_resolved(self, provider: str, *, forget_before: datetime) -> int:
        """Delete the rows of deliveries that are stored now, and of those given up long ago."""
        [(arrived,)] = await self._session.write(_DELETE_RESOLVED, {"provider": provider, "before": forget_before})
        return int(arrived)
