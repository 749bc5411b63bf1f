from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from core.domain.events.attempt import Attempt, AttemptResult, to_attempt_result
from core.domain.events.event import EventResult, EventStatus
from core.domain.identifiers import EventId
from ports.events import EventAttemptStore
from testing.memory.database import Session, State


class MemoryEventAttemptStore(EventAttemptStore):
    """The attempts of webhook events in memory."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def list_by_event(self, event_id: EventId) -> Sequence[Attempt]:
        """Return the attempts of an event in their order."""
        return _list_attempts(self._session.state, event_id) if event_id in self._session.state.events else ()


def end_attempt(state: State, result: EventResult, *, started_at: datetime | None, ended_at: datetime) -> None:
    """Write how the newest attempt of an event ended; an event that stays pending has another one."""
    *earlier, newest = _list_attempts(state, result.event_id)
    ended = replace(
        newest,
        result=to_attempt_result(result),
        started_at=started_at,
        ended_at=ended_at,
        error_code=result.error_code,
        reason=result.reason,
        verdicts=result.verdicts,
    )
    state.attempts[result.event_id] = (*earlier, ended)
    if result.status is EventStatus.PENDING:
        begin_attempt(state, result.event_id)


def begin_attempt(state: State, event_id: EventId, requested_by: str | None = None) -> None:
    """Add a pending attempt after the others."""
    attempts = _list_attempts(state, event_id)
    state.attempts[event_id] = (*attempts, Attempt(len(attempts) + 1, AttemptResult.PENDING, requested_by))


def _list_attempts(state: State, event_id: EventId) -> tuple[Attempt, ...]:
    return state.attempts.get(event_id, (Attempt(1, AttemptResult.PENDING),))
