"""Events streamed over gRPC by the real process, on a real database."""

import asyncio
import os
import signal
import statistics
import time
from collections.abc import AsyncIterable, AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import grpc
import pytest

from core.domain.identifiers import RepoId
from core.domain.organizations import Organization
from core.domain.streams.domain_event import LinkData
from crewkit.git.v1.events_pb2 import StreamEventsRequest, StreamEventsResponse
from crewkit.git.v1.events_pb2_grpc import EventServiceStub
from testing.builders.entities import build_domain_event
from tests.contract.postgres_store_stage import PostgresStoreStage
from tests.support.builders import tokens
from tests.support.clients.grpc_client import build_client, program, run
from tests.support.conditions import until
from tests.support.scenarios.grpc_edge import read_error
from tests.support.servers.service import Service, run_service

WRITERS, EACH = 8, 60
ALL = WRITERS * EACH
DATA = LinkData(UUID(int=1), RepoId("1"), "acme/widgets")


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[PostgresStoreStage]:
    """Give an empty database."""
    world = PostgresStoreStage(database_url)
    yield world
    await world.database.close()


def token(*scopes: str) -> str:
    """Return a service's token."""
    claims = tokens.claims(datetime.now(UTC), sub="reader", service="reader", scope=" ".join(scopes))
    return tokens.sign_token(claims, tokens.rsa_key())


async def write(world: PostgresStoreStage, organization: Organization, word: str) -> None:
    """Commit an event."""
    async with world.unit_of_work() as tx:
        await tx.domain_events.append([build_domain_event(organization, data=replace(DATA, reason=word))])
        await tx.commit()


@dataclass
class Subscriber:
    """Follows an organization's events from the beginning, and comes back wherever it was cut off."""

    target: str
    organization_id: str
    leaves_after: int
    ids: list[int] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    cursor: str = "0"
    ends: list[str] = field(default_factory=list)

    async def follow(self) -> None:
        """Read until all events arrived, disconnecting now and then."""
        while len(self.ids) < ALL:
            async with grpc.aio.insecure_channel(self.target) as channel:
                request = StreamEventsRequest(organization_id=self.organization_id, cursor=self.cursor)
                stream = EventServiceStub(channel).StreamEvents(
                    request, metadata=(("authorization", f"Bearer {token('git.events')}"),), wait_for_ready=True
                )
                try:
                    await self._read(stream)
                except grpc.aio.AioRpcError as error:
                    self.ends.append(read_error(error).reason if error.trailing_metadata() else "cut off")

    async def _read(self, stream: AsyncIterable[StreamEventsResponse]) -> None:
        begun = len(self.ids)
        async for message in stream:
            if message.HasField("event"):
                self.ids.append(message.event.id)
                self.words.append(message.event.link.reason)
            self.cursor = message.cursor
            if len(self.ids) == ALL or len(self.ids) - begun >= self.leaves_after:
                return


async def test_each_consumer_receives_every_event_once_in_order(
    world: PostgresStoreStage, redis_url: str, tmp_path: Path
) -> None:
    """Eight writers; three consumers that are killed and resume; the server restarts."""
    organization = await world.add_organization()
    first_seen = asyncio.Event()
    restarted = asyncio.Event()

    async def write_events(writer: int) -> None:
        for number in range(EACH):
            await write(world, organization, f"{writer}/{number}")
            if number == EACH // 2:
                first_seen.set()
                await restarted.wait()

    with run_service(world.url, redis_url, "grpc") as service:
        target, organization_id = str(service.grpc_address), str(organization.external_id)
        subscribers = [Subscriber(target, organization_id, 37), Subscriber(target, organization_id, ALL)]
        following = [asyncio.create_task(one.follow()) for one in subscribers]
        page = _Page(tmp_path, {"GRPC_TARGET": target, "ORGANIZATION": organization_id})
        await page.start()
        writers = [asyncio.create_task(write_events(number)) for number in range(WRITERS)]
        await first_seen.wait()
        await page.wait_for(20)
        await page.kill()
        await asyncio.to_thread(service.stop)
        await page.start()
        await asyncio.to_thread(service.start, "grpc")
        restarted.set()
        await asyncio.gather(*writers, *following)
        await page.wait_for(ALL)
        await page.kill()
    expected = sorted(f"{writer}/{number}" for writer in range(WRITERS) for number in range(EACH))
    for one in subscribers:
        assert sorted(one.words) == expected
        assert one.ids == sorted(set(one.ids))
    assert page.ids() == subscribers[0].ids
    assert "draining" in subscribers[1].ends


class _Page:
    """The program of the page, which writes a line for each event into a file."""

    def __init__(self, folder: Path, variables: dict[str, str]) -> None:
        self._installed = build_client(folder / "built")
        program(folder, "ListRepositories", "client.py")
        self._program = program(folder, "StreamEvents", "follow.py")
        self._output = folder / "output"
        self._variables = {**variables, "TOKEN": token("git.events"), "OUTPUT": str(self._output), "FIRST_CURSOR": "0"}

    async def start(self) -> None:
        """Run it."""
        self._process = await run(self._program, self._installed, self._variables)

    async def kill(self) -> None:
        """End it as `kill -9` does."""
        os.kill(self._process.pid, signal.SIGKILL)
        _, err = await self._process.communicate()
        assert err == b""

    def ids(self) -> list[int]:
        """Return the events it has written down."""
        if not self._output.exists():
            return []
        return [int(line.split()[0]) for line in self._output.read_text().splitlines()]

    async def wait_for(self, count: int) -> None:
        """Return when it has written down so many."""

        async def there() -> bool:
            assert self._process.returncode is None, await self._process.communicate()
            return len(self.ids()) >= count

        await until(there, seconds=40)


async def test_delivers_within_a_quarter_of_a_second(world: PostgresStoreStage, redis_url: str) -> None:
    """After the commit; filtered by type and project; a slow reader loses nothing."""
    organization = await world.add_organization()
    with run_service(world.url, redis_url, "grpc") as service:
        async with grpc.aio.insecure_channel(str(service.grpc_address)) as channel:
            request = StreamEventsRequest(organization_id=str(organization.external_id), types=["git.link.created"])
            metadata = (("authorization", f"Bearer {token('git.events')}"),)
            stream = EventServiceStub(channel).StreamEvents(request, metadata=metadata)
            messages = aiter(stream)
            assert not (await anext(messages)).HasField("event")
            took = []
            for number in range(20):
                await write(world, organization, str(number))
                committed = time.perf_counter()
                message = await anext(messages)
                took.append(time.perf_counter() - committed)
                assert message.event.link.reason == str(number)
            stream.cancel()
        assert statistics.median(took) < 0.25
        await _refusals(service, organization)


async def _refusals(service: Service, organization: Organization) -> None:
    """Check an invalid cursor, an expired cursor, an invalid type, and a missing permission."""
    for scope, request, code, reason in [
        ("git.events", StreamEventsRequest(cursor="x"), grpc.StatusCode.INVALID_ARGUMENT, "cursor_invalid"),
        ("git.events", StreamEventsRequest(cursor="999999"), grpc.StatusCode.OUT_OF_RANGE, "cursor_expired"),
        ("git.events", StreamEventsRequest(types=["git.nothing"]), grpc.StatusCode.INVALID_ARGUMENT, "query_invalid"),
        ("git.read", StreamEventsRequest(), grpc.StatusCode.PERMISSION_DENIED, "action_forbidden"),
    ]:
        async with grpc.aio.insecure_channel(str(service.grpc_address)) as channel:
            request.organization_id = str(organization.external_id)
            metadata = (("authorization", f"Bearer {token(scope)}"),)
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await EventServiceStub(channel).StreamEvents(request, metadata=metadata).read()
            assert (caught.value.code(), read_error(caught.value).reason) == (code, reason)
