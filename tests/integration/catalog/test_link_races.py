"""Someone links a repository in the very moment in which it goes away: one of the two sees the other."""

from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial

import psycopg
import pytest
from psycopg import AsyncCursor

from adapters.postgres.connection.session import Parameters, Row, Session
from core.domain.errors import DomainError
from core.domain.events.event import EventResult, EventStatus
from core.domain.provider_events import (
    InstallationChanged,
    InstallationFacts,
    InstallationStep,
    ProviderEvent,
    RepositoriesChanged,
    RepositoryChanged,
    RepositoryStep,
)
from testing.builders.entities import build_delivery, now
from tests.contract.postgres_store_stage import PostgresStoreStage
from tests.support.scenarios.catalog import facts
from tests.support.scenarios.link_race import OTHER, REPO, SHORT, Race, ask


@pytest.fixture
async def race(database_url: str) -> AsyncIterator[Race]:
    """Give a connected organization whose catalog was asked to be read, so that its row need not change."""
    world = PostgresStoreStage(database_url)
    organization = await world.add_organization()
    integration = await world.add_integration(organization, sync_requested_at=now())
    await world.add_repositories(integration, REPO)
    await world.add_delivery(build_delivery(body=b"notice", event_type="repository"), now())
    yield Race(world, organization, await world.add_project(organization), integration)
    await world.database.close()


REMOVED = RepositoriesChanged(None, removed=(SHORT,))
ARCHIVED = RepositoryChanged(RepositoryStep.ARCHIVED, replace(facts("1"), archived=True, updated_at=now()))
SUSPENDED = InstallationChanged(InstallationStep.SUSPENDED, InstallationFacts(None, None, None, None, None, {}, now()))
CASES: dict[str, tuple[ProviderEvent | None, list[str], str]] = {
    "removed": (REMOVED, ["git.repository.removed", "git.link.unreachable"], "repository_not_found"),
    "archived": (ARCHIVED, ["git.repository.updated"], "repository_archived"),
    "suspended": (SUSPENDED, ["git.integration.suspended"], "integration_not_active"),
    "disconnected": (None, ["git.integration.revoked"], "integration_not_active"),
}


@pytest.mark.parametrize("case", CASES)
async def test_later_event_sees_the_new_link(race: Race, case: str) -> None:
    """Consumers receive the link first, and then its unreachability."""
    provider_event, events_after, _ = CASES[case]
    other = race.webhook(provider_event) if provider_event else race.disconnect
    assert await race.one_amid_the_other(race.link, race.linking, other) is None
    assert await race.facts() == ["git.link.created", *events_after]
    assert len(await race.links()) == 1


@pytest.mark.parametrize("case", CASES)
async def test_later_link_sees_the_removal(race: Race, case: str) -> None:
    """No link is created to a repository that was just removed."""
    provider_event, events_before, code = CASES[case]
    other = race.webhook(provider_event) if provider_event else race.disconnect
    refusal = await race.one_amid_the_other(other, race.others, race.link)
    assert isinstance(refusal, DomainError)
    assert refusal.code == code
    assert await race.facts() == [fact for fact in events_before if not fact.startswith("git.link")]
    assert await race.links() == []


async def test_link_created_during_a_rename_has_the_new_name(race: Race) -> None:
    """In any order."""
    renamed = RepositoryChanged(RepositoryStep.RENAMED, facts("1", "acme/new", updated_at=now()))
    assert await race.one_amid_the_other(race.link, race.linking, race.webhook(renamed)) is None
    [link] = await race.links()
    assert link.repo_full_name == "acme/new"


async def test_project_with_a_new_link_cannot_be_deleted(race: Race) -> None:
    """Crewkit's database reports the link."""
    refusal = await race.one_amid_the_other(race.link, race.linking, race.delete_project)
    assert isinstance(refusal, psycopg.errors.ForeignKeyViolation)
    assert len(await race.links()) == 1


async def test_deleted_project_cannot_be_linked(race: Race) -> None:
    """It equals a missing project."""
    refusal = await race.one_amid_the_other(race.delete_project, race.others, race.link)
    assert isinstance(refusal, DomainError)
    assert refusal.code == "project_not_found"


async def test_unlinked_project_stays_unlinked_during_pushes(race: Race) -> None:
    """A batch that loaded the link is repeated without it, and every event is processed."""
    await race.link()
    [link] = await race.links()
    renamed = RepositoryChanged(RepositoryStep.RENAMED, facts("1", "acme/new", updated_at=now()))
    unlink = partial(ask, race, "unlink", race.project.external_id)
    assert await race.one_amid_the_other(race.webhook(renamed), race.others, unlink) is None
    assert await race.links() == []
    assert (await race.facts())[-1] == "git.link.removed"
    async with race.world.unit_of_work() as tx:
        assert await tx.event_queue.list_due_lanes(now=now()) == []
        trail = await tx.versions.list_by_item("link", str(link.external_id))
    assert [version.event for version in trail] == ["created", "updated", "deleted"]


async def test_naming_a_replaced_link_unlinks_nothing(race: Race) -> None:
    """The new link of another user stays."""
    await race.world.add_repositories(race.integration, OTHER)
    await race.link()
    [seen] = await race.links()
    # Events are detached in a transaction before the replacement.
    unlink = partial(race.unlink, seen)
    refusal = await race.one_amid_the_other(race.replace, race.linking, unlink, commits=2)
    assert isinstance(refusal, DomainError)
    assert refusal.code == "link_replaced"
    assert [link.repo_id for link in await race.links()] == [OTHER]
    assert (await race.facts())[-1] == "git.link.created"


async def test_naming_another_link_detaches_no_events(race: Race) -> None:
    """Only events of the named link are detached, before it is locked."""
    await race.world.add_repositories(race.integration, OTHER)
    await race.link()
    [seen] = await race.links()
    await race.replace()
    [foreign_integration] = await race.links()
    event = await race.world.add_event()
    await race.world.record_results(EventResult(event.id, EventStatus.PROCESSED, link_id=foreign_integration.id))
    with pytest.raises(DomainError, match="Load the link again"):
        await race.unlink(seen)
    async with race.world.database.session() as session:
        named = await session.read("SELECT project_repository_id FROM git_webhook_events ORDER BY id")
    assert named[-1] == (foreign_integration.id,)


@pytest.mark.parametrize("what", ["show", "link", "change", "unlink"])
async def test_foreign_project_needs_the_statements_of_a_missing_one(
    race: Race, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    other = await race.world.add_organization("Zenith")
    foreign_integration = await race.world.add_integration(other, provider_id="2")
    foreign = await race.world.add_project(other, "Telescope")
    await race.world.add_link(foreign, foreign_integration)
    execute, statements = Session._execute, list[str]()

    async def record_statement(session: Session, statement: str, parameters: Parameters) -> AsyncCursor[Row]:
        statements.append(statement)
        return await execute(session, statement, parameters)

    monkeypatch.setattr(Session, "_execute", record_statement)
    # That the organization exists is remembered for a while, whatever is asked of it.
    with pytest.raises(DomainError, match="no project with this id"):
        await ask(race, what, other.external_id)
    costs = []
    for project_id in (foreign.external_id, foreign_integration.external_id):
        statements.clear()
        with pytest.raises(DomainError, match="no project with this id"):
            await ask(race, what, project_id)
        costs.append(list(statements))
    assert costs[0] == costs[1]
    assert any("FROM projects" in statement for statement in costs[0])
