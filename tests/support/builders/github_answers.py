"""What GitHub answers, with the fields its own description requires of each."""

from typing import Any

INSTALLATION = "GET /app/installations/41"
MINT = "POST /app/installations/41/access_tokens"
REMOVE = "DELETE /app/installations/41"
APP = {
    "id": 1236,
    "client_id": "Iv1.8a61f9b3a7aba766",
    "slug": "crewkit",
    "name": "crewkit",
    "html_url": "https://github.com/apps/crewkit",
    "permissions": {"contents": "read", "metadata": "read"},
    "events": ["push", "repository"],
}


def account(number: int = 9, login: str = "acme", kind: str = "Organization") -> dict[str, Any]:
    """Make an account."""
    return {"id": number, "login": login, "type": kind, "html_url": f"https://github.com/{login}"}


def installation(number: int = 41, **facts: object) -> dict[str, Any]:
    """Make an installation."""
    return {
        "id": number,
        "account": account(),
        "target_id": 9,
        "target_type": "Organization",
        "app_id": 1236,
        "app_slug": "crewkit",
        "repository_selection": "selected",
        "permissions": {"contents": "read", "metadata": "read"},
        "events": ["push"],
        "html_url": f"https://github.com/organizations/acme/settings/installations/{number}",
        "created_at": "2026-01-01T09:00:00Z",
        "updated_at": "2026-02-03T04:05:06-04:00",
        "suspended_at": None,
        "suspended_by": None,
        **facts,
    }


def repository(number: int, **facts: object) -> dict[str, Any]:
    """Make a repository."""
    return {
        "id": number,
        "node_id": f"R_{number}",
        "name": f"rocket-{number}",
        "full_name": f"acme/rocket-{number}",
        "owner": account(),
        "private": True,
        "html_url": f"https://github.com/acme/rocket-{number}",
        "description": None,
        "fork": False,
        "archived": False,
        "default_branch": "main",
        "language": "Python",
        "pushed_at": "2026-11-20T10:00:00Z",
        "updated_at": "2026-11-21T10:00:00Z",
        "permissions": {"admin": False, "push": False, "pull": True},
        **facts,
    }


def repositories(*numbers: int, total: int | None = None) -> dict[str, Any]:
    """Make a page of an installation's repositories."""
    return {
        "total_count": len(numbers) if total is None else total,
        "repository_selection": "selected",
        "repositories": [repository(number) for number in numbers],
    }


def branch(name: str, *, protected: bool = False) -> dict[str, Any]:
    """Make a branch."""
    return {"name": name, "commit": {"sha": "a" * 40, "url": ""}, "protected": protected}


def ref(name: str) -> dict[str, Any]:
    """Make a reference to a branch."""
    return {"ref": f"refs/heads/{name}", "object": {"sha": "b" * 40, "type": "commit", "url": ""}}


def delivery(number: int, **facts: object) -> dict[str, Any]:
    """Make one row of the log of deliveries."""
    return {
        "id": number,
        "guid": f"0b989ba4-242f-11e5-81e1-{number:012}",
        "delivered_at": "2026-11-23T11:00:00Z",
        "redelivery": False,
        "duration": 0.27,
        "status": "OK",
        "status_code": 200,
        "event": "push",
        "action": None,
        "installation_id": 41,
        "repository_id": 7,
        "throttled_at": None,
        **facts,
    }
