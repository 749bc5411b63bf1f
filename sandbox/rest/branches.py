"""Branches of a repository."""

from collections.abc import Iterator
from dataclasses import replace
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from sandbox.payloads.commits import render_api_commit
from sandbox.payloads.links import make_node_id
from sandbox.rest.answers import ApiResponse, Refusal
from sandbox.rest.call import Call, Endpoint
from sandbox.rest.visibility import get_visible_repository, require_contents
from sandbox.state.repositories import Branch, Repository


def list_branches(call: Call) -> ApiResponse:
    """List branches by name."""
    repository, url = get_readable_repository(call)
    found = sorted(repository.branches.items())
    if "protected" in call.query:
        wanted = call.query["protected"] == "true"
        found = [(name, branch) for name, branch in found if branch.protected == wanted]
    # GitHub's links always use the path with the repository id.
    by_id = replace(call, path=f"/repositories/{repository.id}/branches")
    return by_id.render_list(found, lambda item: _render_branch(url, *item))


def show_branch(call: Call) -> ApiResponse:
    """Return a branch. Slashes in its name must be written as %2F."""
    repository, url = get_readable_repository(call)
    name = call.parts["branch"]
    branch = repository.branches.get(name)
    if branch is None or quote(name, safe="") not in call.raw_path.replace("%2f", "%2F"):
        raise Refusal(HTTPStatus.NOT_FOUND, "Branch not found")
    page = f"{url}/branches/{quote(name, safe='')}"
    protection = {"enabled": branch.protected, "required_status_checks": _NO_CHECKS}
    return ApiResponse(
        {
            "name": name,
            "commit": render_api_commit(call.sandbox.links, call.sandbox.data, repository, branch.sha),
            "protected": branch.protected,
            "_links": {"html": f"{_build_page_url(call, repository)}/tree/{quote(name)}", "self": page},
            "protection": protection,
            "protection_url": f"{page}/protection",
        }
    )


def list_matching_refs(call: Call) -> ApiResponse:
    """List refs that start with the prefix in the path."""
    repository, url = get_readable_repository(call)
    if not repository.branches and not repository.tags:
        raise Refusal(HTTPStatus.CONFLICT, "Git Repository is empty.")
    found = [(ref, sha) for ref, sha in _list_refs(repository) if ref.startswith(f"refs/{call.parts['ref']}")]
    by_id = replace(call, path=f"/repositories/{repository.id}{call.path[call.path.index('/git/') :]}")
    return by_id.render_list(
        found,
        lambda item: {
            "ref": item[0],
            "node_id": make_node_id("Ref", repository.id),
            "url": f"{url}/git/{quote(item[0])}",
            "object": {"sha": item[1], "type": "commit", "url": f"{url}/git/commits/{item[1]}"},
        },
    )


_NO_CHECKS = {"enforcement_level": "off", "contexts": [], "checks": []}


def get_readable_repository(call: Call) -> tuple[Repository, str]:
    """Return the repository, whose contents the credential can read, and its API address."""
    repository = get_visible_repository(call)
    require_contents(call, repository)
    return repository, f"{call.sandbox.links.api}/repos/{call.sandbox.data.full_name(repository)}"


def _render_branch(url: str, name: str, branch: Branch) -> dict[str, Any]:
    commit = {"sha": branch.sha, "url": f"{url}/commits/{branch.sha}"}
    return {"name": name, "commit": commit, "protected": branch.protected}


def _list_refs(repository: Repository) -> Iterator[tuple[str, str]]:
    for name, branch in sorted(repository.branches.items()):
        yield f"refs/heads/{name}", branch.sha
    for name, sha in sorted(repository.tags.items()):
        yield f"refs/tags/{name}", sha


def _build_page_url(call: Call, repository: Repository) -> str:
    return f"{call.sandbox.links.web}/{call.sandbox.data.full_name(repository)}"


ENDPOINTS = tuple(
    Endpoint("GET", f"{repository}{path}", handle)
    for repository in ("/repos/{owner}/{repo}", "/repositories/{repository_id:int}")
    for path, handle in (
        ("/branches", list_branches),
        ("/branches/{branch:path}", show_branch),
        ("/git/matching-refs/{ref:path}", list_matching_refs),
    )
)
