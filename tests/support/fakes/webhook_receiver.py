"""Someone who receives webhooks, and answers as a test wants."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from entrypoints.settings.values import Address
from tests.support.checks.webhook_schema import check_payload
from tests.support.servers.asgi_server import run_server
from tests.support.servers.sandbox import RunningSandbox


@dataclass(frozen=True, slots=True)
class Received:
    """One delivery as it arrived."""

    headers: dict[str, str]
    body: bytes

    @property
    def event(self) -> str:
        """The event's name."""
        return self.headers["x-github-event"]

    @property
    def guid(self) -> str:
        """The delivery's GUID."""
        return self.headers["x-github-delivery"]

    @property
    def payload(self) -> dict[str, Any]:
        """The body, read."""
        found: dict[str, Any] = json.loads(self.body)
        return found

    @property
    def name(self) -> str:
        """Event and action."""
        action = self.payload.get("action")
        return f"{self.event}.{action}" if action else self.event


@dataclass(slots=True)
class Receiver:
    """What arrived, and how the next is answered."""

    url: str
    received: list[Received] = field(default_factory=list)
    status: int = 202
    silent: bool = False
    """Whether it keeps its senders waiting."""

    @property
    def names(self) -> list[str]:
        """Events and actions in the order they arrived."""
        return [one.name for one in self.received]


@asynccontextmanager
async def run_receiver() -> AsyncIterator[Receiver]:
    """Receive on a loopback port, at any path."""
    receiver = Receiver("")

    async def receive(request: Request) -> Response:
        if receiver.silent:
            while (await request.receive())["type"] != "http.disconnect":
                pass
        receiver.received.append(Received(dict(request.headers), await request.body()))
        return Response("thanks", receiver.status)

    app = Starlette(routes=[Route("/{path:path}", receive, methods=["POST"])])

    def make(address: Address) -> uvicorn.Server:
        receiver.url = f"http://{address}"
        return uvicorn.Server(uvicorn.Config(app, lifespan="off", log_config=None, access_log=False))

    async with run_server(make):
        yield receiver


async def wait_for_deliveries(running: RunningSandbox, receiver: Receiver) -> list[str]:
    """Wait for the deliveries, check each against the published schema, and give their names."""
    await running.wait_for_deliveries()
    for one in receiver.received:
        check_payload(one.event, one.payload)
    return receiver.names
