"""The log of domain events, read by those who follow it, however long it is."""

import json
import re
from collections.abc import Iterator

import psycopg
import pytest

from adapters.postgres.stores.domain_events import render_organization_page, render_organizations_page
from tests.support.servers.servers import Servers, new_database

_FILL = """
    INSERT INTO organizations (external_id, name)
        SELECT lpad(n::text, 32, '0')::uuid, n::text FROM generate_series(1, 100) AS n;
    INSERT INTO projects (external_id, organization_id, name)
        SELECT external_id, id, 'Rocket' FROM organizations;
    -- The first organization has half of all; the last one had some long ago.
    INSERT INTO git_domain_events (type, version, organization_id, project_id, occurred_at, data)
        SELECT 'git.link.created', 1, owner, CASE WHEN n % 3 = 0 THEN owner END, now(), '{}'
        FROM (
            SELECT n, CASE WHEN n < 40 THEN 100 WHEN n % 2 = 0 THEN 1 ELSE 1 + n / 2 % 99 END AS owner
            FROM generate_series(1, 40000) AS n
        ) AS row;
    INSERT INTO git_webhook_events (
        provider, event_type, delivery_id, lane, payload_length, payload_sha256, status
    )
        SELECT 'github', 'push', n::text, 0, 0, '', 'processed' FROM generate_series(1, 20000) AS n;
"""


@pytest.fixture(scope="module")
def large(servers: Servers, database_template: str) -> Iterator[str]:
    """Give a database with a long log."""
    with new_database(servers.database_url, database_template) as url:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(_FILL)
            connection.execute("VACUUM (ANALYZE)")
        yield url


_OWN = {"git_domain_events_organization_id_id_idx"}
QUESTIONS: dict[str, tuple[str, set[str]]] = {
    "all of an organization": (render_organization_page((), 20), _OWN),
    "some of it": (render_organization_page(("types", "project_ids"), 20), _OWN),
    "what is new to several": (render_organizations_page(50), set()),
}


@pytest.mark.parametrize(("statement", "indexes"), QUESTIONS.values(), ids=list(QUESTIONS))
@pytest.mark.parametrize(("organization", "after"), [(1, 39_900), (1, 10), (2, 20_000), (100, 0)])
def test_queries_use_indexes(large: str, *, organization: int, after: int, statement: str, indexes: set[str]) -> None:
    """For these values and any others; joined rows are fetched by key."""
    parameters = {
        "organization_id": organization,
        "organization_ids": "{1,2,100}",
        "after": after,
        "types": "{git.link.created}",
        "project_ids": f"{{{organization:032}}}",
    }
    with psycopg.connect(large) as connection:
        explained = f"EXPLAIN (FORMAT JSON) {statement}"
        [(plan,)] = connection.execute(explained.encode(), parameters)
        [(generic,)] = connection.execute(_of_any_values(explained).encode())
    for found in (plan, generic):
        assert _indexes_of(found[0]["Plan"], "git_domain_events") == {"git_domain_events_pkey", *indexes}
        assert _indexes_of(found[0]["Plan"], "git_webhook_events") == {"git_webhook_events_pkey"}
        if indexes:
            assert '"Sort"' not in json.dumps(_below(found[0]["Plan"], "Limit"))


def _of_any_values(explained: str) -> str:
    """Explain what the server plans once it has prepared a statement and seen it a few times."""
    names = list(dict.fromkeys(re.findall(r"%\((\w+)\)s", explained)))
    for number, name in enumerate(names, start=1):
        explained = explained.replace(f"%({name})s", f"${number}")
    return explained.replace("(FORMAT JSON)", "(GENERIC_PLAN, FORMAT JSON)")


def _nodes(plan: dict[str, object]) -> Iterator[dict[str, object]]:
    yield plan
    children = plan.get("Plans", [])
    assert isinstance(children, list)
    for child in children:
        yield from _nodes(child)


def _below(plan: dict[str, object], kind: str) -> list[dict[str, object]]:
    return [node for node in _nodes(plan) if node["Node Type"] == kind]


def _indexes_of(plan: dict[str, object], table: str) -> set[object]:
    """Return the indexes a table is looked at by; its name for reading all of it."""
    return {node.get("Index Name", table) for node in _nodes(plan) if node.get("Relation Name") == table}
