"""The changed files of a project's repository over REST."""

from uuid import uuid4

import pytest

from core.domain.catalog.branches import Branch
from core.domain.identifiers import RepoId
from testing.memory.provider_state import FakeCommit
from tests.support.scenarios.catalog import facts
from tests.support.scenarios.edge import Client, check_error
from tests.support.scenarios.projects import GONE, WIDGETS, ProjectsEdge, link

FILES = {f"apps/a/{number}": "1" for number in range(500)}


@pytest.fixture
def path(edge: ProjectsEdge) -> str:
    """Return the path of a project whose repository has two commits: the second one adds 500 files."""
    state = edge.provider.state
    state.install(edge.integration.provider_id, facts(WIDGETS))
    state.commits[RepoId(WIDGETS)] = {
        "a" * 40: FakeCommit({"x": "1"}),
        "b" * 40: FakeCommit({"x": "1", **FILES}, "a" * 40),
    }
    state.branches[RepoId(WIDGETS)] = [Branch("feature/größe", "b" * 40, protected=False)]
    return f"{edge.repository_of(edge.project)}/changed-files"


async def test_lists_all_changed_files(edge: ProjectsEdge, client: Client, path: str) -> None:
    """With the commits that the names stand for. Fetches each comparison once."""
    await link(edge, client, edge.project)
    query = {"base": "a" * 40, "head": "feature/größe"}
    for _ in range(2):
        answer = await client.get(path, params=query, headers=edge.of("viewer"))
        assert answer.json() == {
            "base_sha": "a" * 40,
            "head_sha": "b" * 40,
            "paths": sorted(FILES),
            "total": 500,
            "complete": True,
        }
    assert edge.provider.calls["compare_commits"] == 1
    merged = await client.get(path, params=query | {"merge_base": "true"}, headers=edge.of("viewer"))
    assert merged.json()["total"] == 500
    assert edge.provider.calls["compare_commits"] == 2


async def test_rejects_unknown_names(edge: ProjectsEdge, client: Client, path: str) -> None:
    await link(edge, client, edge.project)
    for query in ({"base": "none", "head": "b" * 40}, {"base": "b" * 40, "head": "0" * 40}):
        check_error(await client.get(path, params=query, headers=edge.of("viewer")), 404, "commit_not_found")
    for query in (
        {"base": "main"},
        {"head": "main"},
        {"base": "", "head": "main"},
        {"base": "x" * 257, "head": "main"},
    ):
        check_error(await client.get(path, params=query, headers=edge.of("viewer")), 400, "query_invalid")


async def test_requires_a_linked_project_of_the_organization(edge: ProjectsEdge, client: Client, path: str) -> None:
    """A project of another organization equals a missing one. A removed repository is not read."""
    query, viewer = {"base": "main", "head": "main"}, edge.of("viewer")
    check_error(await client.get(path, params=query, headers=viewer), 404, "project_not_linked")
    check_error(await client.get(path, params=query, headers=edge.of("outsider")), 404, "organization_not_found")
    check_error(await client.get(path, params=query, headers=edge.service("git.link")), 403, "action_forbidden")
    for project_id in (edge.foreign.external_id, uuid4()):
        foreign = edge.path(f"/projects/{project_id}/repository/changed-files")
        check_error(await client.get(foreign, params=query, headers=viewer), 404, "project_not_found")
    await edge.world.add_link(edge.second, edge.integration, repo_id=RepoId(GONE))
    gone = f"{edge.repository_of(edge.second)}/changed-files"
    check_error(await client.get(gone, params=query, headers=viewer), 404, "repository_not_found")
    assert not edge.provider.calls["find_commit"]


async def test_lists_directories(edge: ProjectsEdge, client: Client, path: str) -> None:
    """Those near the root directory first. A search finds any part of a path."""
    assert path
    commits = edge.provider.state.commits[RepoId(WIDGETS)]
    commits["c" * 40] = FakeCommit({"a/b/c/x": "1", "B/x": "1", "z/x": "1", "z/bb/x": "1"})
    edge.provider.state.branches[RepoId(WIDGETS)] = [Branch("trunk", "c" * 40, protected=False)]
    directories = edge.path(f"/git-integrations/github/repos/{WIDGETS}/directories")

    async def read(**query: str) -> tuple[list[str], bool]:
        body = (await client.get(directories, params=query, headers=edge.of("viewer"))).json()
        return [row["path"] for row in body["data"]], body["complete"]

    assert await read() == (["B", "a", "z", "a/b", "z/bb", "a/b/c"], True)
    assert await read(q="b") == (["B", "a/b", "z/bb", "a/b/c"], True)
    assert await read(limit="2") == (["B", "a"], False)
    assert await read(ref="a" * 40) == ([], True)
    assert edge.provider.calls["list_directories"] == 2
    missing = await client.get(directories, params={"ref": "none"}, headers=edge.of("viewer"))
    check_error(missing, 404, "commit_not_found")
