from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from core.domain.deliveries.recovery import FailedFetch, MissingDelivery, RecoveryState
from ports.recoveries import RecoveryStore
from testing.memory.database import Session, State

_Key = tuple[str, str]


class MemoryRecoveryStore(RecoveryStore):
    """How far logs were compared, and what is missing, in memory."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def get_state(self, provider: str) -> RecoveryState:
        """Return where recovery stands, counted now."""
        state = self._session.state
        known = [key for key in state.missing if key[0] == provider]
        given_up = sum(_is_given_up(state, key) for key in known)
        compared = state.recoveries.get(provider, RecoveryState())
        return replace(compared, missing=len(known) - given_up, given_up=given_up)

    async def record_logged(self, logged: Sequence[MissingDelivery]) -> Sequence[MissingDelivery]:
        """Store the deliveries that are not webhook events; return the newly missing ones."""
        state, new = await self._session.writable(), []
        kept = _list_stored(state)
        for item in logged:
            key = item.provider, item.delivery_id
            if key in kept:
                continue
            known = state.missing.get(key)
            if known is None:
                new.append(item)
                state.missing[key] = item
            else:
                state.missing[key] = replace(
                    known,
                    logged_id=max(known.logged_id, item.logged_id),
                    delivered_at=min(known.delivered_at, item.delivered_at),
                )
        return new

    async def record_comparison(self, provider: str, *, until: datetime | None, at: datetime) -> None:
        """Move the marks forward; they never go back."""
        recoveries = (await self._session.writable()).recoveries
        known = recoveries.get(provider, RecoveryState())
        recoveries[provider] = RecoveryState(_later(known.compared_until, until), _later(known.compared_at, at))

    async def list_due(self, provider: str, *, now: datetime, limit: int) -> Sequence[MissingDelivery]:
        """Return missing ones to ask for now, those acted on before others, then the oldest first."""
        state = self._session.state
        due = [item for key, item in state.missing.items() if item.provider == provider and _is_due(state, key, now)]
        return sorted(due, key=lambda item: (not item.acted_on, item.delivered_at, item.logged_id))[:limit]

    async def record_failures(self, provider: str, failures: Sequence[FailedFetch]) -> None:
        """Write down failed fetches of those still missing."""
        state = await self._session.writable()
        for failure in failures:
            key = provider, failure.delivery_id
            if key in state.missing:
                state.missing[key] = replace(state.missing[key], attempts=failure.attempts)
                state.failed_fetches[key] = failure, self._session.database.now()

    async def delete_resolved(self, provider: str, *, forget_before: datetime) -> int:
        """Delete deliveries that are stored by now, and old given-up ones."""
        state = await self._session.writable()
        of_provider = {key for key in state.missing if key[0] == provider}
        arrived = of_provider & _list_stored(state)
        forgotten = {
            key for key in of_provider if _is_given_up(state, key) and state.failed_fetches[key][1] < forget_before
        }
        for key in arrived | forgotten:
            del state.missing[key]
            state.failed_fetches.pop(key, None)
        return len(arrived)


def _list_stored(state: State) -> set[_Key]:
    return {(event.provider, event.delivery_id) for event in state.events.values()}


def _is_given_up(state: State, key: _Key) -> bool:
    return key in state.failed_fetches and state.failed_fetches[key][0].next_attempt_at is None


def _is_due(state: State, key: _Key, now: datetime) -> bool:
    if key not in state.failed_fetches:
        return True
    next_attempt_at = state.failed_fetches[key][0].next_attempt_at
    return next_attempt_at is not None and next_attempt_at <= now


def _later(item: datetime | None, other: datetime | None) -> datetime | None:
    return max(item, other) if item and other else item or other
