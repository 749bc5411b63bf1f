"""Large, endless and slow bodies cost their sender more than us, and hold up nobody else."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import AsyncExitStack

import psutil
import pytest
from starlette.types import Message

from adapters.github.protocol.webhooks import GitHubWebhooks
from core.domain.secret import Secret
from entrypoints.rest.resources.webhooks import WebhookEndpoint
from testing.memory.metrics import MemoryMetrics
from tests.support.builders.deliveries import INSTALLATION, SECRET, Delivery, list_accepted, post_all, push, pushes
from tests.support.clients.raw_http import WEBHOOKS, ask, build_chunked, chunk, connect, head, request
from tests.support.conditions import wait_until
from tests.support.fakes.people import application_with
from tests.support.scenarios.event_store import EventStore
from tests.support.servers.service import Service, run_service

MB = 1024 * 1024
LIMIT = 25 * MB
# An installation whose repository many projects are linked to.
MANY = 777


@pytest.fixture(scope="module")
def service(urls: tuple[str, str], event_store: EventStore) -> Iterator[Service]:
    """Run the whole service for one connected installation."""
    event_store.connect_installation()
    with run_service(*urls, "api", "worker", "scheduler") as service:
        yield service


class Memory:
    """How much more memory a process holds than when we began to look."""

    def __init__(self, pid: int) -> None:
        self._process = psutil.Process(pid)
        self._before = self._process.memory_info().rss
        self.grown = 0

    def look(self) -> None:
        """Remember the most that was seen."""
        self.grown = max(self.grown, self._process.memory_info().rss - self._before)


def push_of_size(size: int) -> bytes:
    """Return a push of just this many bytes."""
    bare = json.loads(push()) | {"padding": ""}
    return json.dumps(bare | {"padding": "x" * (size - len(json.dumps(bare)))}).encode()


def push_with_messages(*messages: str, installation: int = INSTALLATION) -> bytes:
    """Return a push with these commit messages."""
    payload = json.loads(push(installation=installation))
    commit = payload["commits"][0]
    commits = [{**commit, "id": f"{number:040x}", "message": text} for number, text in enumerate(messages, start=1)]
    return json.dumps({**payload, "commits": commits, "head_commit": commits[-1]}).encode()


async def test_rejects_a_declared_length_over_the_limit_before_reading(service: Service) -> None:
    """The response comes at once, and later bytes are discarded."""
    memory = Memory(service.pid("api"))
    async with connect(service.address) as line:
        await line.send(head({**Delivery(b"").headers, "content-length": str(4 * LIMIT)}))
        answer = await line.answer()
        assert (answer.status, answer.problem["code"]) == (413, "body_too_large")
        for _ in range(4 * LIMIT // MB):
            await line.send(b"x" * MB)
            memory.look()
        assert (await line.ask(Delivery(push()).request())).status == 202
    assert memory.grown < 8 * MB


async def test_rejects_an_undeclared_length_at_the_limit(service: Service) -> None:
    """Memory stays within the limit, however much the client sends."""
    memory = Memory(service.pid("api"))
    async with connect(service.address) as line:
        await line.send(head({**Delivery(b"").headers, "transfer-encoding": "chunked"}))
        for _ in range(8 * LIMIT // MB):
            await line.send(chunk(b"x" * MB))
            memory.look()
        await line.send(chunk(b""))
        answer = await line.answer()
        assert (answer.status, answer.problem["code"]) == (413, "body_too_large")
        assert (await line.ask(Delivery(push()).request())).status == 202
    assert memory.grown < LIMIT + 15 * MB


async def test_accepts_a_body_of_exactly_the_limit(service: Service) -> None:
    """GitHub's largest payload is stored; one more byte is rejected."""
    largest = Delivery(push_of_size(LIMIT))
    assert (await ask(service.address, largest.request())).status == 202
    assert (await ask(service.address, request(largest.headers, largest.body + b" "))).status == 413
    assert (await ask(service.address, build_chunked(largest.headers, largest.body + b" "))).status == 413


@pytest.mark.parametrize("size", [1, 1000, 70_000])
async def test_accepts_a_body_in_chunks(service: Service, event_store: EventStore, size: int) -> None:
    """The signature covers all chunks, wherever they are split."""
    body = push_of_size(150_000) if size > 1000 else push()
    delivery = Delivery(body)
    parts = [body[start : start + size] for start in range(0, len(body), size)]
    assert (await ask(service.address, build_chunked(delivery.headers, *parts))).status == 202
    wait_until(lambda: event_store.status(delivery.id) == "processed")
    forged = Delivery(body)
    answer = await ask(service.address, build_chunked(forged.headers, *parts[:-1], b"?" * len(parts[-1])))
    assert answer.status == 401


async def test_stores_and_processes_a_push_of_20_mb(service: Service, event_store: EventStore) -> None:
    """GitHub sends up to 2,048 commits. Consumers get all of them, even with long messages."""
    delivery = Delivery(push_with_messages(*[f"{number} " + "x" * 10_000 for number in range(2048)]))
    assert len(delivery.body) > 20 * MB
    assert (await ask(service.address, delivery.request())).status == 202
    wait_until(lambda: event_store.status(delivery.id) == "processed")


async def test_large_push_does_not_delay_its_lane(service: Service, event_store: EventStore) -> None:
    """For any content and number of projects."""
    event_store.connect_installation(MANY, links=50)
    messages = ["é" * 25_000 + "\nCo-authored-by: x <" + "y" * 80_000 + ">" for _ in range(100)]
    delivery = Delivery(push_with_messages(*messages, installation=MANY))
    assert (await ask(service.address, delivery.request())).status == 202
    wait_until(lambda: event_store.status(delivery.id) == "processed")
    [published] = event_store.rows(
        "SELECT count(*), max(length(data -> 'commits' -> 0 ->> 'message')), max(octet_length(data::text))"
        " FROM git_domain_events JOIN git_webhook_events AS e ON e.id = git_webhook_event_id"
        " WHERE delivery_id = %s",
        [delivery.id],
    )
    assert published[:2] == (50, 4000)
    assert published[2] < 1_000_000


async def test_commit_message_does_not_delay_its_lane(service: Service, event_store: EventStore) -> None:
    """Anyone with push access can write any message: parsing takes linear time."""
    messages = [
        "co-authored-by:" + " " * 100_000,
        "co-authored-by:" + "\t " * 100_000 + "\n" + "co-authored-by: <" * 10_000,
        "co-authored-by: x <" + "y" * 100_000 + "\n" + "\n" * 100_000,
        "co-authored-by: x <y@z>" + " " * 100_000 + "!",
    ]
    delivery = Delivery(push_with_messages(*messages))
    assert (await ask(service.address, delivery.request())).status == 202
    wait_until(lambda: event_store.status(delivery.id) == "processed")


@pytest.mark.parametrize("framing", [{"content-length": str(8 * MB)}, {"transfer-encoding": "chunked"}])
async def test_unfinished_requests_do_not_block_others(service: Service, framing: dict[str, str]) -> None:
    """Received bytes take room, announced ones do not."""
    started = chunk(b"{") if "transfer-encoding" in framing else b"{"
    async with AsyncExitStack() as stack:
        for _ in range(100):
            line = await stack.enter_async_context(connect(service.address))
            await line.send(head({**Delivery(b"").headers, **framing}) + started)
        assert len(list_accepted(await post_all(service.address, pushes(50)))) == 50
        for delivery in (Delivery(push()), Delivery(push_of_size(LIMIT))):
            assert (await ask(service.address, build_chunked(delivery.headers, delivery.body))).status == 202


async def test_rejects_a_body_that_is_not_complete_in_time() -> None:
    """GitHub has stopped waiting by then. The room of such a body is released."""
    protocols = {"github": GitHubWebhooks([Secret(SECRET)])}
    application = application_with()
    endpoint = WebhookEndpoint(
        protocols,
        application.deliveries.receive,
        MemoryMetrics(),
        find_source_secrets=application.deliveries.find_source_secrets,
        body_timeout_seconds=0.01,
    )
    sent: list[Message] = []
    first = asyncio.Queue[Message]()
    first.put_nowait({"type": "http.request", "body": b"{", "more_body": True})

    async def send(message: Message) -> None:
        sent.append(message)

    headers = [(b"content-type", b"application/json")]
    scope = {"type": "http", "method": "POST", "path": WEBHOOKS, "query_string": b"", "headers": headers}
    await endpoint(scope, first.get, send)
    assert sent[0]["status"] == 408
    assert json.loads(sent[1]["body"])["code"] == "body_too_slow"
    assert endpoint._buffered_bytes == 0


async def test_limits_the_total_size_of_bodies(service: Service) -> None:
    """Over 256 MB the response is 503 with `Retry-After`, and later senders are served."""
    statuses = await asyncio.gather(*(_status(service, Delivery(push_of_size(LIMIT))) for _ in range(14)))
    assert set(statuses) <= {202, 503}
    assert 202 in statuses
    assert len(list_accepted(await post_all(service.address, pushes(50)))) == 50


async def _status(service: Service, delivery: Delivery) -> int:
    return (await ask(service.address, delivery.request())).status
