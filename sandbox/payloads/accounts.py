"""People and organizations as the API and webhooks show them."""

from typing import Any

from sandbox.payloads.links import Links, node_id, stamp
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


def simple_user(links: Links, account: Account) -> dict[str, Any]:
    """Show any account in the short form that other objects contain."""
    url = f"{links.api}/users/{account.login}"
    page = f"/apps/{account.login.removesuffix('[bot]')}" if account.type == "Bot" else f"/{account.login}"
    return {
        "login": account.login,
        "id": account.id,
        "node_id": node_id(account.type, account.id),
        "avatar_url": f"{links.web}/avatars/u/{account.id}",
        "gravatar_id": "",
        "url": url,
        "html_url": f"{links.web}{page}",
        **{name: url + path for name, path in _USER_PATHS.items()},
        "type": account.type,
        "site_admin": False,
    }


def organization(links: Links, account: Account) -> dict[str, Any]:
    """Show an organization as webhooks do."""
    url = f"{links.api}/orgs/{account.login}"
    return {
        "login": account.login,
        "id": account.id,
        "node_id": node_id(account.type, account.id),
        **{name: url + path for name, path in _ORGANIZATION_PATHS.items()},
        "avatar_url": f"{links.web}/avatars/u/{account.id}",
        "description": account.description,
    }


def installation_target(links: Links, account: Account, *, public_repositories: int) -> dict[str, Any]:
    """Show a renamed account as its event does."""
    shown = organization(links, account) if account.type == "Organization" else simple_user(links, account)
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
        "created_at": stamp(account.created_at),
        "updated_at": stamp(account.updated_at),
    }


def profile(links: Links, account: Account, *, public_repositories: int, private_repositories: int) -> dict[str, Any]:
    """Show a person to themselves."""
    return {
        **simple_user(links, account),
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
        "created_at": stamp(account.created_at),
        "updated_at": stamp(account.updated_at),
        "private_gists": 0,
        "total_private_repos": private_repositories,
        "owned_private_repos": private_repositories,
        "disk_usage": 0,
        "collaborators": 0,
        "two_factor_authentication": True,
    }


def email(address: Email) -> dict[str, Any]:
    """Show one address to the app its person authorized."""
    visibility = ("public" if address.public else "private") if address.primary else None
    return {
        "email": address.address,
        "primary": address.primary,
        "verified": address.verified,
        "visibility": visibility,
    }
