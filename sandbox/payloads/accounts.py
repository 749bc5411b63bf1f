"""People and organizations in the API and in webhooks."""

from typing import Any

from sandbox.payloads.links import Links, format_time, make_node_id
from sandbox.state.accounts import Account, Email

_USER_PATHS = {
    "followers_url": "/followers",
    "following_url": "/following{/other_user}",
    "gists_url": "/gists{/gist_id}",
    "starred_url": "/starred{/owner}{/repo}",
    "subscriptions_url": "/subscriptions",
    "organizations_url": "/orgs",
    "repos_url": "/repos",
    "events_url": "/events{/privacy}",
    "received_events_url": "/received_events",
}
_ORGANIZATION_PATHS = {
    "url": "",
    "repos_url": "/repos",
    "events_url": "/events",
    "hooks_url": "/hooks",
    "issues_url": "/issues",
    "members_url": "/members{/member}",
    "public_members_url": "/public_members{/member}",
}


def render_account(links: Links, account: Account) -> dict[str, Any]:
    """Return an account in the short form that other objects contain."""
    url = f"{links.api}/users/{account.login}"
    page = f"/apps/{account.login.removesuffix('[bot]')}" if account.type == "Bot" else f"/{account.login}"
    return {
        "login": account.login,
        "id": account.id,
        "node_id": make_node_id(account.type, account.id),
        "avatar_url": f"{links.web}/avatars/u/{account.id}",
        "gravatar_id": "",
        "url": url,
        "html_url": f"{links.web}{page}",
        **{name: url + path for name, path in _USER_PATHS.items()},
        "type": account.type,
        "site_admin": False,
    }


def render_organization(links: Links, account: Account) -> dict[str, Any]:
    """Return an organization as in webhooks."""
    url = f"{links.api}/orgs/{account.login}"
    return {
        "login": account.login,
        "id": account.id,
        "node_id": make_node_id(account.type, account.id),
        **{name: url + path for name, path in _ORGANIZATION_PATHS.items()},
        "avatar_url": f"{links.web}/avatars/u/{account.id}",
        "description": account.description,
    }


def render_installation_target(links: Links, account: Account, *, public_repositories: int) -> dict[str, Any]:
    """Return a renamed account as in its event."""
    shown = render_organization(links, account) if account.type == "Organization" else render_account(links, account)
    return {
        **shown,
        "html_url": f"{links.web}/{account.login}",
        "type": account.type,
        "description": None,
        "has_organization_projects": True,
        "has_repository_projects": True,
        "is_verified": False,
        "public_repos": public_repositories,
        "public_gists": 0,
        "followers": 0,
        "following": 0,
        "created_at": format_time(account.created_at),
        "updated_at": format_time(account.updated_at),
    }


def render_profile(
    links: Links, account: Account, *, public_repositories: int, private_repositories: int
) -> dict[str, Any]:
    """Return a person's own profile."""
    return {
        **render_account(links, account),
        "user_view_type": "private",
        "name": account.name,
        "company": None,
        "blog": "",
        "location": None,
        "email": next((email.address for email in account.emails if email.public), None),
        "hireable": None,
        "bio": None,
        "twitter_username": None,
        "public_repos": public_repositories,
        "public_gists": 0,
        "followers": 0,
        "following": 0,
        "created_at": format_time(account.created_at),
        "updated_at": format_time(account.updated_at),
        "private_gists": 0,
        "total_private_repos": private_repositories,
        "owned_private_repos": private_repositories,
        "disk_usage": 0,
        "collaborators": 0,
        "two_factor_authentication": True,
    }


def render_email(address: Email) -> dict[str, Any]:
    """Return an email address for an app that the person authorized."""
    visibility = ("public" if address.public else "private") if address.primary else None
    return {
        "email": address.address,
        "primary": address.primary,
        "verified": address.verified,
        "visibility": visibility,
    }
