"""Commits as pushes show them."""

from datetime import datetime
from typing import Any

from sandbox.payloads.accounts import simple_user
from sandbox.payloads.links import Links, node_id, stamp
from sandbox.state.git_objects import commit_of
from sandbox.state.repositories import Commit, Repository, Signature
from sandbox.state.world import World


def commit(links: Links, world: World, repository: Repository, one: Commit) -> dict[str, Any]:
    """Show a commit; names are attributed to accounts by address alone, as GitHub does."""
    return {
        "id": one.sha,
        "tree_id": one.tree,
        "distinct": True,
        "message": one.message,
        "timestamp": one.at.isoformat(timespec="seconds"),
        "url": f"{links.web}/{world.full_name(repository)}/commit/{one.sha}",
        "author": _signature(world, one.author),
        "committer": _signature(world, one.committer),
        "added": one.added,
        "removed": one.removed,
        "modified": one.modified,
    }


def commit_in_api(links: Links, world: World, repository: Repository, sha: str) -> dict[str, Any]:
    """Show a commit as the REST API does: https://docs.github.com/rest/commits/commits#get-a-commit."""
    one = commit_of(repository, sha)
    web, api = (f"{base}/{world.full_name(repository)}" for base in (links.web, f"{links.api}/repos"))
    return {
        "sha": sha,
        "node_id": node_id("Commit", repository.id),
        "commit": {
            "author": _dated(one.author, one.at),
            "committer": _dated(one.committer, one.at),
            "message": one.message,
            "tree": {"sha": one.tree, "url": f"{api}/git/trees/{one.tree}"},
            "url": f"{api}/git/commits/{sha}",
            "comment_count": 0,
            "verification": _UNSIGNED,
        },
        "url": f"{api}/commits/{sha}",
        "html_url": f"{web}/commit/{sha}",
        "comments_url": f"{api}/commits/{sha}/comments",
        "author": _account(links, world, one.author),
        "committer": _account(links, world, one.committer),
        "parents": [
            {"sha": parent, "url": f"{api}/commits/{parent}", "html_url": f"{web}/commit/{parent}"}
            for parent in one.parents
        ],
    }


_UNSIGNED = {"verified": False, "reason": "unsigned", "signature": None, "payload": None, "verified_at": None}


def _dated(named: Signature, at: datetime) -> dict[str, str]:
    return {"name": named.name, "email": named.email, "date": stamp(at)}


def _account(links: Links, world: World, named: Signature) -> dict[str, Any] | None:
    account = next((each for each in world.accounts.values() if each.has(named.email)), None)
    return None if account is None else simple_user(links, account)


def _signature(world: World, named: Signature) -> dict[str, str]:
    account = next((each for each in world.accounts.values() if each.has(named.email)), None)
    username = {} if account is None else {"username": account.login}
    return {"name": named.name, "email": named.email, **username}
