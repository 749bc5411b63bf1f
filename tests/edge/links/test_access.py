"""Permissions for links, and what other callers can find out about them."""

from uuid import uuid4

import httpx
import pytest

from tests.support.scenarios.edge import Client, check_error
from tests.support.scenarios.projects import GADGETS, WIDGETS, ProjectsEdge, link

ROLES = {"owner": 2, "admin": 2, "member": 2, "viewer": 1, "outsider": 0}


@pytest.mark.parametrize(("person", "rights"), ROLES.items())
async def test_access_depends_on_the_role(edge: ProjectsEdge, client: Client, person: str, rights: int) -> None:
    """Members can link, viewers can read, and all other users get 404 for the organization."""
    await link(edge, client, edge.second, GADGETS)
    for method, path, body, changes in (
        ("GET", edge.path("/projects"), None, False),
        ("GET", edge.repository_of(edge.second), None, False),
        ("POST", edge.repository_of(edge.project), {"repo_id": WIDGETS}, True),
        ("PATCH", edge.repository_of(edge.second), {"webhooks_enabled": False}, True),
        ("DELETE", edge.repository_of(edge.second), None, True),
        ("POST", edge.path("/projects/import"), {"repo_id": WIDGETS}, True),
    ):
        answer = await client.request(method, path, json=body, headers=edge.of(person))
        if rights == 0:
            check_error(answer, 404, "organization_not_found")
        elif rights == 1 and changes:
            check_error(answer, 403, "action_forbidden")
        else:
            assert answer.is_success, (method, path, answer.text)
        check_error(await client.request(method, path, json=body), 401, "token_invalid")


@pytest.mark.parametrize(("scope", "reads", "links"), [("git.read", 200, 403), ("git.link", 403, 201)])
async def test_access_of_services_depends_on_scopes(
    edge: ProjectsEdge, client: Client, scope: str, reads: int, links: int
) -> None:
    """The versions name the service."""
    await link(edge, client, edge.second)
    headers = edge.service(scope)
    assert (await client.get(edge.repository_of(edge.second), headers=headers)).status_code == reads
    answer = await client.post(edge.repository_of(edge.project), json={"repo_id": WIDGETS}, headers=headers)
    assert answer.status_code == links
    if links == 201:
        [(_, actor, _)] = await edge.steps("link", answer.json()["id"])
        assert actor == "service:reader"


async def test_foreign_project_equals_a_missing_project(edge: ProjectsEdge, client: Client) -> None:
    """The responses are equal byte for byte, except for the request id."""
    for method, body in (
        ("GET", None),
        ("POST", {"repo_id": WIDGETS}),
        ("PATCH", {"webhooks_enabled": False}),
        ("DELETE", None),
    ):
        answers = []
        for project_id in (edge.foreign.external_id, uuid4()):
            path = edge.path(f"/projects/{project_id}/repository")
            answer = await client.request(
                method, path, json=body, headers={**edge.of("owner"), "x-request-id": "same-for-both"}
            )
            check_error(answer, 404, "project_not_found")
            answers.append((answer.content, _without_date(answer)))
        assert answers[0] == answers[1]
        # Nor does the other organization's own path help.
        path = edge.path(f"/projects/{edge.foreign.external_id}/repository", edge.other)
        foreign = await client.request(method, path, json=body, headers=edge.of("owner"))
        check_error(foreign, 404, "organization_not_found")


@pytest.mark.parametrize("project_id", ["1", "import", "4b1c8a3e-7d52-4c0e-9a52-5a0f2d3b6c1"])
async def test_invalid_id_is_not_found(edge: ProjectsEdge, client: Client, project_id: str) -> None:
    answer = await client.get(edge.path(f"/projects/{project_id}/repository"), headers=edge.of("owner"))
    check_error(answer, 404, "not_found")


def _without_date(answer: httpx.Response) -> dict[str, str]:
    return {name: text for name, text in answer.headers.items() if name not in ("date", "x-request-id")}
