"""Lists of many webhook events are correct, and use only indexes."""

import re
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import psycopg
import pytest

from adapters.postgres.connection.database import Database
from adapters.postgres.queries import webhook_events as event_search
from adapters.postgres.rows.webhook_events import MAY_REOPEN
from adapters.postgres.unit_of_work import PostgresUnitOfWork
from core.domain.events.event import EventStatus
from core.domain.identifiers import EventId, OrganizationId
from ports.events import EventFilter
from tests.support.servers.servers import Servers, new_database

ROWS = 80_000
BEGAN = datetime(2026, 9, 1, tzinfo=UTC)
_FILL = """
    INSERT INTO organizations (external_id, name)
        SELECT lpad(n::text, 32, '0')::uuid, n::text FROM generate_series(1, 100) AS n;
    INSERT INTO git_integrations (organization_id, provider, provider_id, external_id)
        SELECT id, 'github', id::text, external_id FROM organizations;
    INSERT INTO projects (external_id, organization_id, name)
        SELECT lpad((10 * o.id + n)::text, 32, '0')::uuid, o.id, n::text
        FROM organizations AS o, generate_series(0, 9) AS n;
    INSERT INTO project_repositories (
        project_id, git_integration_id, provider, repo_id, repo_full_name, external_id
    )
        SELECT p.id, i.id, 'github', p.name, p.name, p.external_id
        FROM projects AS p JOIN git_integrations AS i ON i.organization_id = p.organization_id;
    -- The first organization has half of all, and its first project half of that; the last is a quiet one,
    -- long ago.
    INSERT INTO git_webhook_events (
        id, provider, event_type, delivery_id, installation_id, lane, payload, payload_length, payload_sha256,
        status, git_integration_id, project_ids, error_message, created_at, repo_id
    )
    SELECT nextval('git_webhook_events_id_seq'), 'github', type, n::text, owner, 0, 'x', 1, '', status,
        CASE WHEN status <> 'unrouted' THEN owner END,
        CASE WHEN status = 'processed' THEN ARRAY[(
            SELECT id FROM projects
            WHERE organization_id = owner AND name = (CASE WHEN n % 2 = 0 THEN 0 ELSE n % 10 END)::text
        )] END,
        CASE WHEN status = 'ignored' THEN CASE WHEN n % 5 = 0 THEN 'before_binding' ELSE 'why' END END,
        '2026-09-01 00:00:00+00'::timestamptz + n * interval '10 seconds', (n / 1000 % 10)::text
    FROM (
        SELECT n,
            CASE WHEN n < 40 THEN 100 WHEN n % 2 = 0 THEN 1 ELSE 1 + n / 2 % 99 END AS owner,
            CASE WHEN n % 1000 = 998 THEN 'failed' WHEN n % 7 = 0 THEN 'ignored'
                WHEN n % 50 = 1 THEN 'unrouted' ELSE 'processed' END AS status,
            CASE WHEN n = 778 THEN 'public'
                ELSE (ARRAY['push', 'push', 'pull_request', 'repository', 'star'])[1 + n / 3 % 5] END AS type
        FROM generate_series(1, {rows}) AS n
    ) AS row
"""


@pytest.fixture(scope="module")
def large(servers: Servers, database_template: str) -> Iterator[str]:
    """Return a database with many webhook events of a hundred organizations."""
    with new_database(servers.database_url, database_template) as url:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(_FILL.format(rows=ROWS).encode())
            connection.execute("VACUUM (ANALYZE)")
        yield url


@pytest.fixture
async def database(large: str) -> AsyncIterator[Database]:
    """Give a pool of connections to it."""
    database = Database(large)
    yield database
    await database.close()


def of(organization: int, **where: object) -> EventFilter:
    """Return a filter of an organization's."""
    return EventFilter(OrganizationId(organization), **where)  # type: ignore[arg-type]


def project(organization: int, number: int) -> UUID:
    """Return the id of one of its projects."""
    return UUID(int=int(str(10 * organization + number), 16))


FILTERS = [
    EventFilter(),
    EventFilter(since=BEGAN + timedelta(days=3)),
    EventFilter(status=EventStatus.UNROUTED, event_type="star", since=BEGAN + timedelta(days=3)),
    of(1),
    of(2),
    of(100),
    of(1, status=EventStatus.FAILED),
    of(1, status=EventStatus.UNROUTED),
    of(1, event_type="public"),
    of(1, event_type="push", status=EventStatus.IGNORED),
    of(1, event_type="nothing"),
    of(2, event_type="star", since=BEGAN + timedelta(days=4)),
    of(1, since=BEGAN + timedelta(days=9, hours=5)),
    of(1, since=BEGAN + timedelta(days=90)),
    of(100, since=BEGAN - timedelta(days=1)),
    of(1, provider="github", event_type="push"),
    of(1, provider="gitlab"),
    of(1, project_id=project(1, 0)),
    of(1, project_id=project(1, 3)),
    of(1, project_id=project(1, 8), status=EventStatus.FAILED),
    of(1, project_id=project(1, 7)),
    of(2, project_id=project(2, 4), event_type="push", since=BEGAN + timedelta(days=1)),
    of(1, project_id=project(2, 4)),
    of(1, project_id=UUID(int=404)),
    of(1, project_id=project(1, 1), status=EventStatus.IGNORED),
    of(1, delivery_id="778"),
    of(2, delivery_id="778"),
    of(1, status=EventStatus.IGNORED, reopenable_at=BEGAN + timedelta(days=30)),
    EventFilter(status=EventStatus.UNROUTED, reopenable_at=BEGAN + timedelta(days=6)),
]


@pytest.mark.parametrize("where", FILTERS, ids=str)
async def test_search_equals_the_reference_implementation(database: Database, where: EventFilter) -> None:
    """The first pages, and all pages from the middle."""
    async with database.session() as session:
        rows = await session.read(_RULE, _parameters_of(where))
    expected = [event_id for (event_id,) in rows]
    unit_of_work = PostgresUnitOfWork(database)
    async with unit_of_work() as tx:
        found: list[EventId] = []
        for _ in range(3):
            before = found[-1] if found else None
            found += [one.id for one in await tx.events.list(where, limit=21, before=before)]
        middle = EventId(ROWS // 2)
        rest = [one.id for one in await tx.events.list(where, limit=30_000, before=middle)]
    assert found == expected[: len(found)]
    assert len(found) == min(63, len(expected))
    assert rest == [event_id for event_id in expected if event_id < middle][:30_000]


_RULE = f"""
    SELECT e.id FROM git_webhook_events AS e
    LEFT JOIN git_integrations AS i ON i.id = e.git_integration_id
    LEFT JOIN projects AS p ON p.external_id = %(project_id)s::uuid
    WHERE (%(organization_id)s::bigint IS NULL OR i.organization_id = %(organization_id)s)
        AND (%(provider)s::text IS NULL OR e.provider = %(provider)s)
        AND (%(status)s::text IS NULL OR e.status = %(status)s)
        AND (%(event_type)s::text IS NULL OR e.event_type = %(event_type)s)
        AND (%(delivery_id)s::text IS NULL OR e.delivery_id = %(delivery_id)s)
        AND (%(since)s::timestamptz IS NULL OR e.created_at >= %(since)s)
        AND (%(project_id)s::uuid IS NULL
            OR p.id = ANY(e.project_ids) AND p.organization_id = %(organization_id)s
            OR p.organization_id = %(organization_id)s AND e.status IN ('failed', 'pending')
                AND (e.git_integration_id, e.repo_id) IN (
                    SELECT git_integration_id, repo_id FROM project_repositories WHERE project_id = p.id
                ))
        AND (%(oldest)s::timestamptz IS NULL OR {MAY_REOPEN.as_string()})
    ORDER BY e.id DESC
"""


def _parameters_of(where: EventFilter) -> dict[str, object]:
    names = ("organization_id", "provider", "event_type", "delivery_id", "project_id", "since")
    at = where.reopenable_at
    return {
        **{name: getattr(where, name) for name in names},
        "status": where.status.value if where.status else None,
        "oldest": at - timedelta(hours=72) if at else None,
        "retryable": ["failed", "ignored", "unrouted"],
        "never": "before_binding",
    }


_KINDS = {"git_webhook_events_kind_idx", "git_webhook_events_pkey"}
# Beside the index that finds them, the source key of an event that has no number is read by its id.
_PROJECTS = {"git_webhook_events_project_ids_idx", "git_webhook_events_open_repo_idx", "git_webhook_events_pkey"}
_DELIVERIES = {"git_webhook_events_delivery_id_provider_key", "git_webhook_events_pkey"}
QUESTIONS: dict[str, tuple[str, set[str]]] = {
    "all": (event_search.render_walk((), 51), _KINDS),
    "a type": (event_search.render_walk(("event_type",), 51), _KINDS),
    "since": (event_search.render_walk(("since",), 51), _KINDS),
    "a type since": (event_search.render_walk(("event_type", "since", "provider"), 51), _KINDS),
    "what may be retried": (event_search.render_walk(("reopenable",), 1001), _KINDS),
    "a project, walking": (event_search.render_walk(("project_id",), 1000), _KINDS),
    "a project's type, walking": (event_search.render_walk(("event_type", "project_id"), 1000), _KINDS),
    "a project, looking up": (event_search.render_lookup(("project_id",)), _PROJECTS),
    "a project's type": (event_search.render_lookup(("event_type", "since", "project_id")), _PROJECTS),
    "a delivery": (event_search.render_lookup(("delivery_id",)), _DELIVERIES),
    "the beginning of a time": (event_search._FIRST_SINCE, {"git_webhook_events_pkey"}),
}


@pytest.mark.parametrize(("statement", "indexes"), QUESTIONS.values(), ids=list(QUESTIONS))
@pytest.mark.parametrize("organization", [1, 2, 100], ids=["the largest", "a usual one", "a quiet one"])
def test_queries_use_indexes(large: str, organization: int, statement: str, indexes: set[str]) -> None:
    """For these values and any others, and for each tenant."""
    parameters: dict[str, object] = {
        "organization_id": organization,
        "statuses": "{processed,failed,ignored,unrouted,pending}",
        "limit": 51,
        "before": 2**62,
        "floor": 0,
        "event_type": "star",
        "since": BEGAN + timedelta(days=5),
        "time": BEGAN + timedelta(days=5),
        "provider": "github",
        "project_id": project(organization, 3),
        "delivery_id": "778",
        "retryable": "{failed,ignored,unrouted}",
        "never": "before_binding",
        "oldest": BEGAN,
    }
    with psycopg.connect(large) as connection:
        explained = f"EXPLAIN (FORMAT JSON) {statement}"
        [(plan,)] = connection.execute(explained.encode(), parameters)
        [(generic,)] = connection.execute(_of_any_values(explained).encode())
    for nodes in (list(_scans(plan[0]["Plan"])), list(_scans(generic[0]["Plan"]))):
        assert {name for name, _ in nodes} == indexes
        backwards = [name for name, direction in nodes if direction == "Backward"]
        assert set(backwards) <= {"git_webhook_events_kind_idx"} or statement == event_search._FIRST_SINCE


def _of_any_values(explained: str) -> str:
    """Explain what the server plans once it has prepared a statement and seen it a few times."""
    names = list(dict.fromkeys(re.findall(r"%\((\w+)\)s", explained)))
    for number, name in enumerate(names, start=1):
        explained = explained.replace(f"%({name})s", f"${number}")
    return explained.replace("(FORMAT JSON)", "(GENERIC_PLAN, FORMAT JSON)")


def _scans(plan: dict[str, object]) -> Iterator[tuple[str, object]]:
    """Return the index and direction of each scan of the webhook events."""
    if plan.get("Relation Name") == "git_webhook_events" and plan["Node Type"] != "Bitmap Heap Scan":
        yield str(plan["Index Name"]), plan.get("Scan Direction")
    if plan["Node Type"] == "Bitmap Index Scan":
        yield str(plan["Index Name"]), None
    children = plan.get("Plans", [])
    assert isinstance(children, list)
    for child in children:
        yield from _scans(child)
