"""Commits in `push` events and in the API."""

from datetime import datetime
from typing import Any

from sandbox.payloads.accounts import render_account
from sandbox.payloads.links import Links, format_time, make_node_id
from sandbox.state.data import SandboxData
from sandbox.state.git_objects import get_commit
from sandbox.state.repositories import Commit, Repository, Signature


def render_commit(links: Links, data: SandboxData, repository: Repository, commit: Commit) -> dict[str, Any]:
    """Return a commit as in `push` events. Only the email address attributes it to an account, as on GitHub."""
    return {
        "id": commit.sha,
        "tree_id": commit.tree,
        "distinct": True,
        "message": commit.message,
        "timestamp": commit.at.isoformat(timespec="seconds"),
        "url": f"{links.web}/{data.full_name(repository)}/commit/{commit.sha}",
        "author": _render_signature(data, commit.author),
        "committer": _render_signature(data, commit.committer),
        "added": commit.added,
        "removed": commit.removed,
        "modified": commit.modified,
    }


def render_api_commit(links: Links, data: SandboxData, repository: Repository, sha: str) -> dict[str, Any]:
    """Return a commit as in the REST API: https://docs.github.com/rest/commits/commits#get-a-commit."""
    commit = get_commit(repository, sha)
    web, api = (f"{base}/{data.full_name(repository)}" for base in (links.web, f"{links.api}/repos"))
    return {
        "sha": sha,
        "node_id": make_node_id("Commit", repository.id),
        "commit": {
            "author": _render_git_signature(commit.author, commit.at),
            "committer": _render_git_signature(commit.committer, commit.at),
            "message": commit.message,
            "tree": {"sha": commit.tree, "url": f"{api}/git/trees/{commit.tree}"},
            "url": f"{api}/git/commits/{sha}",
            "comment_count": 0,
            "verification": _UNSIGNED,
        },
        "url": f"{api}/commits/{sha}",
        "html_url": f"{web}/commit/{sha}",
        "comments_url": f"{api}/commits/{sha}/comments",
        "author": _render_account(links, data, commit.author),
        "committer": _render_account(links, data, commit.committer),
        "parents": [
            {"sha": parent, "url": f"{api}/commits/{parent}", "html_url": f"{web}/commit/{parent}"}
            for parent in commit.parents
        ],
    }


_UNSIGNED = {"verified": False, "reason": "unsigned", "signature": None, "payload": None, "verified_at": None}


def _render_git_signature(named: Signature, at: datetime) -> dict[str, str]:
    return {"name": named.name, "email": named.email, "date": format_time(at)}


def _render_account(links: Links, data: SandboxData, named: Signature) -> dict[str, Any] | None:
    account = next((account for account in data.accounts.values() if account.has(named.email)), None)
    return None if account is None else render_account(links, account)


def _render_signature(data: SandboxData, named: Signature) -> dict[str, str]:
    account = next((account for account in data.accounts.values() if account.has(named.email)), None)
    username = {} if account is None else {"username": account.login}
    return {"name": named.name, "email": named.email, **username}
