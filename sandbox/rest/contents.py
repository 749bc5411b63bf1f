"""Commits, comparisons and trees of a repository."""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from sandbox.payloads.commits import render_api_commit
from sandbox.rest.answers import ApiResponse, Refusal, not_found, unprocessable
from sandbox.rest.branches import get_readable_repository
from sandbox.rest.call import Call, Endpoint
from sandbox.state.git_objects import build_blob, build_trees, find_commit
from sandbox.state.repositories import Commit, Repository

_MAX_FILES = 300


def show_commit(call: Call) -> ApiResponse:
    """Return the commit of a branch, a tag or a commit id."""
    repository, url = get_readable_repository(call)
    if not repository.branches:
        raise Refusal(HTTPStatus.CONFLICT, "Git Repository is empty.")
    commit = _find(repository, call.parts["ref"])
    if commit is None:
        raise unprocessable(f"No commit found for SHA: {call.parts['ref']}")
    parent = find_commit(repository, commit.parents[0]) if commit.parents else None
    body = render_api_commit(call.sandbox.links, call.sandbox.data, repository, commit.sha)
    files = list(_render_changes(url, parent, commit))[:_MAX_FILES]
    stats = {"total": len(files), "additions": len(files), "deletions": 0}
    return ApiResponse({**body, "stats": stats, "files": files})


def compare_commits(call: Call) -> ApiResponse:
    """Compare the head with its newest common ancestor with the base. Lists at most 300 files."""
    repository, url = get_readable_repository(call)
    basehead = call.parts["basehead"]
    base_name, _, head_name = basehead.partition("...")
    base, head = _find(repository, base_name), _find(repository, head_name)
    if base is None or head is None:
        raise not_found()
    behind, ahead = _list_history(repository, base), _list_history(repository, head)
    ancestor = next((commit for sha, commit in ahead.items() if sha in behind), None)
    if ancestor is None:
        raise Refusal(HTTPStatus.NOT_FOUND, f"No common ancestor between {base_name} and {head_name}.")
    ahead_by, behind_by = len(ahead.keys() - behind.keys()), len(behind.keys() - ahead.keys())
    status = ("diverged" if behind_by else "ahead") if ahead_by else ("behind" if behind_by else "identical")
    new = [sha for sha in ahead if sha not in behind][::-1]
    page, headers = call.page(new)
    first_page = call.query.get("page", "1") == "1"
    web = f"{call.sandbox.links.web}/{call.sandbox.data.full_name(repository)}/compare/{basehead}"
    body = {
        "url": f"{url}/compare/{basehead}",
        "html_url": web,
        "permalink_url": web,
        "diff_url": f"{web}.diff",
        "patch_url": f"{web}.patch",
        "base_commit": _render_commit(call, repository, base.sha),
        "merge_base_commit": _render_commit(call, repository, ancestor.sha),
        "status": status,
        "ahead_by": ahead_by,
        "behind_by": behind_by,
        "total_commits": len(new),
        "commits": [_render_commit(call, repository, sha) for sha in page],
        "files": list(_render_changes(url, ancestor, head))[:_MAX_FILES] if first_page else [],
    }
    return ApiResponse(body, headers=headers)


def show_tree(call: Call) -> ApiResponse:
    """Return a tree by its id or the id of a commit: one directory, or with `recursive` all below it."""
    repository, url = get_readable_repository(call)
    sha = call.parts["tree_sha"]
    found = _find_tree(repository, sha)
    if found is None:
        raise not_found()
    commit, root = found
    trees, prefix = build_trees(commit), f"{root}/" if root else ""
    rows = [(path, "040000", "tree", tree.id.decode()) for path, tree in trees.items() if path]
    rows += [(path, "100644", "blob", build_blob(text).id.decode()) for path, text in commit.files.items()]
    entries = [
        {"path": path.removeprefix(prefix), "mode": mode, "type": kind, "sha": id_, "url": f"{url}/git/{kind}s/{id_}"}
        for path, mode, kind, id_ in sorted(rows)
        if path.startswith(prefix) and ("recursive" in call.query or "/" not in path.removeprefix(prefix))
    ]
    limit = call.sandbox.behaviour.tree_entries
    body = {"sha": trees[root].id.decode(), "url": f"{url}/git/trees/{sha}", "tree": entries[:limit]}
    return ApiResponse({**body, "truncated": len(entries) > limit})


def _find(repository: Repository, name: str) -> Commit | None:
    """Return the commit of a branch, a tag or a commit id."""
    branch, tag = repository.branches.get(name), repository.tags.get(name)
    sha = branch.sha if branch else tag or name
    tagged = repository.tag_objects.get(sha)
    return find_commit(repository, tagged.target if tagged else sha)


def _list_history(repository: Repository, commit: Commit | None) -> dict[str, Commit]:
    """Return a commit and its ancestors, the newest first."""
    history: dict[str, Commit] = {}
    while commit is not None:
        history[commit.sha] = commit
        commit = find_commit(repository, commit.parents[0]) if commit.parents else None
    return history


def _find_tree(repository: Repository, sha: str) -> tuple[Commit, str] | None:
    """Return a commit with this id or with a tree of this id, and the path of the tree."""
    commit = find_commit(repository, sha)
    if commit is not None:
        return commit, ""
    for commit in repository.commits.values():
        for path, tree in build_trees(commit).items():
            if tree.id.decode() == sha:
                return commit, path
    return None


def _render_commit(call: Call, repository: Repository, sha: str) -> dict[str, Any]:
    return render_api_commit(call.sandbox.links, call.sandbox.data, repository, sha)


def _render_changes(url: str, before: Commit | None, after: Commit) -> Iterator[dict[str, Any]]:
    old = before.files if before else {}
    for path in sorted(old.keys() | after.files.keys()):
        if old.get(path) != after.files.get(path):
            status = "added" if path not in old else "modified" if path in after.files else "removed"
            text = after.files.get(path, old.get(path, ""))
            raw = f"{url}/contents/{path}?ref={after.sha}"
            yield {
                "sha": build_blob(text).id.decode(),
                "filename": path,
                "status": status,
                "additions": 1,
                "deletions": 0,
                "changes": 1,
                "blob_url": raw,
                "raw_url": raw,
                "contents_url": raw,
            }


ENDPOINTS = tuple(
    Endpoint("GET", f"{repository}{path}", handle)
    for repository in ("/repos/{owner}/{repo}", "/repositories/{repository_id:int}")
    for path, handle in (
        ("/commits/{ref:path}", show_commit),
        ("/compare/{basehead:path}", compare_commits),
        ("/git/trees/{tree_sha}", show_tree),
    )
)
