from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sandbox.behaviour import Behaviour, DeliveryMode
from sandbox.faults import Faults
from sandbox.payloads.links import Links
from sandbox.rate_limits import RateLimits
from sandbox.state.data import SandboxData
from sandbox.state.deliveries import Outbox


def _system_time() -> datetime:
    return datetime.now(UTC)


@dataclass(slots=True)
class Sandbox:
    """A running sandbox: its data, URLs and behavior."""

    links: Links
    begin: Callable[[], SandboxData]
    """Creates the data that the sandbox has after a reset."""
    data: SandboxData = field(repr=False)
    clock: Callable[[], datetime] = _system_time
    faults: Faults = field(default_factory=Faults)
    behaviour: Behaviour = field(default_factory=Behaviour)
    limits: RateLimits = field(default_factory=RateLimits)
    outbox: Outbox = field(default_factory=Outbox)
    changes: int = 0
    """A counter of the requests that can have changed the data."""

    def reset(self) -> None:
        """Return to the initial data, without faults and held deliveries."""
        self.data = self.begin()
        self.faults, self.behaviour, self.limits = Faults(), Behaviour(), RateLimits()
        self.outbox.held.clear()

    def now(self) -> datetime:
        """Return the time of the sandbox's clock, which can be wrong on purpose."""
        return self.clock() + timedelta(seconds=self.faults.clock_skew)

    async def wait_for_deliveries(self) -> None:
        """Wait until all deliveries are sent, if they must arrive before the browser's redirect."""
        if self.behaviour.delivering is DeliveryMode.BEFORE_RETURN:
            await self.outbox.wait_until_sent()
