"""A project is made from a repository by real processes, however they end, and pushes reach it."""

import asyncio
from collections.abc import Iterator
from typing import LiteralString

import httpx
import psycopg
import pytest

from adapters.postgres.connection import locks
from tests.support.builders.deliveries import REPOSITORY
from tests.support.clients.rest_client import open_client
from tests.support.conditions import wait_until
from tests.support.scenarios.event_store import EventStore, open_events
from tests.support.servers.service import Service, run_service
from tests.support.servers.service_with_sandbox import service_at_sandbox

KEY = {"idempotency-key": "8e03978e-40d5-43dd-bc93-6894a57f9324"}
IMPORT = {"repo_id": str(REPOSITORY), "name": "Rocket"}
TABLES: tuple[LiteralString, ...] = (
    "SELECT count(*) FROM projects",
    "SELECT count(*) FROM project_repositories",
    "SELECT count(*) FROM idempotency_keys WHERE response IS NOT NULL",
    "SELECT count(*) FROM git_domain_events WHERE type = 'git.link.created'",
    "SELECT count(*) FROM versions WHERE item_type = 'project'",
    "SELECT count(*) FROM versions WHERE item_type = 'link'",
)
WAITING = "SELECT pid FROM pg_locks WHERE NOT granted AND locktype = %s"
WROTE_A_PROJECT = """
    SELECT count(*) FROM pg_locks
    WHERE pid = %s AND relation = 'projects'::regclass AND mode = 'RowExclusiveLock' AND granted
"""
LIVES = "SELECT count(*) FROM pg_stat_activity WHERE pid = %s"
NONE = [0] * len(TABLES)
BETWEEN_THE_WRITES = ("LOCK TABLE project_repositories IN SHARE MODE", "relation")
AT_THE_COMMIT = (f"SELECT pg_advisory_xact_lock({locks.CLASS}, {locks.DOMAIN_EVENTS})", "advisory")


@pytest.fixture
def event_store(database_url: str) -> Iterator[EventStore]:
    """Return the webhook events of a connected installation without projects."""
    with open_events(database_url) as event_store:
        event_store.connect_installation(links=0)
        yield event_store


def counts(event_store: EventStore) -> list[int]:
    """Count the rows that an import makes, in every table it writes to."""
    return [event_store.value(query) for query in TABLES]


async def kill_during_import(
    service: Service, event_store: EventStore, database_url: str, lock: str, kind: str
) -> None:
    """Import while someone holds a lock, and kill the API when it waits for that."""
    with psycopg.connect(database_url) as holder:
        holder.execute(lock.encode())
        async with open_client(service, event_store, "git.link") as client:
            request = asyncio.create_task(client.post("/projects/import", json=IMPORT, headers=KEY))
            await asyncio.to_thread(wait_until, lambda: event_store.rows(WAITING, (kind,)))
            [(pid,)] = event_store.rows(WAITING, (kind,))
            assert event_store.value(WROTE_A_PROJECT, (pid,)) == 1
            assert counts(event_store) == NONE
            service.kill("api")
            with pytest.raises(httpx.TransportError):
                await request
    await asyncio.to_thread(wait_until, lambda: not event_store.value(LIVES, (pid,)))


async def test_import_is_atomic_after_a_kill_and_in_a_race(
    database_url: str, redis_url: str, event_store: EventStore
) -> None:
    """Project, link, key, domain event and versions exist together or not at all; one of twenty wins."""
    with run_service(database_url, redis_url, "api") as service:
        await kill_during_import(service, event_store, database_url, *BETWEEN_THE_WRITES)
        assert counts(event_store) == NONE
        service.start("api")
        await kill_during_import(service, event_store, database_url, *AT_THE_COMMIT)
        # The commit that was under way may have happened, and then all of it did.
        assert len(set(counts(event_store))) == 1
        service.start("api")

        already = counts(event_store)[0]
        async with open_client(service, event_store, "git.link") as client:
            answers = await asyncio.gather(
                *(client.post("/projects/import", json=IMPORT, headers=KEY) for _ in range(20))
            )
        assert {answer.status_code for answer in answers} == {201}
        assert len({answer.content for answer in answers}) == 1
        replayed = [answer for answer in answers if answer.headers.get("idempotent-replayed")]
        assert len(replayed) == 19 + already
        assert counts(event_store) == [1] * len(TABLES)


async def test_names_and_links_are_unique_in_a_race(database_url: str, redis_url: str, event_store: EventStore) -> None:
    """One import gets the name. Two projects can link one repository."""
    with run_service(database_url, redis_url, "api") as service:
        async with open_client(service, event_store, "git.link", "git.read") as client:
            answers = await asyncio.gather(*(client.post("/projects/import", json=IMPORT) for _ in range(20)))
            codes = sorted(answer.json().get("code", "made") for answer in answers)
            assert codes == ["made"] + ["project_name_taken"] * 19
            free = await client.post("/projects/import", json={**IMPORT, "name": "Other"})
            path = free.headers["location"].partition("/projects")[2]
            assert (await client.delete(f"/projects{path}")).status_code == 204
            linked = await asyncio.gather(
                *(client.post(f"/projects{path}", json={"repo_id": str(REPOSITORY)}) for _ in range(20))
            )
            assert sorted(answer.status_code for answer in linked) == [200] * 19 + [201]
            listed = (await client.get("/projects")).json()["data"]
    assert [one["name"] for one in listed] == ["Other", "Rocket"]
    assert {one["repository"]["repo_id"] for one in listed} == {str(REPOSITORY)}


async def test_push_reaches_an_imported_project(database_url: str, redis_url: str) -> None:
    """From the repository list to the domain event, with the sandbox GitHub."""
    async with service_at_sandbox(database_url, redis_url) as both:
        both.event_store.connect_installation(links=0)
        await both.start("api", "worker", "scheduler")
        async with open_client(both.service, both.event_store, "git.link", "git.read") as client:
            synced = "SELECT count(*) FROM git_integrations WHERE synced_at IS NOT NULL"
            await both.until(lambda: both.event_store.value(synced))
            found = (await client.get("/git-integrations/github/repos?q=guidance")).json()["data"]
            imported = await client.post("/projects/import", json={"repo_id": found[0]["id"]})
            assert imported.status_code == 201, imported.text
            project = imported.json()
            assert (project["name"], project["repository"]["reachable"]) == ("guidance", True)

            await both.push(1, "acme-rockets/guidance")
            await both.push(1, "acme-rockets/launchpad")
            await both.until(lambda: both.event_store.statuses().total() == 2 and both.event_store.is_settled())
        published = both.event_store.rows(
            "SELECT d.type, p.external_id::text, d.data ->> 'full_name' FROM git_domain_events AS d"
            " JOIN projects AS p ON p.id = d.project_id ORDER BY d.id"
        )
        assert published == [
            ("git.link.created", project["id"], "acme-rockets/guidance"),
            ("git.push", project["id"], "acme-rockets/guidance"),
        ]
