"""Catalogs as large as any, of names as people give them."""

import random
from collections.abc import Iterator, Sequence

import psycopg
from psycopg import sql

from adapters.postgres.queries.trigrams import render_grams, search_name
from core.domain.identifiers import IntegrationId

_PARTS = (
    "api web app service core data platform mobile ios android infra terraform docs site auth billing "
    "payments orders search ingest worker queue cache gateway proxy admin portal dashboard ui design sdk "
    "client server tools scripts ci deploy helm chart config schema events stream batch model agent demo"
)
_WORDS = _PARTS.split()

_CONNECT = """
    WITH organization AS (
        INSERT INTO organizations (external_id, name) VALUES (gen_random_uuid(), %s) RETURNING id
    )
    INSERT INTO git_integrations (organization_id, provider, provider_id, external_id, synced_at)
    SELECT id, 'github', %s, gen_random_uuid(), now() FROM organization RETURNING id
"""
_COLUMNS = (
    *("git_integration_id", "repo_id", "full_name", "search_name", "search_grams", "url", "archived"),
    "default_branch",
)


def fill(url: str, sizes: Sequence[int], *, seed: int = 1) -> list[tuple[IntegrationId, list[str]]]:
    """Connect an organization for each size and give it a catalog of so many names, every tenth archived.

    Rows of all tenants lie mixed, as they do when each came at its time. The index is made afterwards, which
    takes a tenth of the time.
    """
    chance = random.Random(seed)
    with psycopg.connect(url) as connection:
        tenants = [
            (_connect(connection, number), list(_names(chance, f"owner-{number}", size)))
            for number, size in enumerate(sizes)
        ]
        rows = [
            (integration, str(10_000_000 * integration + place), name, place)
            for integration, names in tenants
            for place, name in enumerate(names)
        ]
        chance.shuffle(rows)
        index = "git_repositories_search_grams_idx"
        [(definition,)] = connection.execute("SELECT indexdef FROM pg_indexes WHERE indexname = %s", (index,))
        connection.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier(index)))
        copy = sql.SQL("COPY git_repositories ({}) FROM STDIN").format(
            sql.SQL(", ").join(map(sql.Identifier, _COLUMNS))
        )
        with connection.cursor().copy(copy) as copying:
            for integration, repo_id, name, place in rows:
                found = render_grams(integration, name, "")
                url_of = f"https://github.com/{name}"
                copying.write_row(
                    (integration, repo_id, name, search_name(name), found, url_of, place % 10 == 0, "main")
                )
        connection.execute(definition)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM (ANALYZE) git_repositories")
    return tenants


def _connect(connection: psycopg.Connection, number: int) -> IntegrationId:
    [(integration,)] = connection.execute(_CONNECT, (f"Organization {number}", str(number)))
    return IntegrationId(integration)


def _names(chance: random.Random, owner: str, size: int) -> Iterator[str]:
    for number in range(size):
        words = chance.sample(_WORDS, chance.choice((1, 2, 2, 3)))
        yield f"{owner}/{chance.choice('-_.-').join(words)}-{number}"
