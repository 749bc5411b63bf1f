"""The rules of a link are changed one by one, previewed on stored events, and resolve what a change touches."""

import json
from typing import Any

import pytest

from core.domain.events.event import EventResult, EventStatus
from core.domain.identifiers import ProjectId, RepoId
from tests.support.builders.deliveries import ROOT
from tests.support.scenarios.edge import Client, check_error
from tests.support.scenarios.projects import FOREIGN, GADGETS, GONE, RULES, WIDGETS, ProjectsEdge, link

PUSH = json.loads((ROOT / "deploy/demo/payloads/push/branch.json").read_bytes())
DRAFT = json.loads((ROOT / "deploy/demo/payloads/pull_request/opened-draft.json").read_bytes())


async def patch(edge: ProjectsEdge, client: Client, rules: dict[str, Any]) -> dict[str, Any]:
    """Change rules as a member, and return all of them."""
    path = edge.repository_of(edge.project)
    answer = await client.patch(path, json={"settings": {"rules": rules}}, headers=edge.of("member"))
    assert answer.status_code == 200, answer.text
    settings: dict[str, Any] = answer.json()["settings"]
    changed: dict[str, Any] = settings["rules"]
    return changed


async def test_changes_each_rule_alone(edge: ProjectsEdge, client: Client) -> None:
    """The other rules stay, each change has its version, and setting all to the default leaves nothing."""
    made = await link(edge, client, edge.project)
    expected = RULES
    changes: list[dict[str, Any]] = [
        {"events": ["push"]},
        {"branches": ["main", "!tmp/**"]},
        {"tags": None},
        {"paths": ["apps/web/**"]},
        {"paths": []},
        {"bots": "ignore"},
        {"skip_markers": False},
    ]
    for change in changes:
        expected = {**expected, **change}
        assert await patch(edge, client, change) == expected
    assert (await patch(edge, client, {"pull_requests": {"drafts": False}}))["pull_requests"] == {
        "base_branches": [],
        "drafts": False,
        "forks": "deliver",
    }
    assert (await patch(edge, client, {"pull_requests": {"forks": "ignore"}}))["pull_requests"] == {
        "base_branches": [],
        "drafts": False,
        "forks": "ignore",
    }
    assert len(await edge.steps("link", made["id"])) == len(changes) + 3
    assert await patch(edge, client, RULES) == RULES
    *_, (_, _, last) = await edge.steps("link", made["id"])
    assert last["settings"][1] == {}


async def test_second_click_with_the_same_rules_changes_nothing(edge: ProjectsEdge, client: Client) -> None:
    made = await link(edge, client, edge.project, settings={"rules": {"branches": ["main"], "tags": []}})
    body = {"repo_id": WIDGETS, "settings": {"rules": {"branches": ["main"]}}}
    again = await client.post(edge.repository_of(edge.project), json=body, headers=edge.of("member"))
    assert (again.status_code, again.json()) == (200, made)
    await patch(edge, client, {"branches": ["main"], "events": ["pull_request", "push", "push"]})
    assert len(await edge.steps("link", made["id"])) == 1


async def store_events(edge: ProjectsEdge, *payloads: tuple[str, dict[str, Any]], of: ProjectId) -> list[str]:
    """Store events that concern a project, and return their ids."""
    ids = []
    for event_type, payload in payloads:
        event = await edge.world.add_event(
            event_type=event_type, body=json.dumps(payload).encode(), received_at=edge.clock.now()
        )
        await edge.world.record_results(
            EventResult(event.id, EventStatus.PROCESSED, integration_id=edge.integration.id, project_ids=(of,))
        )
        ids.append(event.delivery_id)
    return ids


async def preview(edge: ProjectsEdge, client: Client, who: str = "member", **body: object) -> Any:
    """Preview rules on the stored events of the project."""
    path = f"{edge.repository_of(edge.project)}/rules/preview"
    return await client.post(path, json=body, headers=edge.of(who))


async def test_previews_stored_events(edge: ProjectsEdge, client: Client) -> None:
    """Each with the decision and the reason, newest first; nothing changes."""
    await link(edge, client, edge.project)
    other = {**PUSH, "ref": "refs/heads/other"}
    ids = await store_events(
        edge, ("push", PUSH), ("push", other), ("pull_request", DRAFT), ("push", {"ref": 1}), of=edge.project.id
    )
    await store_events(edge, ("push", PUSH), of=edge.second.id)
    before = (await client.get(edge.repository_of(edge.project), headers=edge.of("member"))).json()
    rules = {"branches": [PUSH["ref"].removeprefix("refs/heads/")], "pull_requests": {"drafts": False}}
    answer = await preview(edge, client, rules=rules)
    assert answer.status_code == 200, answer.text
    events = answer.json()["data"]
    assert [event["id"] for event in events] == ids[::-1]
    unreadable, pull, ignored, delivered = events
    assert (unreadable["decision"], unreadable["ref"], unreadable["title"]) == (None, None, None)
    assert pull["decision"] == {"delivers": False, "reason": "draft", "pattern": None, "value": None}
    opened = DRAFT["pull_request"]
    assert (pull["number"], pull["title"], pull["ref"]) == (opened["number"], opened["title"], opened["base"]["ref"])
    assert ignored["decision"] == {"delivers": False, "reason": "branch_not_matched", "pattern": None, "value": "other"}
    [branch] = rules["branches"]
    assert delivered["decision"] == {"delivers": True, "reason": "delivered", "pattern": branch, "value": branch}
    assert (delivered["ref"], delivered["number"]) == (PUSH["ref"], None)
    assert (await client.get(edge.repository_of(edge.project), headers=edge.of("member"))).json() == before
    assert len((await preview(edge, client, last=2)).json()["data"]) == 2


async def test_preview_uses_the_other_rules_of_the_link(edge: ProjectsEdge, client: Client) -> None:
    await link(edge, client, edge.project, settings={"rules": {"events": ["push"]}})
    await store_events(edge, ("pull_request", DRAFT), of=edge.project.id)
    [event] = (await preview(edge, client)).json()["data"]
    assert event["decision"]["reason"] == "event_not_selected"
    [event] = (await preview(edge, client, rules={"events": ["pull_request"]})).json()["data"]
    assert event["decision"]["reason"] == "delivered"


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({"rules": {"paths": ["!a"]}}, "link_invalid", "rules.paths"),
        ({"rules": {"paths": ["[a"]}}, "link_invalid", "rules.paths[0]"),
        ({"last": 0}, "body_invalid", "last"),
        ({"last": 101}, "body_invalid", "last"),
        ({"rules": []}, "body_invalid", "rules"),
    ],
)
async def test_preview_names_the_invalid_field(
    edge: ProjectsEdge, client: Client, body: dict[str, Any], code: str, field: str
) -> None:
    await link(edge, client, edge.project)
    answer = await preview(edge, client, **body)
    assert [error["field"] for error in check_error(answer, 400, code)["errors"]] == [field]


async def test_preview_is_for_those_who_may_change_the_link(edge: ProjectsEdge, client: Client) -> None:
    check_error(await preview(edge, client), 404, "project_not_linked")
    await link(edge, client, edge.project)
    check_error(await preview(edge, client, who="viewer"), 403, "action_forbidden")
    check_error(await preview(edge, client, who="outsider"), 404, "organization_not_found")
    path = edge.path(f"/projects/{edge.foreign.external_id}/repository/rules/preview")
    check_error(await client.post(path, json={}, headers=edge.of("owner")), 404, "project_not_found")


async def resolve(edge: ProjectsEdge, client: Client, *paths: str, repo_id: str = WIDGETS, who: str = "viewer") -> Any:
    """Ask which projects these paths touch."""
    body = {"repo_id": repo_id, "paths": paths}
    return await client.post(edge.path("/git-affected"), json=body, headers=edge.of(who))


async def test_resolves_affected_projects(edge: ProjectsEdge, client: Client) -> None:
    await link(edge, client, edge.project, settings={"root_directory": "apps/a"})
    rules = {"paths": ["apps/b/**", "!**/*.md"], "branches": ["elsewhere"]}
    await link(edge, client, edge.second, settings={"rules": rules})
    first, second = str(edge.project.external_id), str(edge.second.external_id)

    async def touched(*paths: str) -> dict[str, tuple[str, str]]:
        answer = await resolve(edge, client, *paths)
        assert answer.status_code == 200, answer.text
        return {project["project_id"]: (project["path"], project["pattern"]) for project in answer.json()["data"]}

    assert await touched("apps/a/x.py") == {first: ("apps/a/x.py", "apps/a/**")}
    assert await touched("apps/b/x.py", "README.md") == {second: ("apps/b/x.py", "apps/b/**")}
    assert await touched("apps/b/x.md") == {}
    assert await touched() == {}
    assert set(await touched("apps/a/1", "apps/b/2")) == {first, second}
    [project] = (await resolve(edge, client, "apps/a/x.py")).json()["data"]
    assert (project["root_directory"], project["reason"]) == ("apps/a", "delivered")


async def test_affected_projects_are_those_of_the_organization(edge: ProjectsEdge, client: Client) -> None:
    await edge.world.add_link(edge.second, edge.integration, repo_id=RepoId(GADGETS))
    nothing: dict[str, Any] = {"data": [], "base_sha": None, "head_sha": None}
    assert (await resolve(edge, client, "a", repo_id=WIDGETS)).json() == nothing
    assert len((await resolve(edge, client, "a", repo_id=GADGETS)).json()["data"]) == 1
    check_error(await resolve(edge, client, "a", repo_id=GONE), 404, "repository_not_found")
    check_error(await resolve(edge, client, "a", repo_id=FOREIGN), 404, "repository_not_found")
    check_error(await resolve(edge, client, "a", who="outsider"), 404, "organization_not_found")


@pytest.mark.parametrize("change", [{}, {"paths": [], "base": "main", "head": "next"}, {"base": "main"}, {"head": "x"}])
async def test_change_is_named_by_paths_or_by_two_commits(
    edge: ProjectsEdge, client: Client, change: dict[str, Any]
) -> None:
    body = {"repo_id": WIDGETS, **change}
    answer = await client.post(edge.path("/git-affected"), json=body, headers=edge.of("viewer"))
    assert "`base` and `head`" in check_error(answer, 400, "change_invalid")["detail"]
