"""What only PostgreSQL has: texts it cannot keep, tokens beside the row, damaged payloads, plans."""

from collections.abc import AsyncIterator
from dataclasses import replace
from uuid import uuid4

import pytest

from adapters.postgres.connection.session import Parameters
from adapters.postgres.queries import webhook_events as event_search
from adapters.postgres.stores import event_queue, events
from core.domain.connections import Connection, ConnectionStatus
from core.domain.deliveries.source_key import LANES, choose_lane
from core.domain.events.event import EventResult, EventStatus, Outcome, PayloadDamaged, Verdict
from core.domain.identifiers import ProviderUserId, RepoId
from core.domain.organizations import Project, ProjectNameTaken, Role
from core.domain.streams.domain_event import LinkData
from testing.builders.entities import (
    BY,
    INSTALLATION,
    PROVIDER,
    build_change,
    build_delivery,
    build_domain_event,
    build_repository,
    now,
)
from tests.contract.postgres_store_stage import PostgresStoreStage

_ODD = "a\0b\ud800c\\u0000d\udc00"
_KEPT = "a\ufffdb\ufffdc\\u0000d\ufffd"


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[PostgresStoreStage]:
    """Give a migrated database."""
    world = PostgresStoreStage(database_url)
    yield world
    await world.database.close()


async def test_replaces_text_that_postgres_cannot_store(world: PostgresStoreStage) -> None:
    """U+0000 and lone surrogates become U+FFFD in columns, arrays and JSON."""
    integration = await world.add_integration(provider_name=_ODD, settings={_ODD: [_ODD, {"x": (_ODD,)}]})
    assert integration.provider_name == _KEPT
    assert integration.settings == {_KEPT: [_KEPT, {"x": [_KEPT]}]}
    event = await world.add_event()
    verdict = Verdict("link", Outcome.PROCESSED, _ODD)
    await world.record_results(EventResult(event.id, EventStatus.PROCESSED, (verdict,), _ODD))
    settled = await world.get_event(event)
    assert (settled.error_message, settled.verdicts[0].reason) == (_KEPT, _KEPT)
    organization = await world.add_organization(_ODD)
    assert organization.name == _KEPT
    async with world.unit_of_work() as tx:
        data = LinkData(uuid4(), RepoId("1"), _ODD)
        await tx.domain_events.append([build_domain_event(organization, data=data)])
        await tx.catalog.save_repositories([build_repository(integration, full_name=_ODD, description=_ODD)])
        await tx.commit()
        [fact] = await tx.domain_events.list_after(0, limit=10)
        [row] = await tx.catalog.load_repositories(integration.id)
        assert await tx.events.find(PROVIDER, _ODD) is None
    assert fact.data == replace(data, full_name=_KEPT)
    assert (row.full_name, row.description) == (_KEPT, _KEPT)


async def test_revoking_deletes_the_tokens(world: PostgresStoreStage) -> None:
    """Other changes of a connection keep them."""
    user = await world.add_user()
    async with world.unit_of_work() as tx:
        connection = Connection(
            id=await tx.connections.next_id(),
            external_id=uuid4(),
            user_id=user.id,
            provider=PROVIDER,
            provider_user_id=ProviderUserId("7"),
            created_at=now(),
            updated_at=now(),
        )
        await tx.connections.apply([build_change(None, connection)])
        await tx.commit()
    async with world.database.session() as session:
        await session.change(
            "UPDATE user_git_connections"
            " SET access_token = 'a', refresh_token = 'r', token_expires_at = now() WHERE id = %s",
            (connection.id,),
        )
        await session.commit()
    named = replace(connection, provider_username="mara")
    revoked = replace(named, status=ConnectionStatus.REVOKED)
    for before, after, kept in ((connection, named, True), (named, revoked, False)):
        async with world.unit_of_work() as tx:
            await tx.connections.apply([build_change(before, after)])
            await tx.commit()
        async with world.database.session() as session:
            [tokens] = await session.read(
                "SELECT access_token, refresh_token, token_expires_at FROM user_git_connections"
            )
        assert [token is not None for token in tokens] == [kept] * 3


async def test_unknown_role_is_none(world: PostgresStoreStage) -> None:
    """A future role of crewkit gives no permission here."""
    user, organization = await world.add_user(), await world.add_organization()
    await world.add_member(user, organization, Role.OWNER)
    async with world.database.session() as session:
        await session.change("UPDATE memberships SET role = 'emperor'")
        await session.commit()
    assert await world.directory.list_memberships(user.id) == []


@pytest.mark.parametrize("damage", ["payload = 'x'", "payload_length = 3", "payload = substring(payload, 1, 12)"])
async def test_damaged_payload_does_not_block_its_lane(world: PostgresStoreStage, damage: str) -> None:
    """Readers get an error, and the lane treats the payload as missing."""
    await world.add_delivery(build_delivery(body=b"{}" * 1000), now())
    good = await world.add_event()
    async with world.database.session() as session:
        await session.change(f"UPDATE git_webhook_events SET {damage} WHERE id <> %s", (good.id,))
        await session.commit()
    async with world.unit_of_work() as tx:
        due = await tx.event_queue.list_due(choose_lane(str(INSTALLATION)), now=now(), limit=10, max_bytes=1000)
        assert [queued_event.body is None for queued_event in due] == [True, False]
        with pytest.raises(PayloadDamaged):
            await tx.events.find_payload(due[0].event.id)


async def test_expired_payload_is_none(world: PostgresStoreStage) -> None:
    """After retention deleted it."""
    event = await world.add_event()
    async with world.database.session() as session:
        await session.change("UPDATE git_webhook_events SET payload = NULL")
        await session.commit()
    async with world.unit_of_work() as tx:
        assert await tx.events.find_payload(event.id) is None
        [queued_event] = await tx.event_queue.list_due(event.lane, now=now(), limit=10, max_bytes=1000)
        assert queued_event.body is None


async def test_unlinking_keeps_the_events(world: PostgresStoreStage) -> None:
    """Without the link."""
    organization = await world.add_organization()
    integration = await world.add_integration(organization)
    link = await world.add_link(await world.add_project(organization), integration)
    event = await world.add_event()
    await world.record_results(EventResult(event.id, EventStatus.PROCESSED, link_id=link.id))
    async with world.unit_of_work() as tx:
        await tx.links.apply([build_change(link, None)])
        await tx.commit()
    async with world.database.session() as session:
        assert await session.read("SELECT project_repository_id FROM git_webhook_events") == [(None,)]


async def test_unique_constraint_of_crewkit_is_a_duplicate_name(world: PostgresStoreStage) -> None:
    """Whatever its name and columns."""
    organization = await world.add_organization()
    await world.add_project(organization, "Rocket")
    async with world.database.session() as session:
        await session.change("CREATE UNIQUE INDEX crewkit_names ON projects (organization_id, lower(name))")
        await session.commit()
    async with world.unit_of_work() as tx:
        project = Project(await tx.projects.next_id(), uuid4(), organization.id, "ROCKET", now())
        with pytest.raises(ProjectNameTaken):
            await tx.projects.add(project, BY)


async def test_detaches_events_of_a_link_in_batches(world: PostgresStoreStage) -> None:
    """Events of other links stay attached."""
    organization = await world.add_organization()
    integration = await world.add_integration(organization)
    links = [
        await world.add_link(await world.add_project(organization, name), integration, repo_id=RepoId(name))
        for name in ("1", "2")
    ]
    for link in (*links, links[0], links[0]):
        event = await world.add_event()
        await world.record_results(EventResult(event.id, EventStatus.PROCESSED, link_id=link.id))
    async with world.unit_of_work() as tx:
        assert [await tx.links.detach_events(links[0].id, limit=2) for _ in range(3)] == [2, 1, 0]
        await tx.commit()
    async with world.database.session() as session:
        left = await session.read("SELECT project_repository_id FROM git_webhook_events ORDER BY id")
    assert left == [(None,), (links[1].id,), (None,), (None,)]


_MANY_EVENTS = """
    INSERT INTO git_webhook_events (
        provider, event_type, delivery_id, installation_id, lane, payload_length, payload_sha256, status,
        git_integration_id, project_ids
    )
    SELECT 'github', CASE WHEN n %% 50 = 0 THEN 'pull_request' ELSE 'push' END, n::text, n %% 1000,
        n %% 32, 0, '', CASE
            WHEN n > 59000 THEN 'pending' WHEN n %% 1000 = 0 THEN 'failed' WHEN n %% 100 = 0 THEN 'unrouted'
            WHEN n %% 3 = 0 THEN 'ignored' ELSE 'processed'
        END,
        CASE WHEN n <= 59000 AND n %% 100 <> 0 THEN %s::bigint END,
        CASE WHEN n %% 3 = 1 THEN '{1}'::bigint[] END
    FROM generate_series(1, 60000) AS n
"""


async def test_queries_use_indexes(world: PostgresStoreStage) -> None:
    """On a large table, each query that a user or a drainer waits for."""
    integration = await world.add_integration()
    async with world.database.session() as session:
        await session.change(_MANY_EVENTS, (integration.id,))
        await session.commit()
        await session.change("ANALYZE")
        await session.commit()
    page: dict[str, object] = {"limit": 50, "before": 2**62, "floor": 0}
    questions: list[tuple[str, Parameters]] = [
        (event_search.render_list((), None), page),
        (event_search.render_list((), EventStatus.FAILED), page),
        (event_search.render_list((), EventStatus.UNROUTED), page),
        (event_search.render_list(("delivery_id",), None), page | {"delivery_id": "77"}),
        (events._FIND, ("77", PROVIDER)),
        (events._OLDEST_DUE, (LANES, now())),
        (event_queue._LANES_DUE, (LANES, now())),
        (event_queue._DUE, {"lane": 3, "now": now(), "limit": 256, "max_bytes": 1 << 25}),
        (event_queue._ROUTE_UNROUTED, {"oldest": now(), "now": now()}),
        ("UPDATE git_webhook_events SET project_repository_id = NULL WHERE project_repository_id = %s", (7,)),
        ("SELECT id FROM git_webhook_events WHERE project_ids @> ARRAY[%s::bigint]", (2,)),
    ]
    async with world.database.session() as session:
        for statement, parameters in questions:
            [(plan,)] = await session.write(f"EXPLAIN (FORMAT JSON) {statement}", parameters)
            assert not _reads_all(plan[0]["Plan"]), statement


def _reads_all(plan: dict[str, object]) -> bool:
    if plan["Node Type"] == "Seq Scan" and plan["Relation Name"] == "git_webhook_events":
        return True
    children = plan.get("Plans", [])
    assert isinstance(children, list)
    return any(_reads_all(child) for child in children)
