"""An event that kills PostgreSQL's process stops neither its lane nor the service permanently."""

from collections.abc import Iterator

import pytest

from tests.support.builders.deliveries import Delivery, post_all, push
from tests.support.conditions import wait_until
from tests.support.scenarios.event_store import EventStore
from tests.support.servers.service import Service, run_service

POISON = f"{666:040x}"
# Equals a crash for the client, without affecting the connections of other tests.
DIES_ON_POISON = f"""
    CREATE FUNCTION die_on_poison() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NEW.data ->> 'after' = '{POISON}' THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER die_on_poison BEFORE INSERT ON git_domain_events
        FOR EACH ROW EXECUTE FUNCTION die_on_poison();
"""


@pytest.fixture
def service(urls: tuple[str, str], event_store: EventStore) -> Iterator[Service]:
    """Run the whole service, connected, on a database that dies of one push."""
    event_store.connect_installation()
    event_store.run(DIES_ON_POISON)
    with run_service(*urls, "api", "scheduler") as service:
        yield service


async def test_event_that_kills_the_database_fails(service: Service, event_store: EventStore) -> None:
    """After three attempts. All others are processed once, and the worker stays alive."""
    poison = Delivery(push(666))
    wave = [*(Delivery(push(number)) for number in range(10)), poison]
    after = [Delivery(push(number)) for number in range(20, 30)]
    await post_all(service.address, wave, connections=1)
    await post_all(service.address, after, connections=1)
    service.start("worker")
    wait_until(event_store.is_settled, seconds=40)
    assert event_store.statuses() == {"processed": 20, "failed": 1}
    [(message,)] = event_store.rows("SELECT error_message FROM git_webhook_events WHERE delivery_id = %s", (poison.id,))
    assert message.startswith("database_lost: ")
    assert event_store.value("SELECT count(*) FROM git_domain_events") == 20
    assert len(service.log_lines("worker", "drain_failed")) == 3
    assert service.is_running("worker")
