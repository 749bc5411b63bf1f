"""The pages of an app's settings and delivery log."""

import json

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.actions.rights import ActionRefused
from sandbox.payloads.links import format_time
from sandbox.sandbox import Sandbox
from sandbox.state.accounts import Account
from sandbox.state.apps import App
from sandbox.state.deliveries import Delivery
from sandbox.web.html import Child, Html, element
from sandbox.web.page import button, checkbox, field, form, redirect, render_not_found, render_page, table
from sandbox.web.session import read_field, read_form, require_sign_in
from sandbox.webhooks.emit import delete_old_deliveries, redeliver

PATH = "/settings/apps"
_MOST_SHOWN = 100


def routes(sandbox: Sandbox) -> list[Route]:
    """Return the pages. Anyone may look: a sandbox has nothing to hide."""
    paths = (f"{PATH}/{{slug}}", f"/organizations/{{login}}{PATH}/{{slug}}")
    log = f"{PATH}/{{slug}}/deliveries"
    return [
        Route(PATH, require_sign_in(sandbox, _list_apps)),
        *(Route(path, require_sign_in(sandbox, _show_app)) for path in paths),
        *(Route(path, require_sign_in(sandbox, _save_app), methods=["POST"]) for path in paths),
        Route(f"{log}/{{number:int}}", require_sign_in(sandbox, _show_delivery)),
        Route(f"{log}/{{number:int}}", require_sign_in(sandbox, _redeliver), methods=["POST"]),
    ]


async def _list_apps(sandbox: Sandbox, _request: Request, person: Account) -> Response:
    rows = [element("p", element("a", app.name, href=f"{PATH}/{app.slug}")) for app in sandbox.data.apps.values()]
    return render_page("Apps", rows, person=person)


async def _show_app(sandbox: Sandbox, request: Request, person: Account) -> Response:
    app = _find_app(sandbox, request)
    if app is None:
        return render_not_found(person)
    delete_old_deliveries(sandbox)
    deliveries = [delivery for delivery in reversed(sandbox.data.deliveries.values()) if delivery.app_id == app.id]
    rows = [_render_row(app, delivery) for delivery in deliveries[:_MOST_SHOWN]]
    return render_page(
        app.name,
        element("p", f"App ID {app.id}, client ID {app.client_id}"),
        element("section", _render_options(app, request.url.path)),
        element("h2", "Recent deliveries"),
        table(["Event", "Delivered", "GUID", "Status", ""], rows),
        person=person,
    )


async def _save_app(sandbox: Sandbox, request: Request, person: Account) -> Response:
    app, fields = _find_app(sandbox, request), await read_form(request)
    if app is None:
        return render_not_found(person)
    permissions = _parse_permissions(read_field(fields, "permissions"))
    app.webhook_url = read_field(fields, "webhook_url") or None
    app.webhook_secret = read_field(fields, "webhook_secret") or app.webhook_secret
    app.setup_url = read_field(fields, "setup_url") or None
    app.callback_urls = fields.get("callback_urls", [""])[-1].split()
    app.webhook_active = "webhook_active" in fields
    app.request_oauth_on_install = "request_oauth_on_install" in fields
    app.setup_on_update = "setup_on_update" in fields
    app.permissions = permissions
    app.events = read_field(fields, "events").split()
    app.updated_at = sandbox.now()
    return redirect(request.url.path)


def _parse_permissions(text: str) -> dict[str, str]:
    items = [item.partition(":") for item in text.split()]
    if not all(name and level and ":" not in level for name, _, level in items):
        raise ActionRefused("Invalid permissions. Write them as name:level, separated by spaces.")
    return {name: level for name, _, level in items}


def _find_app(sandbox: Sandbox, request: Request) -> App | None:
    """Return the app of the path, or None. A path of an organization finds only its own apps."""
    app, login = sandbox.data.app(request.path_params["slug"]), request.path_params.get("login")
    if app is None or login is None:
        return app
    owner = sandbox.data.account(login)
    return app if owner is not None and owner.id == app.owner_id else None


async def _show_delivery(sandbox: Sandbox, request: Request, person: Account) -> Response:
    delivery = sandbox.data.deliveries.get(request.path_params["number"])
    if delivery is None:
        return render_not_found(person)
    return render_page(
        f"{delivery.event} {delivery.guid}",
        element(
            "p", f"{delivery.status} (status {delivery.status_code}) from {delivery.url} after {delivery.duration} s"
        ),
        button("Redeliver", request.url.path, look="primary"),
        element("h2", "Request"),
        element("pre", _format_headers(delivery.headers)),
        element("pre", json.dumps(json.loads(delivery.body), indent=2, ensure_ascii=False)),
        element("h2", "Response"),
        element("pre", _format_headers(delivery.response_headers)),
        element("pre", delivery.response_body),
        person=person,
    )


async def _redeliver(sandbox: Sandbox, request: Request, person: Account) -> Response:
    delivery = sandbox.data.deliveries.get(request.path_params["number"])
    if delivery is None:
        return render_not_found(person)
    delivery_again = redeliver(sandbox, delivery)
    return redirect(f"{PATH}/{request.path_params['slug']}/deliveries/{delivery_again.id}")


def _render_row(app: App, delivery: Delivery) -> list[Child]:
    url = f"{PATH}/{app.slug}/deliveries/{delivery.id}"
    name = ".".join(filter(None, [delivery.event, delivery.action]))
    status = element("span", delivery.status, class_="good" if delivery.succeeded else "bad")
    return [
        element("a", name, href=url),
        format_time(delivery.delivered_at),
        element("code", delivery.guid),
        [status, " redelivery" if delivery.redelivery else ""],
        button("Redeliver", url),
    ]


def _render_options(app: App, page_of_app: str) -> Html:
    permissions = " ".join(f"{name}:{level}" for name, level in app.permissions.items())
    return form(
        page_of_app,
        field("Webhook URL", "webhook_url", app.webhook_url or "", size="60"),
        field(
            "New webhook secret (leave empty to keep the current secret)",
            "webhook_secret",
            type="password",
            autocomplete="new-password",
            size="60",
        ),
        field("Callback URLs, in order, separated by spaces", "callback_urls", " ".join(app.callback_urls), size="100"),
        field("Setup URL", "setup_url", app.setup_url or "", size="60"),
        field("Permissions (name:level, separated by spaces)", "permissions", permissions, size="80"),
        field("Events, separated by spaces", "events", " ".join(app.events), size="60"),
        checkbox("Webhook active", "webhook_active", checked=app.webhook_active),
        checkbox(
            "Request user authorization (OAuth) during installation",
            "request_oauth_on_install",
            checked=app.request_oauth_on_install,
        ),
        checkbox("Redirect on update", "setup_on_update", checked=app.setup_on_update),
        element("button", "Save", class_="primary"),
    )


def _format_headers(headers: dict[str, str]) -> str:
    return "\n".join(f"{name}: {value}" for name, value in headers.items())
