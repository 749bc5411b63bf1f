"""Pull requests as their events show them."""

from typing import Any

from sandbox.payloads.accounts import simple_user
from sandbox.payloads.links import Links, node_id, stamp, stamp_or_none
from sandbox.payloads.repositories import webhook_repository
from sandbox.state.repositories import PullRequest, Repository
from sandbox.state.world import World


def pull_request(links: Links, world: World, repository: Repository, one: PullRequest) -> dict[str, Any]:
    """Show a whole pull request."""
    full_name = world.full_name(repository)
    api, page = f"{links.api}/repos/{full_name}", f"{links.web}/{full_name}/pull/{one.number}"
    url, issue = f"{api}/pulls/{one.number}", f"{api}/issues/{one.number}"
    related = {
        "comments": f"{issue}/comments",
        "review_comments": f"{url}/comments",
        "review_comment": f"{api}/pulls/comments{{/number}}",
        "commits": f"{url}/commits",
        "statuses": f"{api}/statuses/{one.head_sha}",
    }
    merged_by = None if one.merged_by_id is None else simple_user(links, world.accounts[one.merged_by_id])
    return {
        "url": url,
        "id": one.id,
        "node_id": node_id("PullRequest", one.id),
        "html_url": page,
        "diff_url": f"{page}.diff",
        "patch_url": f"{page}.patch",
        "issue_url": issue,
        "number": one.number,
        "state": one.state,
        "locked": False,
        "title": one.title,
        "user": simple_user(links, world.accounts[one.author_id]),
        "body": one.body,
        "created_at": stamp(one.created_at),
        "updated_at": stamp(one.updated_at),
        "closed_at": stamp_or_none(one.closed_at),
        "merged_at": stamp_or_none(one.merged_at),
        "merge_commit_sha": one.merge_sha,
        "assignee": None,
        "assignees": [],
        "requested_reviewers": [],
        "requested_teams": [],
        "labels": [],
        "milestone": None,
        "draft": one.draft,
        **{f"{name}_url": address for name, address in related.items()},
        "head": _side(links, world, repository, one.head_ref, one.head_sha),
        "base": _side(links, world, repository, one.base_ref, one.base_sha),
        "_links": {
            name: {"href": address} for name, address in {"self": url, "html": page, "issue": issue, **related}.items()
        },
        "author_association": "MEMBER",
        "auto_merge": None,
        "active_lock_reason": None,
        "merged": one.merged_at is not None,
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


def _side(links: Links, world: World, repository: Repository, ref: str, sha: str) -> dict[str, Any]:
    owner = world.accounts[repository.owner_id]
    return {
        "label": f"{owner.login}:{ref}",
        "ref": ref,
        "sha": sha,
        "user": simple_user(links, owner),
        "repo": webhook_repository(links, owner, repository),
    }
