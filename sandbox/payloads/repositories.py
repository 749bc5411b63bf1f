"""Repositories in the API and in webhooks."""

from typing import Any

from sandbox.payloads.accounts import render_account
from sandbox.payloads.links import Links, format_time, make_node_id
from sandbox.state.accounts import Account
from sandbox.state.repositories import ROLES, Repository, Role

_PATHS = {
    "forks_url": "/forks",
    "keys_url": "/keys{/key_id}",
    "collaborators_url": "/collaborators{/collaborator}",
    "teams_url": "/teams",
    "hooks_url": "/hooks",
    "issue_events_url": "/issues/events{/number}",
    "events_url": "/events",
    "assignees_url": "/assignees{/user}",
    "branches_url": "/branches{/branch}",
    "tags_url": "/tags",
    "blobs_url": "/git/blobs{/sha}",
    "git_tags_url": "/git/tags{/sha}",
    "git_refs_url": "/git/refs{/sha}",
    "trees_url": "/git/trees{/sha}",
    "statuses_url": "/statuses/{sha}",
    "languages_url": "/languages",
    "stargazers_url": "/stargazers",
    "contributors_url": "/contributors",
    "subscribers_url": "/subscribers",
    "subscription_url": "/subscription",
    "commits_url": "/commits{/sha}",
    "git_commits_url": "/git/commits{/sha}",
    "comments_url": "/comments{/number}",
    "issue_comment_url": "/issues/comments{/number}",
    "contents_url": "/contents/{+path}",
    "compare_url": "/compare/{base}...{head}",
    "merges_url": "/merges",
    "archive_url": "/{archive_format}{/ref}",
    "downloads_url": "/downloads",
    "issues_url": "/issues{/number}",
    "pulls_url": "/pulls{/number}",
    "milestones_url": "/milestones{/number}",
    "notifications_url": "/notifications{?since,all,participating}",
    "labels_url": "/labels{/name}",
    "releases_url": "/releases{/id}",
    "deployments_url": "/deployments",
}


def render_repository_summary(owner: Account, repository: Repository) -> dict[str, Any]:
    """Return the few fields of a repository in installation events."""
    return {
        "id": repository.id,
        "node_id": make_node_id("Repository", repository.id),
        "name": repository.name,
        "full_name": f"{owner.login}/{repository.name}",
        "private": repository.private,
    }


def render_repository(links: Links, owner: Account, repository: Repository) -> dict[str, Any]:
    """Return the fields of a repository that the API and webhooks share."""
    full_name = f"{owner.login}/{repository.name}"
    url = f"{links.api}/repos/{full_name}"
    page = f"{links.web}/{full_name}"
    host = links.web.partition("://")[2]
    open_pulls = sum(pull.state == "open" for pull in repository.pulls.values())
    return {
        **render_repository_summary(owner, repository),
        "owner": render_account(links, owner),
        "html_url": page,
        "description": repository.description,
        "fork": repository.fork,
        "url": url,
        **{name: url + path for name, path in _PATHS.items()},
        "created_at": format_time(repository.created_at),
        "updated_at": format_time(repository.updated_at),
        "pushed_at": format_time(repository.pushed_at),
        "git_url": f"git://{host}/{full_name}.git",
        "ssh_url": f"git@{host}:{full_name}.git",
        "clone_url": f"{page}.git",
        "svn_url": page,
        "homepage": None,
        "size": repository.size,
        "stargazers_count": 0,
        "watchers_count": 0,
        "language": repository.language,
        "has_issues": True,
        "has_projects": True,
        "has_downloads": True,
        "has_wiki": False,
        "has_pages": False,
        "has_discussions": False,
        "forks_count": 0,
        "mirror_url": None,
        "archived": repository.archived,
        "disabled": False,
        "open_issues_count": open_pulls,
        "license": None,
        "allow_forking": True,
        "is_template": False,
        "web_commit_signoff_required": False,
        "topics": repository.topics,
        "visibility": "private" if repository.private else "public",
        "forks": 0,
        "open_issues": open_pulls,
        "watchers": 0,
        "default_branch": repository.default_branch,
    }


def render_api_repository(links: Links, owner: Account, repository: Repository, role: Role | None) -> dict[str, Any]:
    """Return a repository as in the API's lists, with the permissions of the role."""
    return {**render_repository(links, owner, repository), "permissions": render_permissions(role)}


def render_full_repository(links: Links, owner: Account, repository: Repository, role: Role | None) -> dict[str, Any]:
    """Return a single repository as in the API."""
    shown = {**render_api_repository(links, owner, repository, role), "network_count": 0, "subscribers_count": 0}
    return shown | {"organization": shown["owner"]} if owner.type == "Organization" else shown


def render_webhook_repository(links: Links, owner: Account, repository: Repository) -> dict[str, Any]:
    """Return a repository as in most events."""
    return {**render_repository(links, owner, repository), "custom_properties": {}}


def render_push_repository(links: Links, owner: Account, repository: Repository) -> dict[str, Any]:
    """Return a repository as in `push` events, where two times are numbers and the owner has a name."""
    shown = render_webhook_repository(links, owner, repository)
    extra = {"organization": owner.login} if owner.type == "Organization" else {}
    return {
        **shown,
        "url": shown["html_url"],
        "owner": {"name": owner.login, "email": None, **shown["owner"]},
        "created_at": int(repository.created_at.timestamp()),
        "pushed_at": int(repository.pushed_at.timestamp()),
        "stargazers": 0,
        "master_branch": repository.default_branch,
        **extra,
    }


def render_permissions(role: Role | None) -> dict[str, bool]:
    """Return the permissions of a role. Each role includes the lower roles."""
    rank = -1 if role is None else ROLES.index(role)
    return {name: ROLES.index(name) <= rank for name in reversed(ROLES)}
