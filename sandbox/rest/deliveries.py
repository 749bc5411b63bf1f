"""The app's webhook: where it goes, and what became of each delivery."""

import base64
import binascii
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import msgspec

from sandbox.payloads.deliveries import delivery, delivery_in_list
from sandbox.rest.answers import Answer, Refusal, not_found, unprocessable
from sandbox.rest.call import Call
from sandbox.rest.endpoint import Endpoint
from sandbox.state.apps import App
from sandbox.state.deliveries import Delivery
from sandbox.webhooks.emit import forget_old_deliveries, redeliver

_DEFAULT_PAGE = 30
_LARGEST_PAGE = 100


class Hook(msgspec.Struct):
    """What may be changed of a webhook."""

    url: str | None = None
    secret: str | None = None


def list_deliveries(call: Call) -> Answer:
    """List attempts, newest first, by cursor."""
    asking, sandbox = call.as_app().app, call.sandbox
    forget_old_deliveries(sandbox)
    below, wants = _read_cursor(call.query.get("cursor")), _wanted(call.query.get("status"))
    found = [
        one
        for one in reversed(sandbox.world.deliveries.values())
        if one.app_id == asking.id and (below is None or one.id < below) and wants(one)
    ]
    wanted = call.query.get("per_page", "")
    size = min(int(wanted), _LARGEST_PAGE) if wanted.isdecimal() and int(wanted) else _DEFAULT_PAGE
    page = found[:size]
    headers = {}
    if len(found) > size:
        cursor = base64.urlsafe_b64encode(f"v1_{page[-1].id}".encode()).decode()
        url = f"{sandbox.links.api}{call.path}?per_page={size}&cursor={cursor}"
        headers["Link"] = f'<{url}>; rel="next"'
    return Answer([delivery_in_list(one) for one in page], headers=headers)


def show_delivery(call: Call) -> Answer:
    """Show one attempt."""
    return Answer(delivery(_delivery(call)))


def redeliver_delivery(call: Call) -> Answer:
    """Send it again."""
    redeliver(call.sandbox, _delivery(call))
    return Answer({}, HTTPStatus.ACCEPTED)


def show_hook(call: Call) -> Answer:
    """Show where deliveries go."""
    return Answer(_hook(call.as_app().app))


def update_hook(call: Call) -> Answer:
    """Change where deliveries go or what they are signed with."""
    app, wish = call.as_app().app, call.body(Hook)
    app.webhook_url = wish.url or app.webhook_url
    app.webhook_secret = wish.secret or app.webhook_secret
    return Answer(_hook(app))


def _delivery(call: Call) -> Delivery:
    found = call.sandbox.world.deliveries.get(call.number("delivery_id"))
    if found is None or found.app_id != call.as_app().app.id:
        raise not_found()
    return found


def _hook(app: App) -> dict[str, Any]:
    return {"content_type": "json", "insecure_ssl": "0", "secret": "********", "url": app.webhook_url or ""}


def _wanted(status: str | None) -> Callable[[Delivery], bool]:
    """Return what the `status` filter wants: a failure is an answer, so where none came it is not one."""
    match status:
        case None:
            return lambda _one: True
        case "success":
            return lambda one: HTTPStatus.OK <= one.status_code < HTTPStatus.BAD_REQUEST
        case "failure":
            return lambda one: one.status_code >= HTTPStatus.BAD_REQUEST
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
