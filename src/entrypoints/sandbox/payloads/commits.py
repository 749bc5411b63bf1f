"""Commits as pushes show them."""

from typing import Any

from entrypoints.sandbox.payloads.links import Links
from entrypoints.sandbox.state.repositories import Commit, Repository, Signature
from entrypoints.sandbox.state.world import World


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


def _signature(world: World, named: Signature) -> dict[str, str]:
    account = next((each for each in world.accounts.values() if each.has(named.email)), None)
    username = {} if account is None else {"username": account.login}
    return {"name": named.name, "email": named.email, **username}
