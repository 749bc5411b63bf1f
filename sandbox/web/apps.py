"""The pages of an app's owner: its options, its log of deliveries, and registering one from a manifest."""

import json

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.actions.rights import ActionRefused
from sandbox.payloads.links import stamp
from sandbox.sandbox import Sandbox
from sandbox.state.accounts import Account
from sandbox.state.apps import App
from sandbox.state.deliveries import Delivery
from sandbox.web.html import Child, Html, el
from sandbox.web.page import button, checkbox, field, form, go_to, not_found_page, page, table
from sandbox.web.session import for_people, last, read_form
from sandbox.webhooks.emit import forget_old_deliveries, redeliver

PATH = "/settings/apps"
_MOST_SHOWN = 100


def routes(sandbox: Sandbox) -> list[Route]:
    """Return the pages. Anyone may look: a sandbox has nothing to hide."""
    own = (f"{PATH}/{{slug}}", f"/organizations/{{login}}{PATH}/{{slug}}")
    log = f"{PATH}/{{slug}}/deliveries"
    return [
        Route(PATH, for_people(sandbox, _list)),
        *(Route(path, for_people(sandbox, _show)) for path in own),
        *(Route(path, for_people(sandbox, _save), methods=["POST"]) for path in own),
        Route(f"{log}/{{number:int}}", for_people(sandbox, _show_delivery)),
        Route(f"{log}/{{number:int}}", for_people(sandbox, _redeliver), methods=["POST"]),
    ]


async def _list(sandbox: Sandbox, _request: Request, person: Account) -> Response:
    rows = [el("p", el("a", one.name, href=f"{PATH}/{one.slug}")) for one in sandbox.world.apps.values()]
    return page("Apps", rows, person=person)


async def _show(sandbox: Sandbox, request: Request, person: Account) -> Response:
    app = _named(sandbox, request)
    if app is None:
        return not_found_page(person)
    forget_old_deliveries(sandbox)
    found = [one for one in reversed(sandbox.world.deliveries.values()) if one.app_id == app.id]
    rows = [_row(app, one) for one in found[:_MOST_SHOWN]]
    return page(
        app.name,
        el("p", f"App ID {app.id}, client ID {app.client_id}"),
        el("section", _options(app, request.url.path)),
        el("h2", "Recent deliveries"),
        table(["Event", "Delivered", "GUID", "Status", ""], rows),
        person=person,
    )


async def _save(sandbox: Sandbox, request: Request, person: Account) -> Response:
    app, fields = _named(sandbox, request), await read_form(request)
    if app is None:
        return not_found_page(person)
    permissions = _permissions(last(fields, "permissions"))
    app.webhook_url = last(fields, "webhook_url") or None
    app.webhook_secret = last(fields, "webhook_secret") or app.webhook_secret
    app.setup_url = last(fields, "setup_url") or None
    app.callback_urls = fields.get("callback_urls", [""])[-1].split()
    app.webhook_active = "webhook_active" in fields
    app.request_oauth_on_install = "request_oauth_on_install" in fields
    app.setup_on_update = "setup_on_update" in fields
    app.permissions = permissions
    app.events = last(fields, "events").split()
    app.updated_at = sandbox.now()
    return go_to(request.url.path)


def _permissions(text: str) -> dict[str, str]:
    items = [item.partition(":") for item in text.split()]
    if not all(name and level and ":" not in level for name, _, level in items):
        raise ActionRefused("Invalid permissions. Write them as name:level, separated by spaces.")
    return {name: level for name, _, level in items}


def _named(sandbox: Sandbox, request: Request) -> App | None:
    """Find the app; below an organization, only one that is that organization's."""
    app, login = sandbox.world.app(request.path_params["slug"]), request.path_params.get("login")
    if app is None or login is None:
        return app
    owner = sandbox.world.account(login)
    return app if owner is not None and owner.id == app.owner_id else None


async def _show_delivery(sandbox: Sandbox, request: Request, person: Account) -> Response:
    one = sandbox.world.deliveries.get(request.path_params["number"])
    if one is None:
        return not_found_page(person)
    return page(
        f"{one.event} {one.guid}",
        el("p", f"{one.status} (status {one.status_code}) from {one.url} after {one.duration} s"),
        button("Redeliver", request.url.path, look="primary"),
        el("h2", "Request"),
        el("pre", _headers(one.headers)),
        el("pre", json.dumps(json.loads(one.body), indent=2, ensure_ascii=False)),
        el("h2", "Response"),
        el("pre", _headers(one.response_headers)),
        el("pre", one.response_body),
        person=person,
    )


async def _redeliver(sandbox: Sandbox, request: Request, person: Account) -> Response:
    one = sandbox.world.deliveries.get(request.path_params["number"])
    if one is None:
        return not_found_page(person)
    again = redeliver(sandbox, one)
    return go_to(f"{PATH}/{request.path_params['slug']}/deliveries/{again.id}")


def _row(app: App, one: Delivery) -> list[Child]:
    here = f"{PATH}/{app.slug}/deliveries/{one.id}"
    name = ".".join(filter(None, [one.event, one.action]))
    status = el("span", one.status, class_="good" if one.succeeded else "bad")
    return [
        el("a", name, href=here),
        stamp(one.delivered_at),
        el("code", one.guid),
        [status, " redelivery" if one.redelivery else ""],
        button("Redeliver", here),
    ]


def _options(app: App, page_of_app: str) -> Html:
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
        el("button", "Save", class_="primary"),
    )


def _headers(headers: dict[str, str]) -> str:
    return "\n".join(f"{name}: {value}" for name, value in headers.items())
