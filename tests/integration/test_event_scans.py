"""Scans of many webhook events have bounded work, continue, and use an index for what was typed."""

import psycopg
import pytest

from adapters.postgres.connection.database import Database
from adapters.postgres.queries import webhook_event_scans as event_scans
from core.domain.events.event_query import parse_event_query
from core.domain.identifiers import EventId, OrganizationId
from ports.events import EventFilter

_FILL = """
    INSERT INTO organizations (external_id, name) VALUES (gen_random_uuid(), 'Acme');
    INSERT INTO git_integrations (organization_id, provider, provider_id, external_id)
        SELECT id, 'github', '1', external_id FROM organizations;
    INSERT INTO git_webhook_events (
        provider, event_type, delivery_id, lane, payload_length, payload_sha256, status, git_integration_id, summary,
        search_key
    )
    SELECT 'github', (ARRAY['push', 'star', 'pull_request'])[1 + n % 3], n::text, 0, 1, '', 'processed', i.id,
        jsonb_build_object('kind', 'push', 'headline', 'Commit ' || n, 'ref', 'branch-' || n % 500),
        md5(n::text)
    FROM generate_series(1, 5000) AS n, git_integrations AS i ORDER BY n
"""


@pytest.fixture
def filled(database_url: str) -> str:
    """Return a database with five thousand events of one organization."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(_FILL.encode())
        connection.execute("ANALYZE")
    return database_url


async def test_a_scan_reads_a_bounded_number_and_continues(filled: str) -> None:
    """Each of its parts is short; together they find every event once."""
    database = Database(filled)
    found: list[EventId] = []
    before, scans = None, 0
    async with database.session() as session:
        [(organization_id,)] = await session.read("SELECT id FROM organizations")
        where = EventFilter(OrganizationId(organization_id), branch="branch-7")
        while True:
            scan = await event_scans.scan(session, where, limit=3, before=before, steps=1_000)
            found += [event.id for event in scan.events]
            scans += 1
            before = scan.events[-1].id if len(scan.events) == 3 else scan.reached
            if before is None:
                break
        rows = await session.read(
            "SELECT id FROM git_webhook_events WHERE summary ->> 'ref' = 'branch-7' ORDER BY id DESC"
        )
    await database.close()
    assert found == [event_id for (event_id,) in rows]
    assert len(found) == 10
    assert scans in range(5, 8)


async def test_a_commit_is_found_by_its_index(filled: str) -> None:
    """The statement does not read the table."""
    database = Database(filled)
    async with database.session() as session:
        [(organization_id,)] = await session.read("SELECT id FROM organizations")
        [(key,)] = await session.read("SELECT search_key FROM git_webhook_events WHERE delivery_id = '77'")
        query = parse_event_query(str(key)[:9])
        where = EventFilter(OrganizationId(organization_id), query=query)
        scan = await event_scans.scan(session, where, limit=3, before=None)
        statement = event_scans.render_query((), ("key_prefix",))
        parameters = {
            "text": str(key)[:9],
            "key": str(key)[:9],
            "organization_id": organization_id,
            "before": 2**62,
            "limit": 3,
            "statuses": ["processed"],
        }
        plan = "\n".join(row[0] for row in await session.read(f"EXPLAIN {statement}", parameters))
    await database.close()
    assert [event.delivery_id for event in scan.events] == ["77"]
    assert "Seq Scan on git_webhook_events" not in plan
    assert "git_webhook_events_search_key_idx" in plan
