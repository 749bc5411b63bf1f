"""An app's webhook as its first event shows it."""

from typing import Any

from sandbox.payloads.links import Links, stamp
from sandbox.state.apps import App


def ping(links: Links, app: App) -> dict[str, Any]:
    """Show what GitHub sends when a webhook is made: of no installation, and asking for nothing."""
    hook = f"{links.api}/app/hook"
    return {
        "zen": "Keep it logically awesome.",
        "hook_id": app.hook_id,
        "hook": {
            "type": "App",
            "id": app.hook_id,
            "name": "web",
            "active": app.webhook_active,
            "events": app.events,
            "config": {"content_type": "json", "insecure_ssl": "0", "secret": "********", "url": app.webhook_url or ""},
            "updated_at": stamp(app.updated_at),
            "created_at": stamp(app.created_at),
            "app_id": app.id,
            "url": f"{hook}/config",
            "ping_url": f"{hook}/pings",
            "deliveries_url": f"{hook}/deliveries",
        },
    }
