"""Processes that are killed lose nothing they promised and repeat nothing they did."""

import asyncio
from collections.abc import Iterator

import pytest

from tests.support.builders.deliveries import Delivery, list_accepted, post_all, pushes, rename_body
from tests.support.conditions import until, wait_until
from tests.support.scenarios.event_store import EventStore, open_events
from tests.support.servers.service import run_service

PUSHES = 5000
RENAMES = 50
LINKS = 2


@pytest.fixture
def event_store(database_url: str) -> Iterator[EventStore]:
    """Open the webhook events of this test."""
    with open_events(database_url) as event_store:
        yield event_store


async def test_killed_worker_has_every_effect_once(database_url: str, redis_url: str, event_store: EventStore) -> None:
    """Uncommitted work is repeated, committed work is not: domain events, names and versions."""
    event_store.connect_installation(links=LINKS)
    renames = [Delivery(rename_body(f"name-{number}", second=number), event="repository") for number in range(RENAMES)]
    with run_service(database_url, redis_url, "api", "scheduler") as service:
        # One rename after the other, since their order matters, amid all the pushes.
        posted = await asyncio.gather(
            post_all(service.address, pushes(PUSHES)), post_all(service.address, renames, connections=1)
        )
        assert [len(list_accepted(answers)) for answers in posted] == [PUSHES, RENAMES]
        service.begin("worker")
        wait_until(lambda: event_store.statuses()["processed"] > 300, seconds=20)
        service.kill("worker")
        assert event_store.statuses()["pending"] > 500
        service.begin("worker")
        wait_until(event_store.is_settled, seconds=30)

    assert event_store.statuses() == {"processed": PUSHES + RENAMES}
    published = event_store.rows(
        "SELECT type, count(*), count(DISTINCT (git_webhook_event_id, project_repository_id))"
        " FROM git_domain_events GROUP BY type ORDER BY type"
    )
    assert published == [("git.push", PUSHES * LINKS, PUSHES * LINKS), ("git.repository.renamed", RENAMES, RENAMES)]
    steps = event_store.rows(
        "SELECT array_agg(changes -> 'repo_full_name' ->> 0 ORDER BY id),"
        " array_agg(changes -> 'repo_full_name' ->> 1 ORDER BY id)"
        " FROM versions WHERE item_type = 'link' GROUP BY item_id"
    )
    names = [f"acme-rockets/name-{number}" for number in range(RENAMES)]
    assert steps == [(["acme-rockets/launchpad", *names[:-1]], names)] * LINKS
    assert event_store.rows("SELECT DISTINCT repo_full_name FROM project_repositories") == [(names[-1],)]


@pytest.mark.parametrize("how", ["kill", "stop"])
async def test_stopped_api_has_stored_every_accepted_delivery(
    database_url: str, redis_url: str, event_store: EventStore, how: str
) -> None:
    """Each delivery with a 202 is stored; others are accepted when they are sent again."""
    deliveries = pushes(1500)

    async def end_amid() -> None:
        await until(lambda: asyncio.to_thread(lambda: len(event_store.delivery_ids()) > 300))
        service.kill("api") if how == "kill" else service.ask_to_stop("api")

    with run_service(database_url, redis_url, "api") as service:
        answers, _ = await asyncio.gather(post_all(service.address, deliveries, connections=32), end_amid())
        promised = list_accepted(answers)
        assert 0 < len(promised) < len(deliveries)
        assert set(promised) <= set(event_store.delivery_ids())
        if how == "stop":
            wait_until(lambda: not service.is_running("api"))
            assert set(promised) == set(event_store.delivery_ids())

        service.start("api")
        again = await post_all(service.address, deliveries, connections=32)
        assert set(again.values()) == {200, 202}
        assert {delivery_id for delivery_id, status in again.items() if status == 200} >= set(promised)
        assert sorted(event_store.delivery_ids()) == sorted(delivery.id for delivery in deliveries)
