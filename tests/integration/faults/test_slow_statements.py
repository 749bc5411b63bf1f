"""An event that the database takes too long for fails by itself and holds up nobody behind it."""

from random import Random

from tests.support.scenarios.event_store import open_events
from tests.support.servers.in_process_worker import INSTALLATION_OF_LANE, a_push, workshop

# What PostgreSQL raises when a statement's time is over, without the wait for it.
TOO_SLOW = """
CREATE FUNCTION too_slow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.git_webhook_event_id = (SELECT min(id) FROM git_webhook_events) THEN
        RAISE query_canceled USING MESSAGE = 'canceling statement due to statement timeout';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER too_slow BEFORE INSERT ON git_domain_events FOR EACH ROW EXECUTE FUNCTION too_slow();
"""


async def test_statement_timeout_counts_as_an_attempt(database_url: str, redis_url: str) -> None:
    """It is not an outage: unlimited attempts would block the lane for all its installations."""
    with open_events(database_url) as event_store:
        event_store.connect_installation(INSTALLATION_OF_LANE[3])
        event_store.run(TOO_SLOW)
        async with workshop(database_url, redis_url, Random(20), workers=0) as shop:
            slow, good = a_push(3), a_push(3)
            for delivery in (slow, good):
                await shop.receive(delivery)
            await shop.drain(3)
        assert event_store.rows("SELECT status, attempts, error_message FROM git_webhook_events ORDER BY id") == [
            ("pending", 1, "The database did not finish the request in time. Nothing was changed. Try again later."),
            ("processed", 0, None),
        ]
