from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class SizeLimitedCache(Generic[Key, Value]):
    """Values up to a total size, in this process. The least recently used are removed first.

    Keys of values from a provider include the installation: an installation that is connected later must not see them.
    """

    def __init__(self, max_size: int, measure: Callable[[Value], int]) -> None:
        self._max_size = max_size
        self._measure = measure
        self._entries: OrderedDict[Key, Value] = OrderedDict()
        self._size = 0

    def find(self, key: Key) -> Value | None:
        """Return the cached value, however old."""
        value = self._entries.get(key)
        if value is not None:
            self._entries.move_to_end(key)
        return value

    def store(self, key: Key, value: Value) -> None:
        """Cache a value. The newest one stays, also if it is larger than the limit."""
        self._subtract(self._entries.pop(key, None))
        self._entries[key] = value
        self._size += self._measure(value)
        while self._size > self._max_size and len(self._entries) > 1:
            _, oldest = self._entries.popitem(last=False)
            self._subtract(oldest)

    def _subtract(self, value: Value | None) -> None:
        self._size -= self._measure(value) if value is not None else 0
