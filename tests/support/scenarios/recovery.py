"""Webhook events in memory, a provider with a known log, and recovery between the two."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count

from core.domain.deliveries.recovery import LoggedDelivery, RecoveryState
from core.use_cases.deliveries.compare_log import CompareLog
from core.use_cases.deliveries.fetch_missing import FetchMissing
from core.use_cases.deliveries.recover_deliveries import RecoverDeliveries, RecoveryReport
from testing.builders.entities import INSTALLATION, PROVIDER
from testing.memory.exclusion import MemoryExclusion
from testing.memory.provider import FakeProvider
from tests.support.scenarios.processing import Processing

BODY = b'{"installation":{"id":%d},"repository":{"id":1}}' % INSTALLATION


@dataclass
class Recovery:
    """One service in memory with a provider; `paused` is how long it has waited between writes."""

    processing: Processing = field(default_factory=Processing)
    paused: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        world = self.processing
        self.clock = world.clock
        self.provider = FakeProvider(self.clock)
        self._ids = count(100)
        protocols = {PROVIDER: world.protocol}
        self.fetch = FetchMissing(
            world.unit_of_work, world.receive, protocols, self.clock, world.metrics, world.alerts, self._pause
        )
        self.recover = RecoverDeliveries(
            world.unit_of_work,
            {PROVIDER: self.provider},
            CompareLog(world.unit_of_work, protocols, self.clock),
            self.fetch,
            MemoryExclusion(world.database),
            self.clock,
            world.metrics,
        )

    async def _pause(self, seconds: float) -> None:
        self.paused.append(seconds)

    def log(
        self,
        *,
        ago: timedelta = timedelta(hours=1),
        event: str = "push",
        guid: str | None = None,
        body: bytes | None = BODY,
        succeeded: bool = False,
    ) -> str:
        """Let the provider have tried a delivery so long ago; return its id."""
        number = next(self._ids)
        logged = LoggedDelivery(
            id=number,
            guid=guid or f"guid-{number}",
            delivered_at=self.clock.now() - ago,
            event_type=event,
            action=None,
            source_key=str(INSTALLATION),
            repo_id=None,
            succeeded=succeeded,
        )
        self.provider.state.log(logged, body=body)
        return logged.guid

    async def run(self, *, since: timedelta | None = None, dry_run: bool = False) -> RecoveryReport:
        """Run it once."""
        return (await self.recover(since=since, dry_run=dry_run))[PROVIDER]

    def later(self, **time: float) -> None:
        """Let so much time go by."""
        self.clock.advance(timedelta(**time))

    def list_recovered(self) -> list[str]:
        """List the stored deliveries of the provider's log, in the order of arrival."""
        events = sorted(self.processing.database.committed.events.items())
        return [event.delivery_id for _, event in events if event.source == "recovered"]

    async def state(self) -> RecoveryState:
        """Return where recovery stands."""
        async with self.processing.unit_of_work() as tx:
            return await tx.recoveries.get_state(PROVIDER)

    @property
    def alerts(self) -> list[tuple[str, Mapping[str, str | int | None]]]:
        """The alerts for people on call."""
        return self.processing.alerts.entries

    @property
    def now(self) -> datetime:
        """The time."""
        return self.clock.now()
