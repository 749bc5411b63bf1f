from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable

Hook = Callable[[str], Awaitable[None]]


class Failing:
    """Lets a test decide which calls of an adapter fail, and count them.

    `calls` counts calls by method, and `before`, where it is set, is awaited in the middle of each, so that a
    test can hold it there.
    """

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.before: Hook | None = None
        self._once: defaultdict[str, list[Exception]] = defaultdict(list)
        self._lasting: dict[str, Exception] = {}

    def fail(self, call: str, error: Exception, *, times: int | None = 1) -> None:
        """Let the next calls of this method raise this, all of them with `times=None`; `*` is any method."""
        if call != "*" and not hasattr(self, call):
            raise ValueError(f"`{call}` does not exist, so it cannot be made to fail")
        if times is None:
            self._lasting[call] = error
        else:
            self._once[call] += [error] * times

    def heal(self) -> None:
        """Let every call succeed again."""
        self._once.clear()
        self._lasting.clear()

    async def _meet(self, call: str) -> None:
        self.calls[call] += 1
        if self.before is not None:
            await self.before(call)
        for name in (call, "*"):
            if self._once[name]:
                raise self._once[name].pop(0).with_traceback(None)
            if name in self._lasting:
                raise self._lasting[name].with_traceback(None)
