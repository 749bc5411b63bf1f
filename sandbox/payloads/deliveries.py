"""The log of deliveries as the API shows it."""

from typing import Any

import msgspec

from sandbox.payloads.links import stamp
from sandbox.state.deliveries import Delivery


def delivery_in_list(one: Delivery) -> dict[str, Any]:
    """Show an attempt without what was sent."""
    return {
        "id": one.id,
        "guid": one.guid,
        "delivered_at": stamp(one.delivered_at),
        "redelivery": one.redelivery,
        "duration": one.duration,
        "status": one.status,
        "status_code": one.status_code,
        "event": one.event,
        "action": one.action,
        "installation_id": one.installation_id,
        "repository_id": one.repository_id,
        "throttled_at": None,
    }


def delivery(one: Delivery) -> dict[str, Any]:
    """Show an attempt with what was sent and answered."""
    return {
        **delivery_in_list(one),
        "url": one.url,
        "request": {"headers": one.headers, "payload": msgspec.Raw(one.body)},
        "response": {"headers": one.response_headers, "payload": one.response_body},
    }
