"""Apps and installations in the API and in webhooks."""

from typing import Any

from sandbox.payloads.accounts import render_account
from sandbox.payloads.links import Links, format_time, format_time_or_none, make_node_id
from sandbox.state.apps import App, Installation, InstallationRequest
from sandbox.state.data import SandboxData


def render_app(links: Links, data: SandboxData, app: App) -> dict[str, Any]:
    """Return an app as in the API."""
    return {
        "id": app.id,
        "client_id": app.client_id,
        "slug": app.slug,
        "node_id": make_node_id("Integration", app.id),
        "owner": render_account(links, data.accounts[app.owner_id]),
        "name": app.name,
        "description": app.description,
        "external_url": app.url,
        "html_url": f"{links.web}/apps/{app.slug}",
        "created_at": format_time(app.created_at),
        "updated_at": format_time(app.updated_at),
        "permissions": app.permissions,
        "events": app.events,
        "installations_count": sum(installation.app_id == app.id for installation in data.installations.values()),
    }


def render_installation(links: Links, data: SandboxData, installation: Installation) -> dict[str, Any]:
    """Return an installation as in webhooks."""
    account = data.accounts[installation.account_id]
    suspended_by = installation.suspended_by_id
    return {
        "id": installation.id,
        "account": render_account(links, account),
        "repository_selection": installation.repository_selection,
        "access_tokens_url": f"{links.api}/app/installations/{installation.id}/access_tokens",
        "repositories_url": f"{links.api}/installation/repositories",
        "html_url": build_installation_url(links, data, installation),
        "app_id": installation.app_id,
        "app_slug": data.apps[installation.app_id].slug,
        "target_id": account.id,
        "target_type": account.type,
        "permissions": installation.permissions,
        "events": installation.events,
        "created_at": format_time(installation.created_at),
        "updated_at": format_time(installation.updated_at),
        "single_file_name": None,
        "has_multiple_single_files": False,
        "single_file_paths": [],
        "suspended_by": None if suspended_by is None else render_account(links, data.accounts[suspended_by]),
        "suspended_at": format_time_or_none(installation.suspended_at),
    }


def render_api_installation(links: Links, data: SandboxData, installation: Installation) -> dict[str, Any]:
    """Return an installation as in the API."""
    return {**render_installation(links, data, installation), "client_id": data.apps[installation.app_id].client_id}


def build_installation_url(links: Links, data: SandboxData, installation: Installation) -> str:
    """Return the `html_url` of an installation, the page on which owners manage it."""
    account = data.accounts[installation.account_id]
    owner = f"/organizations/{account.login}" if account.type == "Organization" else ""
    return f"{links.web}{owner}/settings/installations/{installation.id}"


def render_installation_reference(installation: Installation) -> dict[str, Any]:
    """Return an installation as in events about other objects."""
    return {"id": installation.id, "node_id": make_node_id("IntegrationInstallation", installation.id)}


def render_installation_request(links: Links, data: SandboxData, request: InstallationRequest) -> dict[str, Any]:
    """Return a pending installation request."""
    return {
        "id": request.id,
        "node_id": make_node_id("IntegrationInstallationRequest", request.id),
        "account": render_account(links, data.accounts[request.account_id]),
        "requester": render_account(links, data.accounts[request.requester_id]),
        "created_at": format_time(request.created_at),
    }
