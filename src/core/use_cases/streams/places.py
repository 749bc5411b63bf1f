from collections import Counter
from collections.abc import Callable

from core.domain.actors import Actor
from core.domain.event_streams import TooManyStreams
from ports.metrics import Metrics

MOST = 4_000
MOST_OF_ONE = 100
_RETRY_AFTER = 10.0


class Places:
    """How many streams this process serves, and how many of them one person or service may have."""

    def __init__(self, metrics: Metrics, *, most: int = MOST, most_of_one: int = MOST_OF_ONE) -> None:
        self._metrics = metrics
        self._most = most
        self._most_of_one = most_of_one
        self._taken: Counter[str] = Counter()
        self._all = 0

    def take(self, actor: Actor) -> Callable[[], None]:
        """Take a place and return what gives it back; raises `TooManyStreams`."""
        if self._taken[actor.name] >= self._most_of_one:
            raise TooManyStreams("You have too many streams open; close some.", retry_after=_RETRY_AFTER)
        if self._all >= self._most:
            raise TooManyStreams("Too many streams are open here; try again.", retry_after=_RETRY_AFTER)
        self._taken[actor.name] += 1
        self._all += 1
        self._metrics.streams(self._all)

        def give_back() -> None:
            self._all -= 1
            self._metrics.streams(self._all)
            self._taken[actor.name] -= 1
            if not self._taken[actor.name]:
                del self._taken[actor.name]

        return give_back
