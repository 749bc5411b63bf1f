"""Tokens that services read linked repositories with."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from core.domain.actors import ServiceActor
from core.domain.catalog.repository import RepositoryNotFound
from core.domain.errors import DomainError
from core.domain.identifiers import RepoId
from core.domain.integrations.integration import IntegrationNotActive, IntegrationStatus, StatusReason
from core.domain.links.link import ProjectNotLinked
from core.domain.organizations import ProjectNotFound
from core.domain.provider_errors import ProviderUnavailable
from core.domain.tokens.installation_tokens import ReadToken, TokenLease
from testing.builders.entities import PROVIDER
from tests.support.scenarios.catalog import facts
from tests.support.scenarios.edge import NOW
from tests.support.scenarios.projects import GADGETS, GONE, WIDGETS, ProjectsEdge

BY = ServiceActor("deployer", frozenset({"git.tokens"}), request_id="request-1")


@pytest.fixture
async def edge() -> ProjectsEdge:
    """Give an organization with two linked projects."""
    edge = ProjectsEdge()
    await edge.populate()
    edge.provider.state.install(edge.integration.provider_id, facts(WIDGETS), facts(GADGETS))
    await edge.world.add_link(edge.project, edge.integration, repo_id=RepoId(WIDGETS))
    await edge.world.add_link(edge.second, edge.integration, repo_id=RepoId(GADGETS))
    return edge


async def issue(edge: ProjectsEdge, **more: Any) -> ReadToken:
    """Ask for a token of the first project."""
    arguments = {"project_ids": [edge.project.external_id], "provider": PROVIDER, "reason": "a build", **more}
    return await edge.application.tokens.issue_read_token(
        BY, organization_id=edge.organization.external_id, **arguments
    )


async def lease_of(edge: ProjectsEdge, issued: ReadToken) -> TokenLease:
    """Return what is known of a token."""
    async with edge.world.unit_of_work() as tx:
        lease = await tx.token_leases.find_token_lease(issued.lease_id)
    assert lease is not None
    return lease


async def stand(edge: ProjectsEdge, status: IntegrationStatus, reason: StatusReason | None = None) -> None:
    """Let the integration stand so from now on."""
    edge.later(seconds=1)
    await edge.set_integration(
        replace(edge.integration, status=status, status_reason=reason, status_changed_at=edge.clock.now())
    )


async def test_token_reads_its_repository_and_is_recorded(edge: ProjectsEdge) -> None:
    """Contents of this repository only; the row does not contain the token."""
    issued = await issue(edge)
    minted = edge.provider.state.installation_tokens[issued.token.reveal()]
    assert minted.repo_ids == {WIDGETS}
    assert [(link.project_id, row.repo_id) for link, row in issued.repositories] == [(edge.project.id, WIDGETS)]
    lease = await lease_of(edge, issued)
    assert (lease.actor, lease.request_id, lease.reason) == ("service:deployer", "request-1", "a build")
    assert (lease.repo_ids, dict(lease.permissions)) == ((WIDGETS,), {"contents": "read"})
    assert (lease.created_at, lease.expires_at) == (NOW, issued.expires_at)
    assert lease.sealed is not None
    assert issued.token.reveal() not in lease.sealed


async def test_token_for_two_projects(edge: ProjectsEdge) -> None:
    """In the given order, each once."""
    names = [edge.second.external_id, edge.project.external_id, edge.second.external_id]
    issued = await issue(edge, project_ids=names)
    assert [row.repo_id for _, row in issued.repositories] == [GADGETS, WIDGETS]
    assert edge.provider.state.installation_tokens[issued.token.reveal()].repo_ids == {WIDGETS, GADGETS}


@pytest.mark.parametrize("status", [IntegrationStatus.SUSPENDED, IntegrationStatus.REVOKED])
async def test_requires_an_active_integration(edge: ProjectsEdge, status: IntegrationStatus) -> None:
    """The provider is not called."""
    await stand(edge, status, StatusReason.DISCONNECTED)
    with pytest.raises(IntegrationNotActive):
        await issue(edge)
    assert edge.provider.calls["mint_token"] == 0


async def test_requires_access_to_all_projects(edge: ProjectsEdge) -> None:
    """A foreign, unlinked or removed one means no token at all."""
    free = await edge.world.add_project(edge.organization, "Free")
    lost = await edge.world.add_project(edge.organization, "Lost")
    await edge.world.add_link(lost, edge.integration, repo_id=RepoId(GONE))
    refusals: list[tuple[Any, type[DomainError]]] = [
        (edge.foreign.external_id, ProjectNotFound),
        (uuid4(), ProjectNotFound),
        (free.external_id, ProjectNotLinked),
        (lost.external_id, RepositoryNotFound),
    ]
    for project_id, refusal in refusals:
        with pytest.raises(refusal, match=str(project_id)):
            await issue(edge, project_ids=[edge.project.external_id, project_id])
    assert edge.provider.calls["mint_token"] == 0


async def test_disconnect_during_the_request_revokes_the_token(edge: ProjectsEdge) -> None:
    """It is not returned."""
    arguments, goes_on = asyncio.Event(), asyncio.Event()

    async def hold(call: str) -> None:
        if call == "mint_token":
            arguments.set()
            await goes_on.wait()

    edge.provider.before = hold
    issuing = asyncio.create_task(issue(edge))
    await arguments.wait()
    await stand(edge, IntegrationStatus.REVOKED, StatusReason.DISCONNECTED)
    goes_on.set()
    with pytest.raises(IntegrationNotActive):
        await issuing
    assert edge.provider.state.installation_tokens == {}


async def test_revokes_tokens_when_the_integration_ends(edge: ProjectsEdge) -> None:
    """After an outage, too; tokens of other integrations stay."""
    issued = await issue(edge)
    revoke = edge.application.tokens.revoke_orphaned
    assert await revoke() == 0
    await stand(edge, IntegrationStatus.REVOKED, StatusReason.DISCONNECTED)
    edge.provider.fail("revoke_token", ProviderUnavailable("No answer."), times=2)
    assert [await revoke() for _ in range(4)] == [0, 0, 1, 0]
    assert edge.provider.state.installation_tokens == {}
    lease = await lease_of(edge, issued)
    assert (lease.sealed, lease.revoked_at) == (None, edge.clock.now())


async def test_revokes_tokens_when_a_repository_is_unlinked(edge: ProjectsEdge) -> None:
    """A token of several is revoked as a whole."""
    await issue(edge, project_ids=[edge.project.external_id, edge.second.external_id])
    second = await issue(edge, project_ids=[edge.second.external_id])
    await edge.application.links.delete(
        edge.people["owner"],
        organization_id=edge.organization.external_id,
        project_id=edge.project.external_id,
        provider=PROVIDER,
    )
    assert await edge.application.tokens.revoke_orphaned() == 1
    assert list(edge.provider.state.installation_tokens) == [second.token.reveal()]


async def test_deletes_expired_records(edge: ProjectsEdge) -> None:
    issued = await issue(edge)
    edge.later(hours=1)
    await stand(edge, IntegrationStatus.REVOKED, StatusReason.DISCONNECTED)
    assert await edge.application.tokens.revoke_orphaned() == 0
    lease = await lease_of(edge, issued)
    assert (lease.sealed, lease.revoked_at) == (None, None)
    assert lease.expires_at == NOW + timedelta(hours=1)
    assert edge.provider.calls["revoke_token"] == 0


async def test_issued_token_is_in_the_audit_trail(edge: ProjectsEdge) -> None:
    """With its purpose and repositories, and without the token."""
    issued = await issue(edge)
    lease = await lease_of(edge, issued)
    async with edge.world.unit_of_work() as tx:
        [version] = await tx.versions.list_by_item("read_token", str(issued.lease_id))
    assert (version.event, version.actor) == ("issued", BY.name)
    assert version.changes["reason"] == [None, "a build"]
    assert version.changes["repo_ids"] == [None, list(lease.repo_ids)]
    assert issued.token.reveal() not in str(version.changes)
