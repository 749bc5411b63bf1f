"""Branches of a repository."""

from collections.abc import Iterator
from dataclasses import replace
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from sandbox.payloads.commits import commit_in_api
from sandbox.payloads.links import node_id
from sandbox.rest.answers import Answer, Refusal
from sandbox.rest.call import Call
from sandbox.rest.endpoint import Endpoint
from sandbox.rest.visibility import demand_contents, visible_repository
from sandbox.state.repositories import Branch, Repository


def list_branches(call: Call) -> Answer:
    """List branches by name."""
    repository, url = _readable(call)
    found = sorted(repository.branches.items())
    if "protected" in call.query:
        wanted = call.query["protected"] == "true"
        found = [(name, branch) for name, branch in found if branch.protected == wanted]
    # GitHub's links lead to the path by id, whichever path was asked.
    by_id = replace(call, path=f"/repositories/{repository.id}/branches")
    return by_id.listing(found, lambda item: _short(url, *item))


def show_branch(call: Call) -> Answer:
    """Show one branch; slashes in its name must be written %2F."""
    repository, url = _readable(call)
    name = call.parts["branch"]
    branch = repository.branches.get(name)
    if branch is None or quote(name, safe="") not in call.raw_path.replace("%2f", "%2F"):
        raise Refusal(HTTPStatus.NOT_FOUND, "Branch not found")
    page = f"{url}/branches/{quote(name, safe='')}"
    protection = {"enabled": branch.protected, "required_status_checks": _NO_CHECKS}
    return Answer(
        {
            "name": name,
            "commit": commit_in_api(call.sandbox.links, call.sandbox.world, repository, branch.sha),
            "protected": branch.protected,
            "_links": {"html": f"{_page(call, repository)}/tree/{quote(name)}", "self": page},
            "protection": protection,
            "protection_url": f"{page}/protection",
        }
    )


def matching_refs(call: Call) -> Answer:
    """List refs that begin with what the path says."""
    repository, url = _readable(call)
    if not repository.branches and not repository.tags:
        raise Refusal(HTTPStatus.CONFLICT, "Git Repository is empty.")
    found = [(ref, sha) for ref, sha in _refs(repository) if ref.startswith(f"refs/{call.parts['ref']}")]
    by_id = replace(call, path=f"/repositories/{repository.id}{call.path[call.path.index('/git/') :]}")
    return by_id.listing(
        found,
        lambda item: {
            "ref": item[0],
            "node_id": node_id("Ref", repository.id),
            "url": f"{url}/git/{quote(item[0])}",
            "object": {"sha": item[1], "type": "commit", "url": f"{url}/git/commits/{item[1]}"},
        },
    )


_NO_CHECKS = {"enforcement_level": "off", "contexts": [], "checks": []}


def _readable(call: Call) -> tuple[Repository, str]:
    repository = visible_repository(call)
    demand_contents(call, repository)
    return repository, f"{call.sandbox.links.api}/repos/{call.sandbox.world.full_name(repository)}"


def _short(url: str, name: str, branch: Branch) -> dict[str, Any]:
    commit = {"sha": branch.sha, "url": f"{url}/commits/{branch.sha}"}
    return {"name": name, "commit": commit, "protected": branch.protected}


def _refs(repository: Repository) -> Iterator[tuple[str, str]]:
    for name, branch in sorted(repository.branches.items()):
        yield f"refs/heads/{name}", branch.sha
    for name, sha in sorted(repository.tags.items()):
        yield f"refs/tags/{name}", sha


def _page(call: Call, repository: Repository) -> str:
    return f"{call.sandbox.links.web}/{call.sandbox.world.full_name(repository)}"


ENDPOINTS = tuple(
    Endpoint("GET", f"{repository}{path}", handle)
    for repository in ("/repos/{owner}/{repo}", "/repositories/{repository_id:int}")
    for path, handle in (
        ("/branches", list_branches),
        ("/branches/{branch:path}", show_branch),
        ("/git/matching-refs/{ref:path}", matching_refs),
    )
)
