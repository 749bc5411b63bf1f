"""A project's repository over REST: shown, linked, changed, unlinked."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import httpx
import pytest

from core.domain.integrations import IntegrationStatus, StatusReason
from core.domain.organizations import Role
from tests.support.builders import a_repository, ago
from tests.support.edge import refused
from tests.support.projects import ARCHIVED, FOREIGN, GADGETS, GONE, WIDGETS, ProjectsEdge, link

Client = httpx.AsyncClient


@pytest.fixture
async def edge() -> ProjectsEdge:
    """Give projects and repositories."""
    edge = ProjectsEdge()
    await edge.populate()
    return edge


@pytest.fixture
async def client(edge: ProjectsEdge) -> AsyncIterator[Client]:
    """Give a client."""
    async with edge.client() as client:
        yield client


async def test_a_link_is_made_and_shown(edge: ProjectsEdge, client: Client) -> None:
    """With the repository's own branch, and everyone who may know is told."""
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
        "settings": {"root_directory": None},
        "reachable": True,
        "reason": None,
        "action": None,
        "created_at": "2026-11-23T12:00:00Z",
        "updated_at": made["updated_at"],
    }
    assert (await client.get(path, headers=edge.of("viewer"))).json() == made
    [fact] = await edge.told()
    assert (fact.type.value, fact.project_id) == ("git.link.created", edge.project.external_id)
    [(event, actor, changes)] = await edge.steps("link", made["id"])
    assert (event, actor) == ("created", edge.people["member"].name)
    assert changes["repo_id"] == [None, WIDGETS]


async def test_everything_may_be_chosen_at_once(edge: ProjectsEdge, client: Client) -> None:
    """Branch, directory, and that nothing is told of pushes."""
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
    assert chosen == ("release/1.x", False, {"root_directory": "apps/web"})


async def test_a_second_click_changes_nothing(edge: ProjectsEdge, client: Client) -> None:
    """Who asks for the link that is there gets it; with other wishes it is a conflict."""
    made = await link(edge, client, edge.project, default_branch="next")
    path = edge.repository_of(edge.project)
    for body in ({"repo_id": WIDGETS}, {"repo_id": WIDGETS, "default_branch": "next"}):
        again = await client.post(path, json=body, headers=edge.of("owner"))
        assert (again.status_code, again.json()) == (200, made)
        assert "location" not in again.headers
    other = await client.post(
        path, json={"repo_id": WIDGETS, "default_branch": "main"}, headers=edge.of("owner")
    )
    assert "change the link" in refused(other, 409, "project_already_linked")["detail"]
    other = await client.post(path, json={"repo_id": GADGETS}, headers=edge.of("owner"))
    assert "linked to acme/widgets; unlink" in refused(other, 409, "project_already_linked")["detail"]
    assert len(await edge.told()) == 1


async def test_two_projects_may_link_one_repository(edge: ProjectsEdge, client: Client) -> None:
    """Each has a link of its own."""
    one = await link(edge, client, edge.project)
    two = await link(edge, client, edge.second, settings={"root_directory": "docs"})
    assert one["id"] != two["id"]
    assert len(await edge.told()) == 2


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
async def test_what_cannot_be_linked(
    edge: ProjectsEdge, client: Client, repo_id: str, status: int, code: str
) -> None:
    """Only this integration's own catalog counts, however public the repository."""
    for path in (edge.repository_of(edge.project), edge.path("/projects/import")):
        answer = await client.post(path, json={"repo_id": repo_id}, headers=edge.of("member"))
        refused(answer, status, code)
    assert await edge.told() == []


@pytest.mark.parametrize(
    ("status", "reason", "hint"),
    [
        (IntegrationStatus.SUSPENDED, StatusReason.SUSPENDED_ON_PROVIDER, "can lift that there"),
        (IntegrationStatus.SUSPENDED, StatusReason.TOKEN_REFUSED, "check it at the provider"),
        (IntegrationStatus.REVOKED, StatusReason.DISCONNECTED, "connect it again"),
    ],
)
async def test_an_integration_that_is_not_active(
    edge: ProjectsEdge, client: Client, status: IntegrationStatus, reason: StatusReason, hint: str
) -> None:
    """Nothing is linked through it, and the caller is told what helps."""
    await edge.set_integration(replace(edge.integration, status=status, status_reason=reason))
    for path in (edge.repository_of(edge.project), edge.path("/projects/import")):
        answer = await client.post(path, json={"repo_id": WIDGETS}, headers=edge.of("member"))
        assert hint in refused(answer, 409, "integration_not_active")["detail"]


async def test_an_organization_that_never_connected(edge: ProjectsEdge, client: Client) -> None:
    """Has nothing to link."""
    organization = await edge.world.organization("Newcomer")
    await edge.join("founder", organization, Role.OWNER)
    project = await edge.world.project(organization)
    for path in (f"/projects/{project.external_id}/repository", "/projects/import"):
        answer = await client.post(
            edge.path(path, organization), json={"repo_id": WIDGETS}, headers=edge.of("founder")
        )
        assert "connect it first" in refused(answer, 404, "integration_not_found")["detail"]


REASONS: dict[str, tuple[dict[str, Any], str, str, str]] = {
    "suspended there": (
        {"status": IntegrationStatus.SUSPENDED, "status_reason": StatusReason.SUSPENDED_ON_PROVIDER},
        "integration_suspended",
        "unsuspend_on_provider",
        "https://provider.example/installations/41000001",
    ),
    "refused": (
        {"status": IntegrationStatus.SUSPENDED, "status_reason": StatusReason.TOKEN_REFUSED},
        "integration_suspended",
        "check_on_provider",
        "https://provider.example/installations/41000001",
    ),
    "revoked": (
        {"status": IntegrationStatus.REVOKED, "status_reason": StatusReason.DISCONNECTED},
        "integration_revoked",
        "reconnect",
        "/api/v1/git/github/install?organization_id={org}&mode=existing",
    ),
}


@pytest.mark.parametrize("why", REASONS)
async def test_why_a_link_is_not_reachable(edge: ProjectsEdge, client: Client, why: str) -> None:
    """With the one thing that helps, where it is shown, listed, and asked for again."""
    facts, reason, action, url = REASONS[why]
    await link(edge, client, edge.project)
    await edge.set_integration(replace(edge.integration, **facts))
    path = edge.repository_of(edge.project)
    shown = (await client.get(path, headers=edge.of("viewer"))).json()
    assert (shown["reachable"], shown["reason"], shown["action"]["code"]) == (False, reason, action)
    assert shown["action"]["url"] == url.format(org=edge.organization.external_id)
    listed = (await client.get(edge.path("/projects?linked=true"), headers=edge.of("viewer"))).json()
    assert listed["data"][0]["repository"] == shown
    again = await client.post(path, json={"repo_id": WIDGETS}, headers=edge.of("member"))
    assert (again.status_code, again.json()) == (200, shown)


async def test_a_repository_that_went_away(edge: ProjectsEdge, client: Client) -> None:
    """The link stays, and says what helps; the repository's return mends it."""
    await link(edge, client, edge.project)
    path = edge.repository_of(edge.project)
    for row in ({"removed_at": ago(minutes=1)}, {}):
        await edge.save(a_repository(edge.integration, WIDGETS, full_name="acme/widgets", **row))
        shown = (await client.get(path, headers=edge.of("viewer"))).json()
        if row:
            assert (shown["reachable"], shown["reason"]) == (False, "repository_removed")
            assert shown["action"]["code"] == "grant_access_on_provider"
            assert "unlink" in shown["action"]["message"]
        else:
            assert (shown["reachable"], shown["reason"], shown["action"]) == (True, None, None)


async def test_an_archived_repository(edge: ProjectsEdge, client: Client) -> None:
    """Is reachable, and says why nothing comes all the same, and what helps."""
    await link(edge, client, edge.project)
    facts = {"full_name": "acme/widgets", "url": "https://p.example/acme/widgets"}
    await edge.save(a_repository(edge.integration, WIDGETS, archived=True, **facts))
    shown = (await client.get(edge.repository_of(edge.project), headers=edge.of("viewer"))).json()
    assert (shown["reachable"], shown["archived"], shown["reason"]) == (True, True, None)
    assert shown["action"]["code"] == "unarchive_on_provider"
    assert shown["action"]["url"] == "https://p.example/acme/widgets"


async def test_another_repository_in_its_place(edge: ProjectsEdge, client: Client) -> None:
    """In one step, told as an end and a beginning; the choices begin anew."""
    made = await link(edge, client, edge.project, default_branch="next", webhooks_enabled=False)
    path = edge.repository_of(edge.project)
    answer = await client.post(path, json={"repo_id": GADGETS, "replace": True}, headers=edge.of("member"))
    assert answer.status_code == 201, answer.text
    now = answer.json()
    assert (now["full_name"], now["webhooks_enabled"]) == ("acme/gadgets", True)
    assert (now["id"] != made["id"], now["default_branch"]) == (True, "main")
    assert (await client.get(path, headers=edge.of("viewer"))).json() == now
    assert [fact.type.value for fact in await edge.told()] == [
        "git.link.created",
        "git.link.removed",
        "git.link.created",
    ]
    assert [step[0] for step in await edge.steps("link", made["id"])] == ["created", "deleted"]
    again = await client.post(path, json={"repo_id": GADGETS, "replace": True}, headers=edge.of("member"))
    assert (again.status_code, again.json()) == (200, now)
    assert len(await edge.told()) == 3


@pytest.mark.parametrize(
    ("repo_id", "code"),
    [(ARCHIVED, "repository_archived"), (GONE, "repository_not_found"), (FOREIGN, "repository_not_found")],
)
async def test_what_cannot_take_its_place_leaves_it_there(
    edge: ProjectsEdge, client: Client, repo_id: str, code: str
) -> None:
    """Both steps, or neither."""
    made = await link(edge, client, edge.project)
    path = edge.repository_of(edge.project)
    answer = await client.post(path, json={"repo_id": repo_id, "replace": True}, headers=edge.of("member"))
    assert answer.json()["code"] == code
    assert (await client.get(path, headers=edge.of("viewer"))).json() == made
    assert len(await edge.told()) == 1


async def test_nothing_to_replace(edge: ProjectsEdge, client: Client) -> None:
    """It is linked all the same."""
    await link(edge, client, edge.project, GADGETS, replace=True)
    answer = await client.post(
        edge.path("/projects/import"), json={"repo_id": WIDGETS, "replace": True}, headers=edge.of("member")
    )
    assert refused(answer, 400, "body_invalid")["errors"][0]["field"] == "replace"


CHANGES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "webhooks": ({"webhooks_enabled": False}, {"webhooks_enabled": False}),
    "branch": ({"default_branch": "größe/🚀"}, {"default_branch": "größe/🚀"}),
    "directory": ({"settings": {"root_directory": "a b/ü"}}, {"settings": {"root_directory": "a b/ü"}}),
    "root": ({"settings": {"root_directory": None}}, {"settings": {"root_directory": None}}),
    "dot": ({"settings": {"root_directory": "./"}}, {"settings": {"root_directory": None}}),
    "nothing": ({}, {}),
    "nothing of settings": ({"settings": {}}, {}),
    "as it is": ({"settings": {"root_directory": "apps/web"}}, {}),
}


@pytest.mark.parametrize(("body", "expected"), CHANGES.values(), ids=CHANGES)
async def test_a_link_is_changed(
    edge: ProjectsEdge, client: Client, body: dict[str, Any], expected: dict[str, Any]
) -> None:
    """What is not named stays as it was; a change has its version, and what is no change has none."""
    made = await link(edge, client, edge.project, settings={"root_directory": "apps/web"})
    path = edge.repository_of(edge.project)
    answer = await client.patch(path, json=body, headers=edge.of("member"))
    assert answer.status_code == 200, answer.text
    assert answer.json() == {**made, **expected, "updated_at": answer.json()["updated_at"]}
    assert (await client.get(path, headers=edge.of("viewer"))).json() == answer.json()
    assert len(await edge.steps("link", made["id"])) == (2 if expected else 1)


async def test_a_link_that_is_not_reachable_is_changed_and_unlinked(
    edge: ProjectsEdge, client: Client
) -> None:
    """It is the project's own, whatever the provider says."""
    await link(edge, client, edge.project)
    await edge.set_integration(replace(edge.integration, status=IntegrationStatus.REVOKED))
    path = edge.repository_of(edge.project)
    changed = await client.patch(path, json={"webhooks_enabled": False}, headers=edge.of("member"))
    assert (changed.status_code, changed.json()["reason"]) == (200, "integration_revoked")
    assert (await client.delete(path, headers=edge.of("member"))).status_code == 204


BAD: dict[str, tuple[dict[str, Any], str, str]] = {
    "typo": ({"default_brnach": "x"}, "body_invalid", "default_brnach"),
    "another setting": ({"settings": {"build": "x"}}, "body_invalid", "settings.build"),
    "type": ({"webhooks_enabled": "yes"}, "body_invalid", "webhooks_enabled"),
    "null": ({"webhooks_enabled": None}, "body_invalid", "webhooks_enabled"),
    "null settings": ({"settings": None}, "body_invalid", "settings"),
    "empty branch": ({"default_branch": ""}, "link_invalid", "default_branch"),
    "branch": ({"default_branch": "a..b"}, "link_invalid", "default_branch"),
    "long branch": ({"default_branch": "x" * 256}, "link_invalid", "default_branch"),
    "up": ({"settings": {"root_directory": "../x"}}, "link_invalid", "settings.root_directory"),
    "absolute": ({"settings": {"root_directory": "/etc"}}, "link_invalid", "settings.root_directory"),
    "long": ({"settings": {"root_directory": "x" * 513}}, "link_invalid", "settings.root_directory"),
}


@pytest.mark.parametrize(("body", "code", "field"), BAD.values(), ids=BAD)
async def test_the_wrong_field_is_named(
    edge: ProjectsEdge, client: Client, body: dict[str, Any], code: str, field: str
) -> None:
    """Wherever links are written, and nothing is changed."""
    made = await link(edge, client, edge.second)
    whole = {"repo_id": WIDGETS, **body}
    for method, path, sent in (
        ("PATCH", edge.repository_of(edge.second), body),
        ("POST", edge.repository_of(edge.project), whole),
        ("POST", edge.path("/projects/import"), whole),
    ):
        answer = await client.request(method, path, json=sent, headers=edge.of("member"))
        assert [one["field"] for one in refused(answer, 400, code)["errors"]] == [field]
    shown = await client.get(edge.repository_of(edge.second), headers=edge.of("member"))
    assert shown.json() == made


async def test_every_wrong_field_is_named_at_once(edge: ProjectsEdge, client: Client) -> None:
    """So that nobody has to guess twice."""
    await link(edge, client, edge.project)
    body = {"default_branch": "a b", "settings": {"root_directory": "a//b"}}
    answer = await client.patch(edge.repository_of(edge.project), json=body, headers=edge.of("member"))
    fields = [one["field"] for one in refused(answer, 400, "link_invalid")["errors"]]
    assert fields == ["default_branch", "settings.root_directory"]


async def test_unlinking(edge: ProjectsEdge, client: Client) -> None:
    """The link is gone, its trail and its facts stay, and the project can be linked anew."""
    made = await link(edge, client, edge.project)
    path = edge.repository_of(edge.project)
    answer = await client.delete(path, headers=edge.of("member"))
    assert (answer.status_code, answer.content) == (204, b"")
    for method in ("GET", "DELETE"):
        again = await client.request(method, path, headers=edge.of("member"))
        assert "link one" in refused(again, 404, "project_not_linked")["detail"]
    assert [step[0] for step in await edge.steps("link", made["id"])] == ["created", "deleted"]
    assert [fact.type.value for fact in await edge.told()] == ["git.link.created", "git.link.removed"]
    assert (await link(edge, client, edge.project, GADGETS))["id"] != made["id"]


async def test_unlinking_the_link_that_is_meant(edge: ProjectsEdge, client: Client) -> None:
    """Who names a link never removes another that was made meanwhile."""
    seen = await link(edge, client, edge.project)
    path = edge.repository_of(edge.project)
    answer = await client.post(path, json={"repo_id": GADGETS, "replace": True}, headers=edge.of("admin"))
    theirs = answer.json()
    before = await edge.told()

    late = await client.delete(path, params={"link_id": seen["id"]}, headers=edge.of("member"))
    assert "look at it again" in refused(late, 409, "link_replaced")["detail"]
    assert (await client.get(path, headers=edge.of("member"))).json() == theirs
    assert await edge.told() == before

    answer = await client.delete(path, params={"link_id": theirs["id"]}, headers=edge.of("member"))
    assert (answer.status_code, answer.content) == (204, b"")
    again = await client.delete(path, params={"link_id": theirs["id"]}, headers=edge.of("member"))
    refused(again, 404, "project_not_linked")


@pytest.mark.parametrize("name", ["", "null", "1", "x" * 36])
async def test_a_link_is_named_by_its_id(edge: ProjectsEdge, client: Client, name: str) -> None:
    """Another text names none, and is not taken for no name."""
    await link(edge, client, edge.project)
    path = edge.repository_of(edge.project)
    answer = await client.delete(path, params={"link_id": name}, headers=edge.of("member"))
    [error] = refused(answer, 400, "query_invalid")["errors"]
    assert (error["field"], error["message"]) == ("link_id", "Give the id of the link that is meant, a UUID.")
    assert (await client.get(path, headers=edge.of("member"))).status_code == 200


async def test_without_a_link(edge: ProjectsEdge, client: Client) -> None:
    """There is nothing to show, change or end."""
    for method, body in (("GET", None), ("PATCH", {}), ("DELETE", None)):
        answer = await client.request(
            method, edge.repository_of(edge.project), json=body, headers=edge.of("owner")
        )
        refused(answer, 404, "project_not_linked")


async def test_another_provider(edge: ProjectsEdge, client: Client) -> None:
    """Is named as unknown, in the query and in the body."""
    await link(edge, client, edge.project)
    path = edge.repository_of(edge.project)
    for method, body in (("GET", None), ("PATCH", {}), ("DELETE", None)):
        url = f"{path}?provider=gitlab"
        answer = await client.request(method, url, json=body, headers=edge.of("owner"))
        assert "Supported: github" in refused(answer, 404, "provider_unknown")["detail"]
    for url in (path, edge.path("/projects/import")):
        sent = {"repo_id": WIDGETS, "provider": "gitlab"}
        refused(await client.post(url, json=sent, headers=edge.of("owner")), 404, "provider_unknown")
    assert (await client.get(f"{path}?provider=github", headers=edge.of("owner"))).status_code == 200


ROLES = {"owner": 2, "admin": 2, "member": 2, "viewer": 1, "outsider": 0}


@pytest.mark.parametrize(("person", "rights"), ROLES.items())
async def test_who_may_do_what(edge: ProjectsEdge, client: Client, person: str, rights: int) -> None:
    """Members link, viewers look, and to all others there is no such organization."""
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
            refused(answer, 404, "organization_not_found")
        elif rights == 1 and changes:
            refused(answer, 403, "action_forbidden")
        else:
            assert answer.is_success, (method, path, answer.text)
        refused(await client.request(method, path, json=body), 401, "token_invalid")


@pytest.mark.parametrize(("scope", "reads", "links"), [("git.read", 200, 403), ("git.link", 403, 201)])
async def test_what_services_may(
    edge: ProjectsEdge, client: Client, scope: str, reads: int, links: int
) -> None:
    """What their scopes say, and the trail names them."""
    await link(edge, client, edge.second)
    headers = edge.service(scope)
    assert (await client.get(edge.repository_of(edge.second), headers=headers)).status_code == reads
    answer = await client.post(edge.repository_of(edge.project), json={"repo_id": WIDGETS}, headers=headers)
    assert answer.status_code == links
    if links == 201:
        [(_, actor, _)] = await edge.steps("link", answer.json()["id"])
        assert actor == "service:reader"


async def test_a_foreign_project_is_like_none(edge: ProjectsEdge, client: Client) -> None:
    """Another organization's project and one nobody has answer alike, byte for byte but the request's id."""
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
            refused(answer, 404, "project_not_found")
            answers.append((answer.content, _without_date(answer)))
        assert answers[0] == answers[1]
        # Nor does the other organization's own path help.
        path = edge.path(f"/projects/{edge.foreign.external_id}/repository", edge.other)
        foreign = await client.request(method, path, json=body, headers=edge.of("owner"))
        refused(foreign, 404, "organization_not_found")


@pytest.mark.parametrize("project_id", ["1", "import", "4b1c8a3e-7d52-4c0e-9a52-5a0f2d3b6c1"])
async def test_what_is_no_id_is_no_path(edge: ProjectsEdge, client: Client, project_id: str) -> None:
    """Like any path there is not."""
    answer = await client.get(edge.path(f"/projects/{project_id}/repository"), headers=edge.of("owner"))
    refused(answer, 404, "not_found")


def _without_date(answer: httpx.Response) -> dict[str, str]:
    return {name: text for name, text in answer.headers.items() if name not in ("date", "x-request-id")}
