"""The delivery log in the API, and the `ping` event."""

from typing import Any

import msgspec

from sandbox.payloads.links import Links, format_time
from sandbox.state.apps import App
from sandbox.state.deliveries import Delivery


def render_delivery_summary(delivery: Delivery) -> dict[str, Any]:
    """Return a delivery attempt without its request and response."""
    return {
        "id": delivery.id,
        "guid": delivery.guid,
        "delivered_at": format_time(delivery.delivered_at),
        "redelivery": delivery.redelivery,
        "duration": delivery.duration,
        "status": delivery.status,
        "status_code": delivery.status_code,
        "event": delivery.event,
        "action": delivery.action,
        "installation_id": delivery.installation_id,
        "repository_id": delivery.repository_id,
        "throttled_at": None,
    }


def render_delivery(delivery: Delivery) -> dict[str, Any]:
    """Return a delivery attempt with its request and response."""
    return {
        **render_delivery_summary(delivery),
        "url": delivery.url,
        "request": {"headers": delivery.headers, "payload": msgspec.Raw(delivery.body)},
        "response": {"headers": delivery.response_headers, "payload": delivery.response_body},
    }


def render_ping(links: Links, app: App) -> dict[str, Any]:
    """Return the event that GitHub sends when a webhook is created."""
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
            "updated_at": format_time(app.updated_at),
            "created_at": format_time(app.created_at),
            "app_id": app.id,
            "url": f"{hook}/config",
            "ping_url": f"{hook}/pings",
            "deliveries_url": f"{hook}/deliveries",
        },
    }
