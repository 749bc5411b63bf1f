"""Pull requests in events."""

from typing import Any

from sandbox.payloads.accounts import render_account
from sandbox.payloads.links import Links, format_time, format_time_or_none, make_node_id
from sandbox.payloads.repositories import render_webhook_repository
from sandbox.state.data import SandboxData
from sandbox.state.repositories import PullRequest, Repository


def render_pull_request(
    links: Links, data: SandboxData, repository: Repository, pull_request: PullRequest
) -> dict[str, Any]:
    """Return a pull request."""
    full_name = data.full_name(repository)
    api, page = f"{links.api}/repos/{full_name}", f"{links.web}/{full_name}/pull/{pull_request.number}"
    url, issue = f"{api}/pulls/{pull_request.number}", f"{api}/issues/{pull_request.number}"
    related = {
        "comments": f"{issue}/comments",
        "review_comments": f"{url}/comments",
        "review_comment": f"{api}/pulls/comments{{/number}}",
        "commits": f"{url}/commits",
        "statuses": f"{api}/statuses/{pull_request.head_sha}",
    }
    merged_by = (
        None if pull_request.merged_by_id is None else render_account(links, data.accounts[pull_request.merged_by_id])
    )
    return {
        "url": url,
        "id": pull_request.id,
        "node_id": make_node_id("PullRequest", pull_request.id),
        "html_url": page,
        "diff_url": f"{page}.diff",
        "patch_url": f"{page}.patch",
        "issue_url": issue,
        "number": pull_request.number,
        "state": pull_request.state,
        "locked": False,
        "title": pull_request.title,
        "user": render_account(links, data.accounts[pull_request.author_id]),
        "body": pull_request.body,
        "created_at": format_time(pull_request.created_at),
        "updated_at": format_time(pull_request.updated_at),
        "closed_at": format_time_or_none(pull_request.closed_at),
        "merged_at": format_time_or_none(pull_request.merged_at),
        "merge_commit_sha": pull_request.merge_sha,
        "assignee": None,
        "assignees": [],
        "requested_reviewers": [],
        "requested_teams": [],
        "labels": [],
        "milestone": None,
        "draft": pull_request.draft,
        **{f"{name}_url": address for name, address in related.items()},
        "head": _render_side(links, data, repository, pull_request.head_ref, pull_request.head_sha),
        "base": _render_side(links, data, repository, pull_request.base_ref, pull_request.base_sha),
        "_links": {
            name: {"href": address} for name, address in {"self": url, "html": page, "issue": issue, **related}.items()
        },
        "author_association": "MEMBER",
        "auto_merge": None,
        "active_lock_reason": None,
        "merged": pull_request.merged_at is not None,
        "mergeable": None,
        "rebaseable": None,
        "mergeable_state": "unknown",
        "merged_by": merged_by,
        "comments": 0,
        "review_comments": 0,
        "maintainer_can_modify": False,
        "commits": 1,
        "additions": 1,
        "deletions": 0,
        "changed_files": 1,
    }


def _render_side(links: Links, data: SandboxData, repository: Repository, ref: str, sha: str) -> dict[str, Any]:
    owner = data.accounts[repository.owner_id]
    return {
        "label": f"{owner.login}:{ref}",
        "ref": ref,
        "sha": sha,
        "user": render_account(links, owner),
        "repo": render_webhook_repository(links, owner, repository),
    }
