"""Pushes whose changed files GitHub does not report: both projects of a repository receive them and list the files."""

import json

import pytest

from tests.support.builders.deliveries import REPOSITORY
from tests.support.servers.sandbox import MARA
from tests.support.servers.service_with_sandbox import service_at_sandbox

_PUSHED = """
    SELECT d.data FROM git_domain_events AS d JOIN projects AS p ON p.id = d.project_id
    WHERE d.type = 'git.push' AND d.data ->> 'after' = %s ORDER BY p.name
"""


@pytest.mark.slow
async def test_completes_the_changed_files_of_pushes(database_url: str, redis_url: str) -> None:
    """After a forced push, for a new branch, and for pushes with many or too many files."""
    async with service_at_sandbox(database_url, redis_url) as both:
        both.event_store.connect_installation(links=0)
        await both.start("api", "worker", "scheduler")
        async with both.person() as person:
            projects = []
            for name in ("a", "b"):
                created = await person.post("/projects/import", json={"repo_id": str(REPOSITORY), "name": name})
                projects.append(created.json()["id"])
                settings = {"settings": {"root_directory": f"apps/{name}"}}
                changed = await person.patch(f"/projects/{projects[-1]}/repository", json=settings)
                assert changed.status_code == 200

            async def push(branch: str, *files: str, force: bool = False) -> dict[str, str]:
                """Push, and return the commits before and after from the event of both projects."""
                command = {"branch": branch, "messages": ["Change"] if files else [], "files": files, "force": force}
                await both.sandbox.act(MARA, "push", repository="acme-rockets/launchpad", **command)
                sha = both.sandbox.data.repositories[REPOSITORY].branches[branch].sha
                await both.until(lambda: len(both.event_store.rows(_PUSHED, [sha])) == len(projects))
                first, second = (json.loads(json.dumps(row[0])) for row in both.event_store.rows(_PUSHED, [sha]))
                assert first == second
                assert not first["changed_files"]["complete"]
                return {"base": first["before"], "head": first["after"]}

            async def list_files(**query: str) -> list[str]:
                for project in projects:
                    answer = await person.get(f"/projects/{project}/repository/changed-files", params=query)
                    body = answer.json()
                    assert (answer.status_code, body["complete"], body["total"]) == (200, True, len(body["paths"]))
                return list(body["paths"])

            await both.sandbox.act(
                MARA, "push", repository="acme-rockets/launchpad", messages=["Begin"], files=["apps/a/1", "x"]
            )
            forced = await push("main", "apps/b/2", force=True)
            assert await list_files(**forced) == ["apps/a/1", "apps/b/2", "x"]
            assert await list_files(**forced, merge_base="true") == ["apps/b/2"]

            many = [f"apps/a/{number:04}" for number in range(3_000)]
            assert await list_files(**await push("main", *many)) == many

            five_hundred = [f"apps/b/lib/{number:03}" for number in range(500)]
            await both.sandbox.act(
                MARA, "push", repository="acme-rockets/launchpad", branch="new", messages=["Add"], files=five_hundred
            )
            await both.until(both.event_store.is_settled)
            assert await list_files(base="main", head="new", merge_base="true") == five_hundred
            assert await list_files(base="main", head="new") == five_hundred
