from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase


class FaultKind(StrEnum):
    """What can go wrong on demand, at the API and where codes are traded for tokens."""

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
    """One thing that goes wrong, with whom and how often.

    `path` is a pattern such as `/app/installations/*`, and `times` None means until it is taken away.
    """

    kind: FaultKind
    path: str = "*"
    times: int | None = None
    seconds: float = 0.0
    """Of latency, before a limit ends, or that the clock is ahead of ours."""
    status: int = 502
    """Of an error; of a secondary limit 403 or 429."""

    def meets(self, path: str) -> bool:
        """Tell whether a request to this path suffers from it."""
        return fnmatchcase(path, self.path)


@dataclass(slots=True)
class Faults:
    """The faults in force."""

    active: list[Fault] = field(default_factory=list)

    @property
    def clock_skew(self) -> float:
        """Return the seconds the sandbox's clock is ahead of ours."""
        return sum(fault.seconds for fault in self.active if fault.kind is FaultKind.SKEWED_CLOCK)

    def take(self, path: str, *kinds: FaultKind) -> Fault | None:
        """Return the first fault of these kinds that meets the path, and count it as suffered."""
        for fault in self.active:
            if fault.kind in kinds and fault.meets(path):
                if fault.times is not None:
                    fault.times -= 1
                    if fault.times == 0:
                        self.active.remove(fault)
                return fault
        return None
