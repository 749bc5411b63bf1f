"""Requests at a constant rate, and subscribers to the domain events."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

import grpc
import httpx

from crewkit.git.v1 import events_pb2, events_pb2_grpc, projects_pb2, projects_pb2_grpc
from entrypoints.bootstrap.github import github_signature
from tests.support.builders.deliveries import Delivery, push
from tests.support.clients.raw_http import WEBHOOKS

DELIVERIES_PER_SECOND = 20
READS_PER_SECOND = 5
_REDELIVERY_EVERY = 20
_READ_PATHS = ("git-webhook-events", "git-integrations", "projects", "git-attributions")
_RECONNECT_SECONDS = 0.2


@dataclass
class Load:
    """Deliveries, REST and gRPC requests, and two subscribers that resume with their cursors."""

    webhook_secret: str
    installations: tuple[int, ...]
    organization: str
    project: str
    user_token: str
    service_token: str
    grpc_address: str
    urls: list[str]
    """The APIs that the load balancer uses. It tries the next API if a connection is refused."""

    step: str = "start"
    results: dict[str, Counter[str]] = field(default_factory=dict)
    """The number of each result, by step."""
    acknowledged: list[Delivery] = field(default_factory=list)
    acknowledged_at: list[float] = field(default_factory=list)
    root_directories: list[str] = field(default_factory=list)
    """The values that the API confirmed, in order."""
    rest_events: list[int] = field(default_factory=list)
    grpc_events: list[int] = field(default_factory=list)

    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _deliveries: int = 0
    _requests: int = 0
    _is_stopped: bool = False

    async def run(self) -> None:
        """Send until `stop` is called, and subscribe until cancelled."""
        timeout = httpx.Timeout(30, connect=1)
        async with httpx.AsyncClient(timeout=timeout) as client, asyncio.TaskGroup() as group:
            group.create_task(self._repeat(DELIVERIES_PER_SECOND, lambda: self._deliver(client)))
            group.create_task(self._repeat(READS_PER_SECOND, lambda: self._read(client)))
            group.create_task(self._repeat(READS_PER_SECOND, self._call))
            group.create_task(self._repeat(1, lambda: self._update(client)))
            group.create_task(self._subscribe_rest(client))
            group.create_task(self._subscribe_grpc())

    async def stop(self) -> None:
        """Stop sending requests, and wait for the responses."""
        self._is_stopped = True
        await asyncio.gather(*self._tasks)

    async def _repeat(self, per_second: int, send: Callable[[], Coroutine[Any, Any, None]]) -> None:
        due = time.monotonic()
        while not self._is_stopped:
            task = asyncio.create_task(send())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            due += 1 / per_second
            await asyncio.sleep(max(0.0, due - time.monotonic()))

    async def _deliver(self, client: httpx.AsyncClient) -> None:
        number = self._deliveries
        self._deliveries += 1
        is_redelivery = number % _REDELIVERY_EVERY == 0 and bool(self.acknowledged)
        if is_redelivery:
            # An older delivery, because a process of the other version may have stored it.
            delivery = self.acknowledged[-min(len(self.acknowledged), 400)]
        else:
            installation = self.installations[number % len(self.installations)]
            delivery = Delivery(push(number, installation=installation))
        signature = github_signature(self.webhook_secret, delivery.body)
        headers = {**delivery.headers, "x-hub-signature-256": signature}
        kind = "redelivery" if is_redelivery else "delivery"
        response = await self._request(client, kind, "POST", WEBHOOKS, content=delivery.body, headers=headers)
        if response is not None and response.is_success:
            self.acknowledged_at.append(time.monotonic())
            if not is_redelivery:
                self.acknowledged.append(delivery)

    async def _read(self, client: httpx.AsyncClient) -> None:
        path = f"/api/v1/{self.organization}/{_READ_PATHS[self._requests % len(_READ_PATHS)]}"
        await self._request(client, "read", "GET", path, headers=self._user_headers)

    async def _update(self, client: httpx.AsyncClient) -> None:
        directory = f"directory-{time.time_ns()}"
        path = f"/api/v1/{self.organization}/projects/{self.project}/repository"
        change = {"settings": {"root_directory": directory}}
        response = await self._request(client, "update", "PATCH", path, json=change, headers=self._user_headers)
        if response is not None and response.is_success:
            self.root_directories.append(directory)

    async def _request(
        self, client: httpx.AsyncClient, kind: str, method: str, path: str, **options: Any
    ) -> httpx.Response | None:
        self._requests += 1
        first = self._requests % len(self.urls)
        for url in self.urls[first:] + self.urls[:first]:
            try:
                response = await client.request(method, url + path, **options)
            except (httpx.ConnectError, httpx.ConnectTimeout):
                continue
            except httpx.HTTPError as error:
                self._count(f"{kind} {type(error).__name__}")
                return None
            self._count(f"{kind} {response.status_code}")
            return response
        self._count(f"{kind} not connected")
        return None

    async def _call(self) -> None:
        async with grpc.aio.insecure_channel(self.grpc_address) as channel:
            stub = projects_pb2_grpc.ProjectRepositoryServiceStub(channel)
            request = projects_pb2.ListProjectsRequest(organization_id=self.organization)
            try:
                await stub.ListProjects(request, metadata=self._service_metadata, timeout=10)
                self._count("call OK")
            except grpc.aio.AioRpcError as error:
                self._count(f"call {error.code().name}")

    async def _subscribe_rest(self, client: httpx.AsyncClient) -> None:
        path = f"/api/v1/{self.organization}/events"
        headers = {**self._user_headers, "accept": "text/event-stream", "last-event-id": "0"}
        attempts = 0
        while True:
            url = self.urls[attempts % len(self.urls)]
            attempts += 1
            try:
                async with client.stream("GET", url + path, headers=headers) as response:
                    async for line in response.aiter_lines():
                        if line.startswith("id:"):
                            headers["last-event-id"] = line.removeprefix("id:").strip()
                        elif line.startswith("data:") and '"source_event_id"' in line:
                            self.rest_events.append(int(json.loads(line.removeprefix("data:"))["id"]))
            except httpx.HTTPError:
                await asyncio.sleep(_RECONNECT_SECONDS)

    async def _subscribe_grpc(self) -> None:
        cursor = "0"
        async with grpc.aio.insecure_channel(self.grpc_address) as channel:
            stub = events_pb2_grpc.EventServiceStub(channel)
            while True:
                request = events_pb2.StreamEventsRequest(organization_id=self.organization, cursor=cursor)
                try:
                    async for message in stub.StreamEvents(request, metadata=self._service_metadata):
                        cursor = message.cursor
                        if message.HasField("event"):
                            self.grpc_events.append(message.event.id)
                except grpc.aio.AioRpcError:
                    await asyncio.sleep(_RECONNECT_SECONDS)

    @property
    def _user_headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.user_token}"}

    @property
    def _service_metadata(self) -> tuple[tuple[str, str], ...]:
        return (("authorization", f"Bearer {self.service_token}"),)

    def _count(self, result: str) -> None:
        self.results.setdefault(self.step, Counter())[result] += 1
