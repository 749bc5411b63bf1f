from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sandbox.behaviour import Behaviour
from sandbox.faults import Faults
from sandbox.payloads.links import Links
from sandbox.rate_limits import RateLimits
from sandbox.state.world import World
from sandbox.webhooks.outbox import Outbox


def _system_time() -> datetime:
    return datetime.now(UTC)


@dataclass(slots=True)
class Sandbox:
    """A running sandbox: its world, where it is, and how it behaves."""

    links: Links
    begin: Callable[[], World]
    """Makes the world that a reset begins with."""
    world: World = field(repr=False)
    clock: Callable[[], datetime] = _system_time
    faults: Faults = field(default_factory=Faults)
    behaviour: Behaviour = field(default_factory=Behaviour)
    limits: RateLimits = field(default_factory=RateLimits)
    outbox: Outbox = field(default_factory=Outbox)
    changes: int = 0
    """Grows with each request that may have changed the world."""

    def reset(self) -> None:
        """Begin again, forgetting faults and what waits to be sent."""
        self.world = self.begin()
        self.faults, self.behaviour, self.limits = Faults(), Behaviour(), RateLimits()
        self.outbox.held.clear()

    def now(self) -> datetime:
        """Return the time as the sandbox's clock, which may be wrong, has it."""
        return self.clock() + timedelta(seconds=self.faults.clock_skew)
