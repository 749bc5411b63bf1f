"""Signed pushes of 22 MB, made to need much memory, on a worker that is limited to 768 MiB."""

import json
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.builders.deliveries import INSTALLATION, Delivery, post_all, push
from tests.support.clients.raw_http import ask
from tests.support.conditions import wait_until
from tests.support.scenarios.event_store import EventStore
from tests.support.servers.service import Service, run_service

MB = 1024 * 1024
ELSEWHERE = INSTALLATION + 7
QUOTES = 5_500_000
MOST_TIMES_THE_BODY = 4


def push_of(*messages: bytes) -> bytes:
    """Return a push whose commits have these JSON texts as messages."""
    payload = json.loads(push())
    commit = json.dumps(payload["commits"][0] | {"message": "MESSAGE"}).encode()
    text = json.dumps(payload | {"commits": "COMMITS", "head_commit": None}).encode()
    commits = b",".join(commit.replace(b"MESSAGE", message) for message in messages)
    return text.replace(b'"COMMITS"', b"[" + commits + b"]")


HOSTILE = {
    "one message of escapes": lambda: push_of(rb"\\ud" + rb"\"\n" * QUOTES),
    "a lone surrogate before escapes": lambda: push_of(rb"\ud83d" + rb"\"\n" * QUOTES),
    "2,048 messages of escapes": lambda: push_of(*[rb"\\ud" + rb"\"\n" * (QUOTES // 2048)] * 2048),
    "lone surrogates": lambda: push_of(rb"\ud800ab" * (QUOTES // 2)),
    "15,000 commits": lambda: push_of(*[b"x" * 700] * 15_000),
}


@pytest.fixture(scope="module")
def connected(event_store: EventStore) -> EventStore:
    """Connect two installations."""
    event_store.connect_installation()
    event_store.connect_installation(ELSEWHERE)
    return event_store


@pytest.fixture
def service(urls: tuple[str, str], connected: EventStore) -> Iterator[Service]:
    """Run the service with a limited worker for each push: a process keeps its highest peak."""
    assert connected.is_settled()
    with run_service(*urls, "api", "scheduler", "worker") as service:
        limit = 768 * MB
        resource.prlimit(service.pid("worker"), resource.RLIMIT_AS, (limit, limit))
        yield service


@pytest.mark.parametrize("kind", HOSTILE)
async def test_memory_is_proportional_to_the_size(service: Service, event_store: EventStore, kind: str) -> None:
    """The same process handles it, the deliveries behind it and those of another lane."""
    await post_all(service.address, [Delivery(push())])
    wait_until(event_store.is_settled, seconds=60)
    hostile = Delivery(HOSTILE[kind]())
    assert 15 * MB < len(hostile.body) < 25 * MB
    worker = service.pid("worker")
    before = memory(worker, "VmRSS")
    assert (await ask(service.address, hostile.request())).status == 202
    others = [Delivery(push()), Delivery(push(installation=ELSEWHERE))]
    await post_all(service.address, others)
    wait_until(event_store.is_settled, seconds=120)
    assert [event_store.status(delivery.id) for delivery in (hostile, *others)] == ["processed"] * 3
    assert memory(worker, "VmHWM") - before <= MOST_TIMES_THE_BODY * len(hostile.body)
    assert service.is_running("worker")


def memory(pid: int, name: str) -> int:
    """Return a figure of a process's memory, in bytes."""
    [line] = [line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith(name)]
    return int(line.split()[1]) * 1024
