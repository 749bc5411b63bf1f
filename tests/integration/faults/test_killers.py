"""An event during which the worker's process ends stops neither its lane nor the service."""

from collections.abc import Iterator

import pytest

from tests.support.builders.deliveries import INSTALLATION, Delivery, post_all, push
from tests.support.conditions import wait_until
from tests.support.scenarios.event_store import EventStore
from tests.support.servers.service import Service, run_service

KILLER = f"{666:040x}"
ELSEWHERE = INSTALLATION + 7
# The insert of the killing event's effects waits here, where the test kills the process.
STOPS_AT_KILLER = f"""
    CREATE FUNCTION stop_at_killer() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NEW.data ->> 'after' = '{KILLER}' THEN PERFORM pg_sleep(9); END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER stop_at_killer BEFORE INSERT ON git_domain_events
        FOR EACH ROW EXECUTE FUNCTION stop_at_killer();
"""
_IS_AT_KILLER = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'"


@pytest.fixture
def service(urls: tuple[str, str], event_store: EventStore) -> Iterator[Service]:
    """Run all but the worker, with two connected installations."""
    event_store.connect_installation()
    event_store.connect_installation(ELSEWHERE)
    event_store.run(STOPS_AT_KILLER)
    with run_service(*urls, "api", "scheduler") as service:
        yield service


def kill_worker_until_settled(service: Service, event_store: EventStore) -> int:
    """Kill the worker whenever it is at the killer, start it again, and return how often that was."""
    kills = 0
    while True:
        service.start("worker")
        wait_until(lambda: event_store.is_settled() or event_store.value(_IS_AT_KILLER), seconds=90)
        if event_store.is_settled():
            return kills
        service.kill("worker")
        kills += 1
        # The server notices only when it has something to send.
        event_store.rows(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND wait_event = 'PgSleep'"
        )
        wait_until(lambda: not event_store.value(_IS_AT_KILLER))


async def test_killing_event_fails_alone(service: Service, event_store: EventStore) -> None:
    """Its lane and the other lanes continue; no other event has an attempt or a second effect."""
    killer = Delivery(push(666))
    own_lane = [*(Delivery(push(number)) for number in range(50)), killer]
    own_lane += [Delivery(push(number)) for number in range(50, 100)]
    other_lane = [Delivery(push(number, installation=ELSEWHERE)) for number in range(200, 220)]
    await post_all(service.address, own_lane, connections=1)
    await post_all(service.address, other_lane, connections=1)
    assert kill_worker_until_settled(service, event_store) == 4
    assert event_store.statuses() == {"processed": 120, "failed": 1}
    [(status, attempts, message)] = event_store.rows(
        "SELECT status, attempts, error_message FROM git_webhook_events WHERE delivery_id = %s", (killer.id,)
    )
    assert (status, attempts) == ("failed", 3)
    assert message.startswith("processing_interrupted: the worker process ended during attempt 3 of 3.")
    assert event_store.value("SELECT sum(attempts) FROM git_webhook_events") == 3
    # The last attempt is in the row of the event.
    earlier = event_store.rows(
        "SELECT number, result, error_code, started_at <= ended_at FROM git_webhook_event_attempts ORDER BY number"
    )
    assert earlier == [(number, "interrupted", "processing_interrupted", True) for number in (1, 2)]
    assert event_store.value("SELECT count(*) FROM git_domain_events") == 120
    # The alert follows the commit.
    wait_until(lambda: "event_failed" in [alert["code"] for alert in service.log_lines("worker", "alert")])
