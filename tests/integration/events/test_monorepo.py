"""The example of docs/rules.md: two projects in one repository, against the service and the sandbox."""

import json
import re
from collections.abc import Sequence
from typing import Any

import httpx
import pytest

from tests.support.builders.deliveries import REPOSITORY, ROOT
from tests.support.servers.sandbox import MARA
from tests.support.servers.service_with_sandbox import ServiceAtSandbox, service_at_sandbox

_EXAMPLE = (ROOT / "docs/rules.md").read_text().partition("## Example")[2]
_SETTINGS = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", _EXAMPLE, re.DOTALL)]
_ROW = re.compile(r"^\| ([^|]+) \| `(\w+)` \| `(\w+)` \|$", re.MULTILINE)
_TABLES = [_ROW.findall(table) for table in _EXAMPLE.split("| push |")[1:]]
_PUBLISHED = """
    SELECT p.name, count(*) FROM git_domain_events AS d JOIN projects AS p ON p.id = d.project_id
    WHERE d.type = 'git.push' GROUP BY p.name ORDER BY p.name
"""


def read_push(text: str) -> dict[str, Any]:
    """Return the fields of the sandbox's action for a push that the example describes."""
    files = re.findall(r"`([^`]+)`", text)
    if text == "new branch without commits":
        return {"branch": "new"}
    if match := re.fullmatch(r"truncated, changes ([\d,]+) files below `(\w+)`", text):
        number = int(match[1].replace(",", ""))
        return {"messages": ["Change"], "files": [f"{match[2]}/{each}.md" for each in range(number)]}
    assert text.removeprefix("forced, ").startswith("changes `")
    return {"messages": ["Change"], "files": files, "force": text.startswith("forced")}


async def push(both: ServiceAtSandbox, person: httpx.AsyncClient, **fields: object) -> dict[str, str]:
    """Push, wait for the worker, and return the reason of each project's verdict."""
    before = both.event_store.value("SELECT count(*) FROM git_webhook_events WHERE event_type = 'push'")
    await both.sandbox.act(MARA, "push", repository="acme-rockets/launchpad", **fields)
    await both.until(
        lambda: (
            both.event_store.value("SELECT count(*) FROM git_webhook_events WHERE event_type = 'push'") > before
            and both.event_store.is_settled()
        )
    )
    [event] = (await person.get("/git-webhook-events?event=push&limit=1")).json()["data"]
    verdicts = (await person.get(f"/git-webhook-events/{event['id']}")).json()["verdicts"]
    return {verdict["project_id"]: verdict["reason"] for verdict in verdicts}


async def run_table(
    both: ServiceAtSandbox, person: httpx.AsyncClient, projects: Sequence[str], table: Sequence[tuple[str, str, str]]
) -> None:
    """Push what the rows describe, and compare the verdicts."""
    assert table
    for text, *expected in table:
        reasons = await push(both, person, **read_push(text))
        assert [reasons[project] for project in projects] == expected, text


@pytest.mark.slow
async def test_example_of_the_documentation(database_url: str, redis_url: str) -> None:
    async with service_at_sandbox(database_url, redis_url) as both:
        both.event_store.connect_installation(links=0)
        await both.start("api", "worker", "scheduler")
        async with both.person() as person:
            a, b = [
                (await person.post("/projects/import", json={"repo_id": str(REPOSITORY), "name": name})).json()["id"]
                for name in ("a", "b")
            ]
            for project, settings in ((a, _SETTINGS[0]), (b, _SETTINGS[1])):
                answer = await person.patch(f"/projects/{project}/repository", json=settings)
                assert answer.status_code == 200, answer.text
            await run_table(both, person, (a, b), _TABLES[0])
            published = dict(both.event_store.rows(_PUBLISHED))
            rows = [row[1:] for row in _TABLES[0]]
            assert published == {
                name: sum(row[position] in ("delivered", "paths_unknown") for row in rows)
                for position, name in enumerate("ab")
            }
            answer = await person.patch(f"/projects/{a}/repository", json=_SETTINGS[2])
            assert answer.status_code == 200, answer.text
            await run_table(both, person, (a, b), _TABLES[1])

            preview = await person.post(f"/projects/{b}/repository/rules/preview", json={"rules": {"paths": []}})
            reasons = [event["decision"]["reason"] for event in preview.json()["data"]]
            assert reasons == ["delivered"] * sum(map(len, _TABLES))
            change = {"repo_id": str(REPOSITORY), "paths": ["packages/shared/log.py"]}
            affected = (await person.post("/git-affected", json=change)).json()["data"]
            assert [(project["project_id"], project["pattern"]) for project in affected] == [(a, "packages/shared/**")]
            # The branch `new` was created before the pushes of the second table.
            commits = {"repo_id": str(REPOSITORY), "base": "new", "head": "main"}
            assert (await person.post("/git-affected", json=commits)).json()["data"] == affected
