"""A link is changed and ended, and each wrong field is named."""

from dataclasses import replace
from typing import Any

import pytest

from core.domain.integrations.integration import IntegrationStatus
from tests.support.scenarios.edge import Client, check_error
from tests.support.scenarios.projects import GADGETS, RULES, WIDGETS, ProjectsEdge, link

CHANGES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "webhooks": ({"webhooks_enabled": False}, {"webhooks_enabled": False}),
    "branch": ({"default_branch": "größe/🚀"}, {"default_branch": "größe/🚀"}),
    "directory": ({"settings": {"root_directory": "a b/ü"}}, {"settings": {"root_directory": "a b/ü", "rules": RULES}}),
    "root": ({"settings": {"root_directory": None}}, {"settings": {"root_directory": None, "rules": RULES}}),
    "dot": ({"settings": {"root_directory": "./"}}, {"settings": {"root_directory": None, "rules": RULES}}),
    "nothing": ({}, {}),
    "nothing of settings": ({"settings": {}}, {}),
    "as it is": ({"settings": {"root_directory": "apps/web"}}, {}),
}


@pytest.mark.parametrize(("body", "expected"), CHANGES.values(), ids=CHANGES)
async def test_changes_a_link(
    edge: ProjectsEdge, client: Client, body: dict[str, Any], expected: dict[str, Any]
) -> None:
    """Fields that the request does not name stay. A change has its version; an equal value is not a change."""
    made = await link(edge, client, edge.project, settings={"root_directory": "apps/web"})
    path = edge.repository_of(edge.project)
    answer = await client.patch(path, json=body, headers=edge.of("member"))
    assert answer.status_code == 200, answer.text
    assert answer.json() == {**made, **expected, "updated_at": answer.json()["updated_at"]}
    assert (await client.get(path, headers=edge.of("viewer"))).json() == answer.json()
    assert len(await edge.steps("link", made["id"])) == (2 if expected else 1)


async def test_changes_and_unlinks_an_unreachable_link(edge: ProjectsEdge, client: Client) -> None:
    """The link belongs to the project, whatever the state at the provider."""
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
    "rule": ({"settings": {"rules": {"brnaches": []}}}, "body_invalid", "settings.rules.brnaches"),
    "null rules": ({"settings": {"rules": None}}, "body_invalid", "settings.rules"),
    "null branches": ({"settings": {"rules": {"branches": None}}}, "body_invalid", "settings.rules.branches"),
    "event": ({"settings": {"rules": {"events": ["release"]}}}, "body_invalid", "settings.rules.events[0]"),
    "no events": ({"settings": {"rules": {"events": []}}}, "link_invalid", "settings.rules.events"),
    "pattern": ({"settings": {"rules": {"paths": ["a", "[b"]}}}, "link_invalid", "settings.rules.paths[1]"),
    "only excluding": ({"settings": {"rules": {"tags": ["!v1"]}}}, "link_invalid", "settings.rules.tags"),
    "base": (
        {"settings": {"rules": {"pull_requests": {"base_branches": ["?"]}}}},
        "link_invalid",
        "settings.rules.pull_requests.base_branches[0]",
    ),
}


@pytest.mark.parametrize(("body", "code", "field"), BAD.values(), ids=BAD)
async def test_names_the_invalid_field(
    edge: ProjectsEdge, client: Client, body: dict[str, Any], code: str, field: str
) -> None:
    """In each request that writes a link, and nothing is changed."""
    made = await link(edge, client, edge.second)
    whole = {"repo_id": WIDGETS, **body}
    for method, path, sent in (
        ("PATCH", edge.repository_of(edge.second), body),
        ("POST", edge.repository_of(edge.project), whole),
        ("POST", edge.path("/projects/import"), whole),
    ):
        answer = await client.request(method, path, json=sent, headers=edge.of("member"))
        assert [one["field"] for one in check_error(answer, 400, code)["errors"]] == [field]
    shown = await client.get(edge.repository_of(edge.second), headers=edge.of("member"))
    assert shown.json() == made


async def test_names_all_invalid_fields_at_once(edge: ProjectsEdge, client: Client) -> None:
    await link(edge, client, edge.project)
    body = {"default_branch": "a b", "settings": {"root_directory": "a//b"}}
    answer = await client.patch(edge.repository_of(edge.project), json=body, headers=edge.of("member"))
    fields = [one["field"] for one in check_error(answer, 400, "link_invalid")["errors"]]
    assert fields == ["default_branch", "settings.root_directory"]


async def test_unlinks(edge: ProjectsEdge, client: Client) -> None:
    """The link is deleted, its versions and domain events stay, and the project can be linked again."""
    made = await link(edge, client, edge.project)
    path = edge.repository_of(edge.project)
    answer = await client.delete(path, headers=edge.of("member"))
    assert (answer.status_code, answer.content) == (204, b"")
    for method in ("GET", "DELETE"):
        again = await client.request(method, path, headers=edge.of("member"))
        assert "Link one first" in check_error(again, 404, "project_not_linked")["detail"]
    assert [step[0] for step in await edge.steps("link", made["id"])] == ["created", "deleted"]
    assert [fact.type.value for fact in await edge.list_domain_events()] == ["git.link.created", "git.link.removed"]
    assert (await link(edge, client, edge.project, GADGETS))["id"] != made["id"]


async def test_unlinks_only_the_named_link(edge: ProjectsEdge, client: Client) -> None:
    """A request that names a link never deletes another link that was created meanwhile."""
    seen = await link(edge, client, edge.project)
    path = edge.repository_of(edge.project)
    answer = await client.post(path, json={"repo_id": GADGETS, "replace": True}, headers=edge.of("admin"))
    other = answer.json()
    before = await edge.list_domain_events()

    late = await client.delete(path, params={"link_id": seen["id"]}, headers=edge.of("member"))
    assert "Load the link again" in check_error(late, 409, "link_replaced")["detail"]
    assert (await client.get(path, headers=edge.of("member"))).json() == other
    assert await edge.list_domain_events() == before

    answer = await client.delete(path, params={"link_id": other["id"]}, headers=edge.of("member"))
    assert (answer.status_code, answer.content) == (204, b"")
    again = await client.delete(path, params={"link_id": other["id"]}, headers=edge.of("member"))
    check_error(again, 404, "project_not_linked")


@pytest.mark.parametrize("name", ["", "null", "1", "x" * 36])
async def test_rejects_a_link_id_that_is_not_a_uuid(edge: ProjectsEdge, client: Client, name: str) -> None:
    """Other text is not treated as a missing link id."""
    await link(edge, client, edge.project)
    path = edge.repository_of(edge.project)
    answer = await client.delete(path, params={"link_id": name}, headers=edge.of("member"))
    [error] = check_error(answer, 400, "query_invalid")["errors"]
    assert (error["field"], error["message"]) == ("link_id", "Pass the id of a link, a UUID.")
    assert (await client.get(path, headers=edge.of("member"))).status_code == 200


async def test_project_without_a_link_is_not_found(edge: ProjectsEdge, client: Client) -> None:
    """There is nothing to show, change or delete."""
    for method, body in (("GET", None), ("PATCH", {}), ("DELETE", None)):
        answer = await client.request(method, edge.repository_of(edge.project), json=body, headers=edge.of("owner"))
        check_error(answer, 404, "project_not_linked")


async def test_rejects_an_unknown_provider(edge: ProjectsEdge, client: Client) -> None:
    """In the query and in the body."""
    await link(edge, client, edge.project)
    path = edge.repository_of(edge.project)
    for method, body in (("GET", None), ("PATCH", {}), ("DELETE", None)):
        url = f"{path}?provider=gitlab"
        answer = await client.request(method, url, json=body, headers=edge.of("owner"))
        assert "Use one of: github" in check_error(answer, 404, "provider_unknown")["detail"]
    for url in (path, edge.path("/projects/import")):
        sent = {"repo_id": WIDGETS, "provider": "gitlab"}
        check_error(await client.post(url, json=sent, headers=edge.of("owner")), 404, "provider_unknown")
    assert (await client.get(f"{path}?provider=github", headers=edge.of("owner"))).status_code == 200
