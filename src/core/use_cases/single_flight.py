import asyncio
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
T = TypeVar("T")


class SingleFlight(Generic[Key, T]):
    """Lets concurrent callers on this event loop share one execution per key.

    The execution is a separate task, so a caller that stops waiting does not cancel it.
    """

    def __init__(self) -> None:
        self._tasks: dict[Key, asyncio.Task[T]] = {}

    async def share(self, key: Key, make: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Return the result of the running execution with this key, or start one."""
        task = self._tasks.get(key)
        if task is None:
            task = self._tasks[key] = asyncio.create_task(make())
            task.add_done_callback(lambda done: self._remove(key, done))
        return await asyncio.shield(task)

    def _remove(self, key: Key, task: asyncio.Task[T]) -> None:
        del self._tasks[key]
        if not task.cancelled():
            task.exception()  # marks it as read: all callers may have stopped waiting
