"""The clock, alerts, and exclusion between processes."""

from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """The current time."""

    def now(self) -> datetime:
        """Return the current time in UTC, with its time zone."""


class Alerts(Protocol):
    """Notifies the people on call. Methods never raise and never wait."""

    def alert(self, code: str, message: str, **facts: str | int | None) -> None:
        """Report a problem that a person must look at. `facts` must not contain secrets."""


class Exclusion(Protocol):
    """Lets only one process at a time do certain work.

    Guaranteed: while a process holds a name, no other process holds it. The name is free as soon as the holder's
    process ends. The block may use the network, for any length of time. Not guaranteed: that the name is still held
    after the storage was lost. The work must be harmless twice.
    """

    def hold(self, name: str) -> AbstractAsyncContextManager[bool]:
        """Hold a name until the block ends. The block gets False at once if another process holds the name."""
