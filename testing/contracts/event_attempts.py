from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from core.domain.events.attempt import Attempt, AttemptResult
from core.domain.events.event import INTERRUPTED, EventResult, EventStatus, Outcome, Verdict, WebhookEvent
from core.domain.identifiers import EventId
from testing.builders.entities import INSTALLATION, now, time_ago
from testing.contracts.store_stage import StoreStage

_VERDICTS = (Verdict("event", Outcome.IGNORED, "why"),)


class EventAttemptContract:
    """Every store of attempts returns all attempts of an event, however they ended."""

    async def test_new_event_has_one_pending_attempt(self, stage: StoreStage) -> None:
        """An unknown event has none."""
        event = await stage.add_event()
        assert await _list(stage, event) == [Attempt(1, AttemptResult.PENDING)]
        async with stage.unit_of_work() as tx:
            assert list(await tx.event_attempts.list_by_event(EventId(404))) == []

    @pytest.mark.parametrize("status", [status for status in EventStatus if status is not EventStatus.PENDING])
    async def test_first_attempt_ends_with_the_event(self, stage: StoreStage, status: EventStatus) -> None:
        """With its times, verdicts and error."""
        event, started_at = await stage.add_event(), now()
        await _record(stage, EventResult(event.id, status, _VERDICTS, "why", error_code="boom"), started_at=started_at)
        [attempt] = await _list(stage, event)
        assert (attempt.result.value, attempt.verdicts, attempt.reason) == (status.value, _VERDICTS, "why")
        assert (attempt.started_at, attempt.error_code, attempt.requested_by) == (started_at, "boom", None)
        assert attempt.duration is not None
        assert timedelta(0) <= attempt.duration < timedelta(minutes=1)

    async def test_failed_attempts_stay_after_the_next_one(self, stage: StoreStage) -> None:
        """The next attempt is pending until it ends."""
        event = await stage.add_event()
        await _record(stage, _fail_again(event, "boom", "It broke."))
        first, waiting = await _list(stage, event)
        assert (first.number, first.result, first.error_code) == (1, AttemptResult.FAILED, "boom")
        assert (first.reason, first.requested_by) == ("It broke.", None)
        assert waiting == Attempt(2, AttemptResult.PENDING)
        await _record(stage, _fail_again(event, INTERRUPTED, "It ended."))
        await _record(stage, EventResult(event.id, EventStatus.PROCESSED, _VERDICTS))
        attempts = await _list(stage, event)
        assert attempts[0] == first
        assert [attempt.number for attempt in attempts] == [1, 2, 3]
        assert [attempt.result.value for attempt in attempts] == ["failed", "interrupted", "processed"]
        assert attempts[2].verdicts == _VERDICTS

    async def test_retries_keep_results_and_name_who_requested_them(self, stage: StoreStage) -> None:
        """Each attempt has its verdicts and its error; a retry names its actor also while it is pending."""
        event = await stage.add_event()
        await _record(stage, EventResult(event.id, EventStatus.FAILED, (), "It broke.", error_code="boom"))
        await _reopen(stage, event, "user:1")
        assert (await _list(stage, event))[1] == Attempt(2, AttemptResult.PENDING, "user:1")
        await _record(stage, EventResult(event.id, EventStatus.IGNORED, _VERDICTS, "why"))
        await _reopen(stage, event, "user:2")
        await _record(stage, EventResult(event.id, EventStatus.FAILED, (), "It ended.", error_code=INTERRUPTED))
        attempts = await _list(stage, event)
        assert [attempt.requested_by for attempt in attempts] == [None, "user:1", "user:2"]
        assert [attempt.result.value for attempt in attempts] == ["failed", "ignored", "interrupted"]
        assert [attempt.error_code for attempt in attempts] == ["boom", None, INTERRUPTED]
        assert [attempt.reason for attempt in attempts] == ["It broke.", "why", "It ended."]
        assert [attempt.verdicts for attempt in attempts] == [(), _VERDICTS, ()]

    async def test_automatic_attempt_after_a_retry_was_not_requested(self, stage: StoreStage) -> None:
        """Only the attempt that follows the request names its actor."""
        event = await stage.add_event()
        await _record(stage, EventResult(event.id, EventStatus.FAILED, error_code="boom"))
        await _reopen(stage, event, "user:1")
        await _record(stage, _fail_again(event, "boom", "It broke."))
        await _record(stage, EventResult(event.id, EventStatus.PROCESSED))
        attempts = await _list(stage, event)
        assert [attempt.requested_by for attempt in attempts] == [None, "user:1", None]

    async def test_connecting_the_installation_begins_an_attempt(self, stage: StoreStage) -> None:
        """The attempt without a connected installation stays, also if the event is too old for another one."""
        young, old = await stage.add_event(), await stage.add_event(received_at=time_ago(hours=73))
        for event in (young, old):
            await _record(stage, EventResult(event.id, EventStatus.UNROUTED, reason="installation_unknown"))
        await stage.add_integration(provider_id=str(INSTALLATION))
        async with stage.unit_of_work() as tx:
            assert await tx.event_queue.reopen_unrouted(now=now()) == 1
            await tx.commit()
        results = [[attempt.result.value for attempt in await _list(stage, event)] for event in (young, old)]
        assert results == [["unrouted", "pending"], ["unrouted", "ignored"]]

    async def test_attempts_are_deleted_with_their_event(self, stage: StoreStage) -> None:
        """Retention leaves no attempt behind."""
        event = await stage.add_event(received_at=time_ago(hours=2))
        await _record(stage, EventResult(event.id, EventStatus.FAILED, error_code="boom"))
        await _reopen(stage, event, "user:1")
        await _record(stage, EventResult(event.id, EventStatus.PROCESSED))
        async with stage.unit_of_work() as tx:
            assert await tx.housekeeping.delete_events(before=time_ago(hours=1), limit=10) == 1
            await tx.commit()
        assert await _list(stage, event) == []

    async def test_rollback_changes_no_attempt(self, stage: StoreStage) -> None:
        """Attempts are part of the transaction."""
        event = await stage.add_event()
        async with stage.unit_of_work() as tx:
            await tx.event_queue.record_results([_fail_again(event, "boom", "It broke.")])
        assert await _list(stage, event) == [Attempt(1, AttemptResult.PENDING)]


def _fail_again(event: WebhookEvent, code: str, message: str) -> EventResult:
    return EventResult(event.id, EventStatus.PENDING, (), message, attempts=1, next_attempt_at=now(), error_code=code)


async def _list(stage: StoreStage, event: WebhookEvent) -> Sequence[Attempt]:
    async with stage.unit_of_work() as tx:
        return list(await tx.event_attempts.list_by_event(event.id))


async def _record(stage: StoreStage, result: EventResult, *, started_at: datetime | None = None) -> None:
    async with stage.unit_of_work() as tx:
        await tx.event_queue.record_results([result], started_at=started_at)
        await tx.commit()


async def _reopen(stage: StoreStage, event: WebhookEvent, requested_by: str) -> None:
    async with stage.unit_of_work() as tx:
        assert await tx.events.reopen([event.id], now=now(), requested_by=requested_by) == [event.id]
        await tx.commit()
