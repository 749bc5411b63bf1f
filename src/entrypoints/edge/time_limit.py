import asyncio
from types import TracebackType
from typing import Self


class TimeLimit:
    """Breaks off what takes longer than so many seconds; the block then ends with a `TimeoutError`.

    What `asyncio.timeout` does, with a timer and nothing else: that costs a third, and each request has one.
    """

    __slots__ = ("_asked_before", "_seconds", "_task", "_timer", "is_over")

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.is_over = False
        """Whether it took too long: a `TimeoutError` may as well be somebody else's."""

    def __enter__(self) -> Self:
        task = asyncio.current_task()
        assert task is not None  # only a task can be broken off
        self._task, self._asked_before = task, task.cancelling()
        self._timer = asyncio.get_running_loop().call_later(self._seconds, self._break_off)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        # Where somebody else asked for the end of the task, too, that is what happens.
        if (
            self.is_over
            and self._task.uncancel() <= self._asked_before
            and isinstance(error, asyncio.CancelledError)
        ):
            raise TimeoutError from error

    def lift(self) -> None:
        """Let the rest take as long as it does."""
        self._timer.cancel()

    def _break_off(self) -> None:
        self.is_over = True
        self._task.cancel()
