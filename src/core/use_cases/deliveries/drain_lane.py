from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import Enum
from itertools import takewhile
from uuid import UUID, uuid4

from core.domain.errors import DomainError, StorageUnavailable
from core.domain.events.event import EnvelopeUnreadable, Event, EventStatus, PayloadExpired, Settlement, failed_attempt
from core.domain.events.interpretation import interpret, unrouted
from core.domain.events.provider_events import Notice
from core.use_cases.deliveries.event_batch import World, populate, route
from core.use_cases.deliveries.poison_events import DatabaseLost, Interruptions, PoisonEvents
from ports.alerts import Alerts
from ports.clock import Clock
from ports.doorbell import Doorbell
from ports.mailbox import Letter, UnfinishedBatch
from ports.metrics import Metrics
from ports.unit_of_work import Transaction, UnitOfWork
from ports.webhooks import WebhookProtocol

_BATCH = 256
_BATCH_BYTES = 8 * 1024 * 1024
_LONGEST = timedelta(seconds=30)


class DrainResult(Enum):
    """How a drain ended."""

    EMPTY = "empty"
    HELD_ELSEWHERE = "held_elsewhere"
    OUT_OF_TIME = "out_of_time"


class _Step(Enum):
    SETTLED = "settled"
    NOTHING_DUE = "nothing_due"
    REFUSED = "refused"


class _Unsettled(Exception):
    """These events were read and could not be settled; nothing of them was kept."""

    def __init__(self, events: Sequence[Event], error: Exception) -> None:
        super().__init__(str(error))
        self.events = events
        self.error = error


@dataclass(frozen=True, slots=True)
class DrainLane:
    """Process what is due in one lane: in order, in batches, each effect exactly once.

    Everything a batch does is one transaction that also holds the lane, so a worker killed in the middle
    leaves nothing behind but the record that it started (`Interruptions`). A drain refused by the lane's lock
    ends at once and relies on the drain that holds the lock. Therefore a drain that finds no due event first
    releases the lock and then reads once more: while it holds the lock, it could refuse another drain.
    """

    unit_of_work: UnitOfWork
    protocols: Mapping[str, WebhookProtocol]
    doorbell: Doorbell
    clock: Clock
    metrics: Metrics
    alerts: Alerts
    poison_events: PoisonEvents = field(default_factory=PoisonEvents)
    interruptions: Interruptions = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "interruptions", Interruptions(self.unit_of_work, self.poison_events))

    async def __call__(self, lane: int) -> DrainResult:
        """Drain until nothing is due or 30 seconds are over; raises `StorageUnavailable`."""
        await self.doorbell.answer(lane)
        started = self.clock.now()
        drain_id = uuid4()
        while True:
            step = await self._batch(lane, drain_id)
            if step is _Step.REFUSED:
                return DrainResult.HELD_ELSEWHERE
            if step is _Step.NOTHING_DUE and not await self._is_due(lane):
                return DrainResult.EMPTY
            if self.clock.now() - started >= _LONGEST:
                await self.doorbell.ring_due([lane])
                return DrainResult.OUT_OF_TIME

    async def _is_due(self, lane: int) -> bool:
        async with self.unit_of_work() as tx:
            return bool(await tx.mailbox.due(lane, now=self.clock.now(), limit=1, max_bytes=0))

    async def _batch(self, lane: int, drain_id: UUID) -> _Step:
        try:
            return await self._settle(lane, drain_id, self.poison_events.limit(lane, _BATCH))
        except _Unsettled as failed:
            if len(failed.events) == 1:
                return await self._count_failure(lane, drain_id, failed)
        # Any one of them may have broken the batch: run them apart, so that only that one pays.
        for _ in range(_BATCH):
            try:
                step = await self._settle(lane, drain_id, 1)
            except _Unsettled as failed:
                step = await self._count_failure(lane, drain_id, failed)
            if step is not _Step.SETTLED:
                return step
        return _Step.SETTLED

    async def _settle(self, lane: int, drain_id: UUID, limit: int) -> _Step:
        events: list[Event] = []
        try:
            async with self.unit_of_work() as tx:
                if not await tx.mailbox.try_lock(lane):
                    return _Step.REFUSED
                now = self.clock.now()
                letters = await tx.mailbox.due(lane, now=now, limit=limit, max_bytes=_BATCH_BYTES)
                if not letters:
                    self.poison_events.forget(lane)
                    return _Step.NOTHING_DUE
                letters = _first_batch(letters)
                events = [letter.event for letter in letters]
                unfinished = await self.interruptions.record_start(lane, events, drain_id=drain_id)
                if unfinished is not None:
                    events = []
                    return await self._count_interruption(tx, lane, unfinished)
                self.poison_events.check(lane, events)
                world = await self._interpreted(tx, letters)
                await world.write(tx)
                await tx.mailbox.record_batch_end(lane, drain_id=drain_id)
                await tx.commit()
        except Exception as error:
            if not events:
                raise
            if isinstance(error, StorageUnavailable):
                # An outage is no event's fault and counts no attempt.
                self.poison_events.lost(lane, events)
                await self.interruptions.withdraw_start(lane, drain_id=drain_id)
                raise
            raise _Unsettled(events, error) from error
        self.poison_events.settled(lane, events)
        self._tell(events, world.settlements)
        return _Step.SETTLED

    async def _interpreted(self, tx: Transaction, letters: Sequence[Letter]) -> World:
        world = await route(tx, [letter.event for letter in letters], self.clock.now())
        read: list[tuple[Event, Notice | Settlement]] = []
        for letter in letters:
            try:
                read.append((letter.event, self._read(world, letter)))
            except (EnvelopeUnreadable, PayloadExpired) as error:
                # Trying again changes nothing, and the rest of the batch need not pay for it.
                read.append((letter.event, _failure(world, letter.event, error.message, final=True)))
        notices = [(event, notice) for event, notice in read if not isinstance(notice, Settlement)]
        await populate(tx, world, notices)
        for event, notice in read:
            if isinstance(notice, Settlement):
                world.settlements.append(notice)
            else:
                world.take(event, interpret(event, notice, world.view(event, notice)))
        return world

    def _read(self, world: World, letter: Letter) -> Notice | Settlement:
        event = letter.event
        is_waiting = event.source_key is not None and world.integration_of(event) is None
        if is_waiting and event.repo_id is not None:
            # Nobody can be told of a repository whose installation is unknown: not worth decoding. Should an
            # event before it in this batch bind the installation, writing the batch makes it due again.
            return unrouted().settlement(event, None)
        if letter.body is None:
            raise PayloadExpired(
                "The payload was deleted at the end of its retention period, so the event cannot be processed again."
            )
        return self.protocols[event.provider].read(event.event_type, letter.body)

    async def _count_interruption(self, tx: Transaction, lane: int, batch: UnfinishedBatch) -> _Step:
        counted = await self.interruptions.count(tx, lane, batch, now=self.clock.now())
        await tx.commit()
        self.alerts.alert(
            "processing_interrupted",
            "A worker process ended while it processed webhook events. The events are now processed one at a "
            "time. Search the worker's log for a crash or an out-of-memory kill.",
            lane=lane,
            events=len(batch.event_ids),
            delivery_id=counted[0].delivery_id if counted else None,
        )
        if counted:
            event, settlement = counted
            self._tell([event], [settlement])
        return _Step.SETTLED

    async def _count_failure(self, lane: int, drain_id: UUID, failed: _Unsettled) -> _Step:
        async with self.unit_of_work() as tx:
            if not await tx.mailbox.try_lock(lane):
                return _Step.REFUSED
            world = await route(tx, failed.events, self.clock.now())
            is_final = isinstance(failed.error, DatabaseLost)
            settlement = _failure(world, failed.events[0], _message(failed.error), final=is_final)
            await tx.mailbox.settle([settlement])
            await tx.mailbox.record_batch_end(lane, drain_id=drain_id)
            await tx.commit()
        self.poison_events.settled(lane, failed.events)
        self._tell(failed.events, [settlement])
        return _Step.SETTLED

    def _tell(self, events: Sequence[Event], settlements: Sequence[Settlement]) -> None:
        for status, count in Counter(one.status for one in settlements).items():
            self.metrics.settled(status, count)
        failed = {one.event_id for one in settlements if one.status is EventStatus.FAILED}
        for event in events:
            if event.id in failed:
                self.alerts.alert(
                    "event_failed",
                    "A webhook event failed. To see the error, run `crewkit-git events show DELIVERY_ID`.",
                    delivery_id=event.delivery_id,
                    event_type=event.event_type,
                    installation_id=event.source_key,
                )


def _first_batch(letters: Sequence[Letter]) -> Sequence[Letter]:
    """Return the letters to process together: one that failed before is processed alone."""
    if letters[0].event.attempts:
        return letters[:1]
    return list(takewhile(lambda letter: not letter.event.attempts, letters))


def _failure(world: World, event: Event, message: str, *, final: bool = False) -> Settlement:
    """Count a failed attempt where the event's organization sees it."""
    owner = world.integration_of(event)
    settlement = failed_attempt(event, message, now=world.now, final=final)
    return replace(settlement, integration_id=owner.id if owner else None)


def _message(error: Exception) -> str:
    if isinstance(error, DomainError):
        return error.message
    if isinstance(error, DatabaseLost):
        return str(error)
    # The first line names the fault; what follows in a database's message may quote the row.
    return f"{type(error).__name__}: {str(error).partition(chr(10))[0][:200]}"
