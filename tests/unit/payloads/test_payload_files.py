"""The payload files in the repository are what their folders and READMEs claim."""

import json
from collections import defaultdict
from hashlib import sha256
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

ROOT = Path(__file__).parents[3]
DEMO_FACTS = ROOT / "sandbox" / "state" / "demo.json"
DEMO = ROOT / "deploy" / "demo" / "payloads"
WEBHOOKS = ROOT / "tests" / "data" / "webhooks"
OWN = sorted([*DEMO.glob("*/*.json"), *(WEBHOOKS / "own").glob("*/*.json")])
OCTOKIT = sorted((WEBHOOKS / "octokit").glob("*/*.json"))

NO_COMMIT = "0" * 40
ACTED_UPON = {
    "installation": "created deleted suspend unsuspend new_permissions_accepted",
    "installation_repositories": "added removed",
    "installation_target": "renamed",
    "repository": "created renamed edited archived unarchived privatized publicized transferred deleted",
    "public": "",
    "push": "",
    "pull_request": "opened synchronize reopened closed",
    "github_app_authorization": "revoked",
    "ping": "",
}


def read(path: Path) -> dict[str, Any]:
    """Parse one JSON object."""
    content: dict[str, Any] = json.loads(path.read_bytes())
    return content


def label(path: Path) -> str:
    """Name a payload by its event and file."""
    return f"{path.parent.name}/{path.stem}"


def own(name: str) -> dict[str, Any]:
    """Read one of the project's payloads by event and file."""
    return read(DEMO / f"{name}.json")


@pytest.fixture(scope="module")
def definitions() -> dict[str, Any]:
    """Give the published schema's definitions."""
    found: dict[str, Any] = read(WEBHOOKS / "octokit-webhooks.schema.json")["definitions"]
    return found


def validator(event: str, definitions: dict[str, Any]) -> Draft7Validator:
    """Build the check of one event; without actions the schema says EVENT$event."""
    name = f"{event}_event" if f"{event}_event" in definitions else f"{event}$event"
    return Draft7Validator({"$ref": f"#/definitions/{name}", "definitions": definitions})


@pytest.mark.parametrize("path", OWN, ids=label)
def test_own_payload_is_valid(path: Path, definitions: dict[str, Any]) -> None:
    """It matches the published schema of its event."""
    validator(path.parent.name, definitions).validate(read(path))


@pytest.mark.parametrize("path", OWN, ids=label)
def test_detects_an_unknown_key(path: Path, definitions: dict[str, Any]) -> None:
    assert not validator(path.parent.name, definitions).is_valid(read(path) | {"unheard_of": 1})


@pytest.mark.parametrize("path", OWN, ids=label)
def test_own_payload_is_formatted(path: Path) -> None:
    """Indented by two spaces, without escapes, with a final newline."""
    assert path.read_text("utf-8") == json.dumps(read(path), indent=2, ensure_ascii=False) + "\n"


@pytest.mark.parametrize("path", OWN, ids=label)
def test_own_payload_is_about_the_demo_organization(path: Path) -> None:
    """Installation, account, repository and sender equal demo.json."""
    demo, payload = read(DEMO_FACTS), read(path)
    repositories = {repository["id"] for repository in demo["repositories"] + demo["arriving_repositories"]}
    people = [someone["github"] for someone in demo["users"] + demo["strangers"]]
    account = demo["installation"]["account"]["id"]

    if installation := payload.get("installation"):
        assert installation["id"] == demo["installation"]["id"]
        assert installation.get("account", {"id": account})["id"] == account
    else:
        assert path.parent.name in {"github_app_authorization", "ping"}
    if repository := payload.get("repository"):
        assert repository["id"] in repositories
        assert repository["owner"]["id"] == account
        assert repository["full_name"] == f"{repository['owner']['login']}/{repository['name']}"
    if sender := payload.get("sender"):
        assert {"id": sender["id"], "login": sender["login"]} in people
    listed = chain.from_iterable(
        payload.get(key, ()) for key in ("repositories", "repositories_added", "repositories_removed")
    )
    assert repositories.issuperset(item["id"] for item in listed)


@pytest.mark.parametrize("path", [path for path in OWN if path.parent.name == "push"], ids=label)
def test_own_push_is_consistent(path: Path) -> None:
    """Zeros mean created or deleted, and the last commit is the head."""
    push = read(path)
    assert push["created"] == (push["before"] == NO_COMMIT)
    assert push["deleted"] == (push["after"] == NO_COMMIT)
    assert push["deleted"] == (push["head_commit"] is None)
    if push["commits"]:
        assert push["commits"][-1] == push["head_commit"]
    if push["ref"].startswith("refs/heads/") and push["head_commit"]:
        assert push["head_commit"]["id"] == push["after"]


def test_own_pushes_complete_the_public_examples() -> None:
    """One for each kind that is decided differently."""
    branch = own("push/branch")
    assert len(branch["commits"]) == 2
    assert "Co-authored-by: " in branch["commits"][1]["message"]
    assert own("push/branch-forced")["forced"]
    assert len(own("push/branch-created")["commits"]) == 1
    assert own("push/branch-deleted")["deleted"]
    assert own("push/branch-existing-commit")["commits"] == []
    tag = own("push/tag-annotated")
    assert tag["after"] != tag["head_commit"]["id"]
    assert tag["base_ref"] == "refs/heads/main"
    unusual = own("push/branch-unusual-name")["ref"]
    assert {"/", "#"} <= set(unusual.removeprefix("refs/heads/"))
    assert not unusual.isascii()


def test_demo_organization_is_coherent() -> None:
    """Projects point at repositories, and no id, login or address is used twice."""
    demo = read(DEMO_FACTS)
    repositories = demo["repositories"] + demo["arriving_repositories"]
    people = demo["users"] + demo["strangers"]
    for values in (
        [repository["id"] for repository in repositories],
        [repository["full_name"] for repository in repositories],
        [someone["github"]["id"] for someone in people],
        [someone["github"]["login"] for someone in people],
        [email for user in demo["users"] for email in user["emails"]],
    ):
        assert len(values) == len(set(values))
    assert {project["repository_id"] for project in demo["projects"]} == {
        repository["id"] for repository in demo["repositories"]
    }
    assert {user["role"] for user in demo["users"]} == {"owner", "admin", "member", "viewer", None}


def test_every_handled_event_has_a_payload() -> None:
    """Each event and action that the service handles, and several that it ignores."""
    present: dict[str, set[str]] = defaultdict(set)
    for path in OWN + OCTOKIT:
        present[path.parent.name].add(read(path).get("action", ""))
    for event, actions in ACTED_UPON.items():
        assert present[event].issuperset(actions.split()), event
    assert len(present.keys() - ACTED_UPON) >= 8


def test_readme_names_the_public_examples() -> None:
    """The README beside the public examples lists exactly these files, with their hashes."""
    listed = {
        row.split("`")[1]: row.split("`")[-2]
        for row in (WEBHOOKS / "README.md").read_text("utf-8").splitlines()
        if row.startswith("| `") and ".json` | `" in row
    }
    assert listed == {f"{label(path)}.json": sha256(path.read_bytes()).hexdigest() for path in OCTOKIT}
