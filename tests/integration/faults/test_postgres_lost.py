"""Without PostgreSQL each request gets 503 soon, and the service recovers by itself."""

import asyncio
import time
from collections.abc import Iterator

import httpx
import pytest

from tests.support.builders.deliveries import Delivery, list_accepted, post_all, push, pushes
from tests.support.clients.raw_http import Answer, ask
from tests.support.conditions import until, wait_until
from tests.support.scenarios.event_store import EventStore, open_events
from tests.support.servers.service import Service, run_service
from tests.support.servers.stoppable_servers import Breakable, breakable_postgres

PROCESSES = ("api", "worker", "scheduler")
# GitHub waits 10 s; the storage is given 5.
LONGEST_SECONDS = 7.0
UNTIL_HEALED_SECONDS = 12
SOME_TURNS_SECONDS = 4


@pytest.fixture(scope="module")
def postgres() -> Iterator[Breakable]:
    """Run a PostgreSQL of this module's own."""
    with breakable_postgres() as server:
        with open_events(server.url) as event_store:
            event_store.connect_installation()
        yield server


@pytest.fixture
def service(postgres: Breakable, redis_url: str) -> Iterator[Service]:
    """Run the whole service; afterwards none of it has been started again or has crashed."""
    with run_service(postgres.url, redis_url, *PROCESSES) as service:
        yield service
        for name in PROCESSES:
            assert service.is_running(name)
            assert [line for line in service.log(name) if "exception" in line] == []


async def post_rejected(service: Service) -> Answer:
    """Post one and check that it is refused, soon and with a word on when to come again."""
    began = time.monotonic()
    answer = await ask(service.address, Delivery(push()).request())
    assert time.monotonic() - began < LONGEST_SECONDS
    assert (answer.status, answer.problem["code"]) == (503, "storage_unavailable")
    assert int(answer.headers["retry-after"]) > 0
    return answer


async def is_alive(service: Service) -> bool:
    """Return whether the API responds."""
    async with httpx.AsyncClient(base_url=service.url) as client:
        try:
            return (await client.get("/healthz")).status_code == 200
        except httpx.ConnectError:
            return False


async def is_accepted(service: Service) -> bool:
    """Return whether a delivery is accepted."""
    return (await ask(service.address, Delivery(push()).request())).status == 202


async def check_unready(service: Service) -> None:
    """Check that the process lives and wants no traffic."""
    async with httpx.AsyncClient(base_url=service.url, timeout=4) as client:
        ready = await client.get("/readyz")
        assert (ready.status_code, ready.json()["code"]) == (503, "not_ready")
        assert [error["field"] for error in ready.json()["errors"]] == ["database"]
        assert (await client.get("/healthz")).status_code == 200


async def check_healed(service: Service, event_store: EventStore, promised: list[str]) -> None:
    """Check that deliveries are taken again, and that every promised one is there and gets processed."""
    await until(lambda: is_accepted(service), seconds=5)
    assert set(promised) <= set(event_store.delivery_ids())
    wait_until(event_store.is_settled, UNTIL_HEALED_SECONDS)
    assert set(event_store.statuses()) == {"processed"}
    async with httpx.AsyncClient(base_url=service.url) as client:
        assert (await client.get("/readyz")).status_code == 200


async def test_stopped_postgres_is_503_until_it_returns(service: Service, postgres: Breakable) -> None:
    """It stops while deliveries arrive: those with a 202 are stored, others are rejected at once."""
    deliveries = pushes(2000)
    before = _count(postgres)
    amid = asyncio.create_task(post_all(service.address, deliveries))
    await until(lambda: asyncio.to_thread(lambda: _count(postgres) > before + 100))
    await asyncio.to_thread(postgres.stop)
    answers = await amid
    assert set(answers.values()) == {202, 503}
    await asyncio.gather(*(post_rejected(service) for _ in range(20)))
    await check_unready(service)
    postgres.start()
    with open_events(postgres.url) as event_store:
        await check_healed(service, event_store, list_accepted(answers))


async def test_silent_postgres_is_503_until_it_returns(service: Service, postgres: Breakable) -> None:
    """It stops responding while deliveries arrive: no request hangs, and later ones do not either."""
    before = _count(postgres)
    amid = asyncio.create_task(post_all(service.address, pushes(2000)))
    await until(lambda: asyncio.to_thread(lambda: _count(postgres) > before + 100))
    postgres.freeze()
    later = [asyncio.create_task(post_rejected(service)) for _ in range(20)]
    await check_unready(service)
    await asyncio.gather(*later)
    await post_rejected(service)
    postgres.thaw()
    answers = await amid
    assert set(answers.values()) == {202, 503}
    with open_events(postgres.url) as event_store:
        await check_healed(service, event_store, list_accepted(answers))


def test_scheduler_logs_an_outage_and_its_end_once(postgres: Breakable, redis_url: str) -> None:
    """For all of its schedules."""
    with run_service(postgres.url, redis_url, "scheduler") as service:
        postgres.stop()
        wait_until(lambda: service.log_lines("scheduler", "schedule_failed"))
        began = time.monotonic()
        wait_until(lambda: time.monotonic() - began > SOME_TURNS_SECONDS)
        postgres.start()
        wait_until(lambda: service.log_lines("scheduler", "schedules_resumed"))
        [line] = service.log_lines("scheduler", "schedule_failed")
        assert (line["error"], "Start PostgreSQL" in line["reason"]) == ("storage_unavailable", True)
        assert len(service.log_lines("scheduler", "schedules_resumed")) == 1
        # PostgreSQL that still starts up is another reason than PostgreSQL that is stopped.
        reasons = [line["reason"] for line in service.log_lines("scheduler", "database_unavailable")]
        assert len(reasons) == len(set(reasons))
        assert "Start PostgreSQL" in reasons[0]


async def test_processes_start_without_postgres(postgres: Breakable, redis_url: str) -> None:
    """They wait for the end of the outage, so no second restart is necessary."""
    with run_service(postgres.url, redis_url) as service:
        postgres.stop()
        service.begin(*PROCESSES)
        wait_until(lambda: all(map(service.has_started, PROCESSES)), seconds=20)
        await until(lambda: is_alive(service))
        await post_rejected(service)
        postgres.start()
        with open_events(postgres.url) as event_store:
            await check_healed(service, event_store, [])


def _count(postgres: Breakable) -> int:
    with open_events(postgres.url) as event_store:
        return len(event_store.delivery_ids())
