"""Recovery stores deliveries that failed: the service's processes with a sandbox GitHub over HTTP."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from sandbox.faults import Fault, FaultKind
from sandbox.state.deliveries import Delivery
from tests.support.conditions import until
from tests.support.servers.sandbox import INSTALLATION
from tests.support.servers.service_with_sandbox import ServiceAtSandbox, service_at_sandbox

LOGGED = "/app/hook/deliveries/*"
SOURCES = "SELECT source, count(*) FROM git_webhook_events GROUP BY source ORDER BY source"
FACTS = "SELECT count(*), count(DISTINCT git_webhook_event_id) FROM git_domain_events WHERE type = 'git.push'"
MISSING = "SELECT count(*) FROM git_missing_deliveries"


@pytest.fixture
async def both(database_url: str, redis_url: str) -> AsyncIterator[ServiceAtSandbox]:
    """Give a service of which nothing runs yet, with one linked repository."""
    async with service_at_sandbox(database_url, redis_url) as both:
        both.event_store.connect_installation()
        yield both


async def test_one_run_recovers_all_missed_deliveries(both: ServiceAtSandbox) -> None:
    """500 pushes of the outage are stored in their order, and each is processed once."""
    await both.start("api", "worker", "scheduler")
    before = await both.push(1)
    await both.until(lambda: both.event_store.statuses() == {"processed": 1})
    await both.stop()

    missed = await both.push(500)
    both.let_age()
    assert {attempt.status for attempt in both.attempts()[1:]} == {"failed to connect to host"}
    await both.start("api", "worker", "scheduler")
    await both.until(lambda: both.event_store.statuses() == {"processed": 501}, seconds=40)
    # The worker may be done before the run that found the deliveries has said so.
    await both.until(lambda: both.service.log_lines("scheduler", "deliveries_recovered"))

    [run] = both.service.log_lines("scheduler", "deliveries_recovered")
    assert (run["attempts_read"], run["newly_missing"], run["recovered"], run["missing"]) == (501, 500, 500, 0)
    assert both.event_store.delivery_ids() == before + missed
    assert both.event_store.rows(SOURCES) == [("received", 1), ("recovered", 500)]
    assert both.event_store.rows(FACTS) == [(501, 501)]
    assert both.event_store.value(MISSING) == 0
    assert len(both.attempts()) == 501, "nothing was asked to be sent again"
    status, said = await both.run("recover-deliveries", "--since", "3d", "--dry-run")
    assert (status, "checked 501" in said, "Missing: 0" in said) == (0, True, True)


async def test_resumes_a_killed_run_beside_another_and_late_webhooks(both: ServiceAtSandbox) -> None:
    """One of two runs continues a killed run; deliveries that arrive meanwhile are stored once."""
    guids = await both.push(120)
    both.let_age()
    both.fault(Fault(FaultKind.LATENCY, LOGGED, seconds=0.05))

    killed = await both.command("recover-deliveries")
    await both.until(lambda: len(both.event_store.delivery_ids()) >= 8)
    killed.kill()
    await killed.communicate()
    kept = both.event_store.delivery_ids()
    assert 8 <= len(kept) < 100
    assert kept == guids[: len(kept)]

    await both.start("api")
    # Each of these is sent again at the very moment at which a run asks for it.
    late = {
        id(fault): (fault, attempt)
        for attempt in both.attempts()[60::2]
        for fault in [Fault(FaultKind.LATENCY, LOGGED.replace("*", str(attempt.id)), times=1, seconds=0.01)]
    }
    slowly = Fault(FaultKind.LATENCY, LOGGED, seconds=0.1)
    both.fault(*(fault for fault, _ in late.values()), slowly)

    async def send_requested_deliveries() -> bool:
        requested = late.keys() - {id(fault) for fault in both.sandbox.sandbox.faults.active}
        for one in requested:
            both.sandbox.sandbox.outbox.waiting.put_nowait(late.pop(one)[1])
        return not late

    sending = asyncio.create_task(until(send_requested_deliveries, seconds=40))
    runs = [asyncio.create_task(both.run("recover-deliveries")) for _ in range(2)]
    await asyncio.wait(runs, return_when=asyncio.FIRST_COMPLETED)
    # One was turned away while the other was at work, which need not be slow any more.
    both.sandbox.sandbox.faults.active.remove(slowly)
    (first, said), (second, also_said) = await asyncio.gather(*runs)
    await sending
    await both.sandbox.wait_for_deliveries()

    assert sorted((first, second)) == [0, 1], said + also_said
    assert "Another process, such as the scheduler, is fetching missing deliveries" in (said if first else also_said)
    assert sorted(both.event_store.delivery_ids()) == sorted(guids)
    assert {attempt.status_code for attempt in both.attempts()[60::2]} <= {200, 202}
    by_webhook = both.event_store.value("SELECT count(*) FROM git_webhook_events WHERE source = 'received'")
    assert 0 < by_webhook <= 30
    assert both.event_store.value(MISSING) == 0


async def test_recovers_handled_events_first(both: ServiceAtSandbox) -> None:
    """A run is limited: 270 pushes among 7,000 deliveries are stored after the first."""
    pushes = await both.push(270)
    both.let_age()
    some = both.attempts()[0]
    deliveries = both.sandbox.data.deliveries
    for _ in range(6730):
        other = _like(some, both.sandbox.data.new_id("delivery"))
        deliveries[other.id] = other
    status, said = await both.run("recover-deliveries")
    assert status == 1
    assert "checked 7000 deliveries" in said
    assert "New missing deliveries: 270 push, 6730 workflow_job." in said
    assert "Recovered: 600. Still missing: 6400." in said
    assert "A run fetches at most 600 deliveries" in said
    assert both.event_store.delivery_ids()[:270] == pushes
    assert both.event_store.value(MISSING) == 6400


async def test_reports_deliveries_that_may_still_arrive(both: ServiceAtSandbox) -> None:
    """Otherwise a recent push would seem to be lost."""
    await both.push(2)
    status, said = await both.run("recover-deliveries")
    assert (status, "checked 2 deliveries" in said) == (0, True)
    assert "Left for the next run, because they are at most 60 seconds old and may still arrive: 2." in said
    both.let_age()
    _, said = await both.run("recover-deliveries")
    assert ("Recovered: 2." in said, "may still arrive" in said) == (True, False)


async def test_requests_redelivery_if_a_delivery_cannot_be_fetched(both: ServiceAtSandbox) -> None:
    """It arrives as a webhook, and the next run has nothing to do; an outage is reported."""
    guids = await both.push(3)
    both.let_age()
    await both.start("api")
    first = both.attempts()[0]
    both.fault(Fault(FaultKind.ERROR, status=502))
    status, said = await both.run("recover-deliveries")
    assert (status, "provider does not respond" in said) == (1, True)
    assert "github: did not check the log." in said
    assert "Missing from earlier runs: 0. No delivery was fetched." in said
    assert "Still missing" not in said
    assert not [line for line in said.splitlines() if line.startswith("{")]
    both.fault(Fault(FaultKind.ERROR, f"/app/hook/deliveries/{first.id}", status=404))
    _, said = await both.run("recover-deliveries")
    assert "a redelivery was requested: 1" in said
    await both.sandbox.wait_for_deliveries()
    assert sorted(both.event_store.delivery_ids()) == sorted(guids)
    assert both.event_store.rows(SOURCES) == [("received", 1), ("recovered", 2)]
    status, said = await both.run("recover-deliveries")
    assert (status, "Still missing: 0." in said) == (0, True)
    assert "A run fetches at most" not in said


def _like(delivery: Delivery, number: int) -> Delivery:
    """Return the deliveries for an App of a busy organization."""
    body = b'{"action":"queued","installation":{"id":%d},"n":%d}' % (INSTALLATION, number)
    return Delivery(
        id=number,
        guid=f"other-{number}",
        app_id=delivery.app_id,
        event="workflow_job",
        action="queued",
        installation_id=INSTALLATION,
        repository_id=None,
        delivered_at=delivery.delivered_at - timedelta(minutes=1),
        url=delivery.url,
        headers=delivery.headers,
        body=body,
        status="failed to connect to host",
    )
