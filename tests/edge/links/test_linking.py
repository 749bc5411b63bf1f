"""A project gets its repository: what can be linked, and what cannot."""

from dataclasses import replace

import pytest

from core.domain.integrations.integration import IntegrationStatus, StatusReason
from core.domain.organizations import Role
from tests.support.scenarios.edge import Client, check_error
from tests.support.scenarios.projects import ARCHIVED, FOREIGN, GADGETS, GONE, RULES, WIDGETS, ProjectsEdge, link


async def test_creates_and_shows_a_link(edge: ProjectsEdge, client: Client) -> None:
    """With the default branch of the repository. Members of the organization are notified."""
    path = edge.repository_of(edge.project)
    answer = await client.post(path, json={"repo_id": WIDGETS}, headers=edge.of("member"))

    assert (answer.status_code, answer.headers["location"]) == (201, path)
    made = answer.json()
    assert made == {
        "id": made["id"],
        "project_id": str(edge.project.external_id),
        "provider": "github",
        "repo_id": WIDGETS,
        "full_name": "acme/widgets",
        "previous_full_name": None,
        "url": "https://p.example/acme/widgets",
        "archived": False,
        "default_branch": "trunk",
        "webhooks_enabled": True,
        "settings": {"root_directory": None, "rules": RULES},
        "reachable": True,
        "reason": None,
        "action": None,
        "created_at": "2026-11-23T12:00:00Z",
        "updated_at": made["updated_at"],
        "successor": None,
    }
    assert (await client.get(path, headers=edge.of("viewer"))).json() == made
    [fact] = await edge.list_domain_events()
    assert (fact.type.value, fact.project_id) == ("git.link.created", edge.project.external_id)
    [(event, actor, changes)] = await edge.steps("link", made["id"])
    assert (event, actor) == ("created", edge.people["member"].name)
    assert changes["repo_id"] == [None, WIDGETS]


async def test_accepts_all_settings_at_once(edge: ProjectsEdge, client: Client) -> None:
    """Branch, directory, and no notification of pushes."""
    made = await link(
        edge,
        client,
        edge.project,
        provider="github",
        default_branch="release/1.x",
        webhooks_enabled=False,
        settings={"root_directory": "./apps/web/"},
    )
    chosen = (made["default_branch"], made["webhooks_enabled"], made["settings"])
    assert chosen == ("release/1.x", False, {"root_directory": "apps/web", "rules": RULES})


async def test_second_request_changes_nothing(edge: ProjectsEdge, client: Client) -> None:
    """A request for the existing link returns it; other settings are a conflict."""
    made = await link(edge, client, edge.project, default_branch="next")
    path = edge.repository_of(edge.project)
    for body in ({"repo_id": WIDGETS}, {"repo_id": WIDGETS, "default_branch": "next"}):
        again = await client.post(path, json=body, headers=edge.of("owner"))
        assert (again.status_code, again.json()) == (200, made)
        assert "location" not in again.headers
    other = await client.post(path, json={"repo_id": WIDGETS, "default_branch": "main"}, headers=edge.of("owner"))
    assert "Update the link" in check_error(other, 409, "project_already_linked")["detail"]
    other = await client.post(path, json={"repo_id": GADGETS}, headers=edge.of("owner"))
    assert "already linked to acme/widgets. Unlink it" in check_error(other, 409, "project_already_linked")["detail"]
    assert len(await edge.list_domain_events()) == 1


async def test_two_projects_can_link_one_repository(edge: ProjectsEdge, client: Client) -> None:
    """Each project has a separate link."""
    one = await link(edge, client, edge.project)
    two = await link(edge, client, edge.second, settings={"root_directory": "docs"})
    assert one["id"] != two["id"]
    assert len(await edge.list_domain_events()) == 2


@pytest.mark.parametrize(
    ("repo_id", "status", "code"),
    [
        (ARCHIVED, 409, "repository_archived"),
        (GONE, 404, "repository_not_found"),
        (FOREIGN, 404, "repository_not_found"),
        ("404", 404, "repository_not_found"),
        ("acme/widgets", 404, "repository_not_found"),
    ],
)
async def test_rejects_repositories_outside_the_catalog(
    edge: ProjectsEdge, client: Client, repo_id: str, status: int, code: str
) -> None:
    """Only the catalog of this integration counts, even for public repositories."""
    for path in (edge.repository_of(edge.project), edge.path("/projects/import")):
        answer = await client.post(path, json={"repo_id": repo_id}, headers=edge.of("member"))
        check_error(answer, status, code)
    assert await edge.list_domain_events() == []


@pytest.mark.parametrize(
    ("status", "reason", "hint"),
    [
        (IntegrationStatus.SUSPENDED, StatusReason.SUSPENDED_ON_PROVIDER, "can unsuspend it there"),
        (IntegrationStatus.SUSPENDED, StatusReason.TOKEN_REFUSED, "Check the installation at the provider"),
        (IntegrationStatus.REVOKED, StatusReason.DISCONNECTED, "Connect it again"),
    ],
)
async def test_rejects_an_inactive_integration(
    edge: ProjectsEdge, client: Client, status: IntegrationStatus, reason: StatusReason, hint: str
) -> None:
    """The response names the remedy."""
    await edge.set_integration(replace(edge.integration, status=status, status_reason=reason))
    for path in (edge.repository_of(edge.project), edge.path("/projects/import")):
        answer = await client.post(path, json={"repo_id": WIDGETS}, headers=edge.of("member"))
        assert hint in check_error(answer, 409, "integration_not_active")["detail"]


async def test_rejects_an_organization_without_an_integration(edge: ProjectsEdge, client: Client) -> None:
    organization = await edge.world.add_organization("Newcomer")
    await edge.join("founder", organization, Role.OWNER)
    project = await edge.world.add_project(organization)
    for path in (f"/projects/{project.external_id}/repository", "/projects/import"):
        answer = await client.post(edge.path(path, organization), json={"repo_id": WIDGETS}, headers=edge.of("founder"))
        assert "Connect it first" in check_error(answer, 404, "integration_not_found")["detail"]


async def test_replaces_the_repository(edge: ProjectsEdge, client: Client) -> None:
    """In one step, with an event for the end and one for the start; settings return to their defaults."""
    made = await link(edge, client, edge.project, default_branch="next", webhooks_enabled=False)
    path = edge.repository_of(edge.project)
    answer = await client.post(path, json={"repo_id": GADGETS, "replace": True}, headers=edge.of("member"))
    assert answer.status_code == 201, answer.text
    now = answer.json()
    assert (now["full_name"], now["webhooks_enabled"]) == ("acme/gadgets", True)
    assert (now["id"] != made["id"], now["default_branch"]) == (True, "main")
    assert (await client.get(path, headers=edge.of("viewer"))).json() == now
    assert [fact.type.value for fact in await edge.list_domain_events()] == [
        "git.link.created",
        "git.link.removed",
        "git.link.created",
    ]
    assert [step[0] for step in await edge.steps("link", made["id"])] == ["created", "deleted"]
    again = await client.post(path, json={"repo_id": GADGETS, "replace": True}, headers=edge.of("member"))
    assert (again.status_code, again.json()) == (200, now)
    assert len(await edge.list_domain_events()) == 3


@pytest.mark.parametrize(
    ("repo_id", "code"),
    [(ARCHIVED, "repository_archived"), (GONE, "repository_not_found"), (FOREIGN, "repository_not_found")],
)
async def test_failed_replacement_keeps_the_link(edge: ProjectsEdge, client: Client, repo_id: str, code: str) -> None:
    """Both steps happen, or neither."""
    made = await link(edge, client, edge.project)
    path = edge.repository_of(edge.project)
    answer = await client.post(path, json={"repo_id": repo_id, "replace": True}, headers=edge.of("member"))
    assert answer.json()["code"] == code
    assert (await client.get(path, headers=edge.of("viewer"))).json() == made
    assert len(await edge.list_domain_events()) == 1


async def test_replacing_creates_a_link_if_there_is_none(edge: ProjectsEdge, client: Client) -> None:
    await link(edge, client, edge.project, GADGETS, replace=True)
    answer = await client.post(
        edge.path("/projects/import"), json={"repo_id": WIDGETS, "replace": True}, headers=edge.of("member")
    )
    assert check_error(answer, 400, "body_invalid")["errors"][0]["field"] == "replace"
