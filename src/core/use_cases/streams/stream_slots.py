from collections import Counter
from collections.abc import Callable

from core.domain.actors import Actor, ServiceActor
from core.domain.streams.stream import TooManyStreams
from ports.metrics import Metrics

MOST = 4_000
MOST_OF_ONE = 100
_RETRY_AFTER = 10.0


class Places:
    """Bounds how many streams this process serves, and how many a user and a service may have.

    A stream of a service that acts for a user counts for both: a service cannot have more by naming many
    users, nor a user by using many services.
    """

    def __init__(self, metrics: Metrics, *, most: int = MOST, most_of_one: int = MOST_OF_ONE) -> None:
        self._metrics = metrics
        self._most = most
        self._most_of_one = most_of_one
        self._taken: Counter[str] = Counter()
        self._all = 0

    def take(self, actor: Actor) -> Callable[[], None]:
        """Take a place and return what gives it back; raises `TooManyStreams`."""
        names = _names(actor)
        for kind, name in names.items():
            if self._taken[name] >= self._most_of_one:
                raise TooManyStreams(
                    f"This {kind} has {self._most_of_one} open streams, which is the limit. Close a stream, "
                    "or try again later.",
                    retry_after=_RETRY_AFTER,
                )
        if self._all >= self._most:
            raise TooManyStreams(
                "This process has reached its limit of open streams. Try again later.", retry_after=_RETRY_AFTER
            )
        self._taken.update(names.values())
        self._all += 1
        self._metrics.streams(self._all)

        def give_back() -> None:
            self._all -= 1
            self._metrics.streams(self._all)
            self._taken.subtract(names.values())
            for name in names.values():
                if not self._taken[name]:
                    del self._taken[name]

        return give_back


def _names(actor: Actor) -> dict[str, str]:
    """Return whose stream it is, by kind."""
    if not isinstance(actor, ServiceActor):
        return {"user": actor.name}
    names = {"service": f"service:{actor.service}"}
    if actor.acting_user is not None:
        names["user"] = actor.acting_user.name
    return names
