"""Apps and their installations as the API and webhooks show them."""

from typing import Any

from sandbox.payloads.accounts import simple_user
from sandbox.payloads.links import Links, node_id, stamp, stamp_or_none
from sandbox.state.apps import App, Installation, InstallationRequest
from sandbox.state.world import World


def app(links: Links, world: World, one: App) -> dict[str, Any]:
    """Show an app to itself."""
    return {
        "id": one.id,
        "client_id": one.client_id,
        "slug": one.slug,
        "node_id": node_id("Integration", one.id),
        "owner": simple_user(links, world.accounts[one.owner_id]),
        "name": one.name,
        "description": one.description,
        "external_url": one.url,
        "html_url": f"{links.web}/apps/{one.slug}",
        "created_at": stamp(one.created_at),
        "updated_at": stamp(one.updated_at),
        "permissions": one.permissions,
        "events": one.events,
        "installations_count": sum(each.app_id == one.id for each in world.installations.values()),
    }


def installation(links: Links, world: World, one: Installation) -> dict[str, Any]:
    """Show an installation in the fields that webhooks have."""
    account = world.accounts[one.account_id]
    suspended_by = one.suspended_by_id
    return {
        "id": one.id,
        "account": simple_user(links, account),
        "repository_selection": one.repository_selection,
        "access_tokens_url": f"{links.api}/app/installations/{one.id}/access_tokens",
        "repositories_url": f"{links.api}/installation/repositories",
        "html_url": installation_page(links, world, one),
        "app_id": one.app_id,
        "app_slug": world.apps[one.app_id].slug,
        "target_id": account.id,
        "target_type": account.type,
        "permissions": one.permissions,
        "events": one.events,
        "created_at": stamp(one.created_at),
        "updated_at": stamp(one.updated_at),
        "single_file_name": None,
        "has_multiple_single_files": False,
        "single_file_paths": [],
        "suspended_by": None if suspended_by is None else simple_user(links, world.accounts[suspended_by]),
        "suspended_at": stamp_or_none(one.suspended_at),
    }


def installation_in_api(links: Links, world: World, one: Installation) -> dict[str, Any]:
    """Show an installation as the API does."""
    return {**installation(links, world, one), "client_id": world.apps[one.app_id].client_id}


def installation_page(links: Links, world: World, one: Installation) -> str:
    """Return where people manage an installation, its `html_url`."""
    account = world.accounts[one.account_id]
    owner = f"/organizations/{account.login}" if account.type == "Organization" else ""
    return f"{links.web}{owner}/settings/installations/{one.id}"


def installation_reference(one: Installation) -> dict[str, Any]:
    """Show an installation as events about something else do."""
    return {"id": one.id, "node_id": node_id("IntegrationInstallation", one.id)}


def installation_request(links: Links, world: World, one: InstallationRequest) -> dict[str, Any]:
    """Show a request that waits for an owner."""
    return {
        "id": one.id,
        "node_id": node_id("IntegrationInstallationRequest", one.id),
        "account": simple_user(links, world.accounts[one.account_id]),
        "requester": simple_user(links, world.accounts[one.requester_id]),
        "created_at": stamp(one.created_at),
    }
