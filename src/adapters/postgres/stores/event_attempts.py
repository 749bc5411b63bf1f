from collections.abc import Sequence

import msgspec

from adapters.postgres.connection.session import Row, Session
from adapters.postgres.rows.event_attempts import NEXT_NUMBER, RESULT
from adapters.postgres.rows.sql import render
from core.domain.events.attempt import Attempt, AttemptResult
from core.domain.events.event import Verdict
from core.domain.identifiers import EventId
from ports.events import EventAttemptStore

_LIST = render(
    """
    SELECT number, result, requested_by, started_at, ended_at, error_code, error_message, verdicts::text
    FROM git_webhook_event_attempts WHERE git_webhook_event_id = %(event_id)s
    UNION ALL
    SELECT {number}, {result}, e.requested_by, e.started_at, e.processed_at, e.error_code, e.error_message,
        e.verdicts::text
    FROM git_webhook_events AS e WHERE e.id = %(event_id)s
    ORDER BY number
    """,
    number=NEXT_NUMBER,
    result=RESULT,
)
_verdicts = msgspec.json.Decoder(tuple[Verdict, ...])


class PostgresEventAttemptStore(EventAttemptStore):
    """The table `git_webhook_event_attempts`, and the newest attempt in `git_webhook_events`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def list_by_event(self, event_id: EventId) -> Sequence[Attempt]:
        """Return the attempts of an event in their order."""
        return [_to_attempt(row) for row in await self._session.read(_LIST, {"event_id": event_id})]


def _to_attempt(row: Row) -> Attempt:
    number, result, requested_by, started_at, ended_at, error_code, error_message, verdicts = row
    if result == AttemptResult.PENDING.value:
        # While an event waits for another attempt, its row still has the error message of the last one.
        return Attempt(number, AttemptResult.PENDING, requested_by)
    return Attempt(
        number=number,
        result=AttemptResult(result),
        requested_by=requested_by,
        started_at=started_at,
        ended_at=ended_at,
        error_code=error_code,
        reason=error_message,
        verdicts=_verdicts.decode(verdicts) if verdicts else (),
    )
