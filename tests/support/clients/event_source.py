"""Readers of server-sent events that behave as the standard asks of a browser's `EventSource`."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import httpx
import msgspec

from tests.support.conditions import until


@dataclass(frozen=True, slots=True)
class StreamedEvent:
    """One event as a page gets it."""

    type: str
    last_event_id: str
    data: Any


@dataclass
class Browser:
    """Reads a stream and, when it breaks off or ends, reconnects with the last id it received.

    https://html.spec.whatwg.org/multipage/server-sent-events.html#the-eventsource-interface
    """

    url: str
    headers: Mapping[str, str]
    reconnects: bool = True
    all_events: list[StreamedEvent] = field(default_factory=list)
    comments: int = 0
    last_event_id: str = ""
    answers: list[int] = field(default_factory=list)
    connected: int = 0
    _reading: asyncio.Task[None] | None = field(default=None, init=False)

    async def open(self) -> None:
        """Begin, and return when the stream has."""
        self._reading = asyncio.create_task(self._read_again_and_again())
        await self.wait(lambda: self.connected)

    async def close(self) -> None:
        """Leave."""
        assert self._reading is not None
        self._reading.cancel()
        with suppress(asyncio.CancelledError):
            await self._reading

    async def break_off(self) -> None:
        """Lose the connection in the middle of whatever is being read, and come again."""
        await self.close()
        self._reading = asyncio.create_task(self._read_again_and_again())

    async def wait(self, condition: Callable[[], object], seconds: float = 20.0) -> None:
        """Return when the condition holds; fail where it does not in time, or reading failed."""

        async def holds() -> object:
            assert self._reading is not None
            if self._reading.done() and not self._reading.cancelled() and (error := self._reading.exception()):
                raise error
            return condition()

        await until(holds, seconds)

    @property
    def has_ended(self) -> bool:
        """Return whether it gave up: the response was not a stream, or forbade a reconnect."""
        return self._reading is not None and self._reading.done()

    def events(self) -> list[StreamedEvent]:
        """Return the received events about git."""
        return [one for one in self.all_events if one.type.startswith("git.")]

    async def _read_again_and_again(self) -> None:
        while await self._read():  # noqa: ASYNC110 - nothing reports the return of a server
            # It refuses at once while it is being restarted; a browser waits longer than a test should.
            await asyncio.sleep(0.02)

    async def _read(self) -> bool:
        """Read one stream to its end; return whether to reconnect."""
        headers = dict(self.headers)
        if self.last_event_id:
            headers["Last-Event-ID"] = self.last_event_id
        try:
            async with (
                httpx.AsyncClient(timeout=httpx.Timeout(5, read=None), verify=False) as client,
                client.stream("GET", self.url, headers=headers) as answer,
            ):
                self.answers.append(answer.status_code)
                if answer.status_code != 200:
                    return False
                assert answer.headers["content-type"].startswith("text/event-stream")
                await self._parse(answer)
        except httpx.TransportError:
            pass
        return self.reconnects

    async def _parse(self, answer: httpx.Response) -> None:
        """https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation."""
        event_type, data, last_id = "message", list[str](), self.last_event_id
        async for line in answer.aiter_lines():
            name, _, value = line.partition(":")
            value = value.removeprefix(" ")
            match name:
                case "" if line:
                    self.comments += 1
                case "":
                    self.last_event_id = last_id
                    self.connected += 1
                    if data:
                        decoded = msgspec.json.decode("\n".join(data))
                        self.all_events.append(StreamedEvent(event_type, last_id, decoded))
                    event_type, data = "message", []
                case "id":
                    last_id = value
                case "event":
                    event_type = value
                case "data":
                    data.append(value)
