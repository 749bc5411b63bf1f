from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase


class FaultKind(StrEnum):
    """The faults of the API and of the OAuth token endpoint that can be activated."""

    LATENCY = "latency"
    HANG = "hang"
    ERROR = "error"
    PRIMARY_LIMIT = "primary_limit"
    SECONDARY_LIMIT = "secondary_limit"
    KEY_REFUSED = "key_refused"
    TOKEN_REFUSED = "token_refused"  # noqa: S105 - a kind of fault
    SKEWED_CLOCK = "skewed_clock"


@dataclass(slots=True)
class Fault:
    """One active fault.

    `path` is a pattern such as `/app/installations/*`. If `times` is None, the fault stays until it is removed.
    """

    kind: FaultKind
    path: str = "*"
    times: int | None = None
    seconds: float = 0.0
    """The latency, the time until a limit ends, or the offset of the clock."""
    status: int = 502
    """The status of an error; 403 or 429 for a secondary limit."""

    def matches(self, path: str) -> bool:
        """Return whether the fault applies to requests to this path."""
        return fnmatchcase(path, self.path)


@dataclass(slots=True)
class Faults:
    """The active faults."""

    active: list[Fault] = field(default_factory=list)

    @property
    def clock_skew(self) -> float:
        """The seconds that the sandbox's clock is ahead of the system clock."""
        return sum(fault.seconds for fault in self.active if fault.kind is FaultKind.SKEWED_CLOCK)

    def take(self, path: str, *kinds: FaultKind) -> Fault | None:
        """Return the first fault of these kinds that applies to the path, and count its use."""
        for fault in self.active:
            if fault.kind in kinds and fault.matches(path):
                if fault.times is not None:
                    fault.times -= 1
                    if fault.times == 0:
                        self.active.remove(fault)
                return fault
        return None
