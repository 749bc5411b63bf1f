"""The app's webhook configuration and delivery log."""

import base64
import binascii
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import msgspec

from sandbox.payloads.deliveries import render_delivery, render_delivery_summary
from sandbox.rest.answers import ApiResponse, Refusal, not_found, unprocessable
from sandbox.rest.call import Call, Endpoint
from sandbox.state.apps import App
from sandbox.state.deliveries import Delivery
from sandbox.webhooks.emit import delete_old_deliveries, redeliver

_DEFAULT_PAGE = 30
_LARGEST_PAGE = 100


class Hook(msgspec.Struct):
    """The changes of a webhook configuration."""

    url: str | None = None
    secret: str | None = None


def list_deliveries(call: Call) -> ApiResponse:
    """List delivery attempts by cursor, newest first."""
    app, sandbox = call.as_app().app, call.sandbox
    delete_old_deliveries(sandbox)
    before_id, matches = _read_cursor(call.query.get("cursor")), _make_status_filter(call.query.get("status"))
    deliveries = [
        delivery
        for delivery in reversed(sandbox.data.deliveries.values())
        if delivery.app_id == app.id and (before_id is None or delivery.id < before_id) and matches(delivery)
    ]
    page_size = call.query.get("per_page", "")
    size = min(int(page_size), _LARGEST_PAGE) if page_size.isdecimal() and int(page_size) else _DEFAULT_PAGE
    page = deliveries[:size]
    headers = {}
    if len(deliveries) > size:
        cursor = base64.urlsafe_b64encode(f"v1_{page[-1].id}".encode()).decode()
        url = f"{sandbox.links.api}{call.path}?per_page={size}&cursor={cursor}"
        headers["Link"] = f'<{url}>; rel="next"'
    return ApiResponse([render_delivery_summary(delivery) for delivery in page], headers=headers)


def show_delivery(call: Call) -> ApiResponse:
    """Return a delivery attempt."""
    return ApiResponse(render_delivery(_get_delivery(call)))


def redeliver_delivery(call: Call) -> ApiResponse:
    """Send a delivery again."""
    redeliver(call.sandbox, _get_delivery(call))
    return ApiResponse({}, HTTPStatus.ACCEPTED)


def show_hook(call: Call) -> ApiResponse:
    """Return the webhook configuration."""
    return ApiResponse(_render_hook(call.as_app().app))


def update_hook(call: Call) -> ApiResponse:
    """Change the URL or the secret of the webhook."""
    app, command = call.as_app().app, call.body(Hook)
    app.webhook_url = command.url or app.webhook_url
    app.webhook_secret = command.secret or app.webhook_secret
    return ApiResponse(_render_hook(app))


def _get_delivery(call: Call) -> Delivery:
    delivery = call.sandbox.data.deliveries.get(call.number("delivery_id"))
    if delivery is None or delivery.app_id != call.as_app().app.id:
        raise not_found()
    return delivery


def _render_hook(app: App) -> dict[str, Any]:
    return {"content_type": "json", "insecure_ssl": "0", "secret": "********", "url": app.webhook_url or ""}


def _make_status_filter(status: str | None) -> Callable[[Delivery], bool]:
    """Return the `status` filter. For GitHub, a delivery without a response is not a failure."""
    match status:
        case None:
            return lambda _one: True
        case "success":
            return lambda delivery: HTTPStatus.OK <= delivery.status_code < HTTPStatus.BAD_REQUEST
        case "failure":
            return lambda delivery: delivery.status_code >= HTTPStatus.BAD_REQUEST
    raise unprocessable("Invalid status.", resource="Hook", code="invalid", field="status")


def _read_cursor(cursor: str | None) -> int | None:
    if cursor is None:
        return None
    try:
        return int(base64.urlsafe_b64decode(cursor).removeprefix(b"v1_"))
    except (binascii.Error, ValueError) as error:
        raise Refusal(HTTPStatus.BAD_REQUEST, "Invalid cursor") from error


ENDPOINTS = (
    Endpoint("GET", "/app/hook/config", show_hook),
    Endpoint("PATCH", "/app/hook/config", update_hook),
    Endpoint("GET", "/app/hook/deliveries", list_deliveries),
    Endpoint("GET", "/app/hook/deliveries/{delivery_id:int}", show_delivery),
    Endpoint("POST", "/app/hook/deliveries/{delivery_id:int}/attempts", redeliver_delivery),
)
