import asyncio
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
T = TypeVar("T")


class SingleFlight(Generic[Key, T]):
    """Lets callers on this event loop who want the same thing at the same time share one maker of it.

    The maker is a task of its own: a caller who stops waiting does not stop it, so nothing made is lost.
    """

    def __init__(self) -> None:
        self._under_way: dict[Key, asyncio.Task[T]] = {}

    async def share(self, key: Key, make: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Return what is being made under this key, beginning to make it if nobody has."""
        task = self._under_way.get(key)
        if task is None:
            task = self._under_way[key] = asyncio.create_task(make())
            task.add_done_callback(lambda landed: self._landed(key, landed))
        return await asyncio.shield(task)

    def _landed(self, key: Key, task: asyncio.Task[T]) -> None:
        del self._under_way[key]
        if not task.cancelled():
            task.exception()  # every caller may have stopped waiting, which makes it nobody's concern
