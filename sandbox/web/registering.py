"""Registering an app from a manifest.

https://docs.github.com/apps/sharing-github-apps/registering-a-github-app-from-a-manifest
"""

import re
import secrets
from http import HTTPStatus
from urllib.parse import urlsplit

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.actions.rights import ActionRefused, account_named, demand_owner
from sandbox.payloads.hooks import ping
from sandbox.sandbox import Sandbox
from sandbox.state.accounts import Account
from sandbox.state.apps import App, Registration
from sandbox.state.sandbox_app import new_client_id, new_private_key, public_key_of
from sandbox.web.html import el
from sandbox.web.page import field, form, go_to, page, refused_page
from sandbox.web.returns import with_query
from sandbox.web.session import last, person_of, read_form
from sandbox.webhooks.emit import emit_to_app

_NEEDS = {
    "push": "contents",
    "create": "contents",
    "delete": "contents",
    "pull_request": "pull_requests",
    "repository": "metadata",
    "public": "metadata",
}
_MOST_CALLBACKS = 10


class HookAttributes(msgspec.Struct):
    """Where deliveries shall go."""

    url: str
    active: bool = True


class Manifest(msgspec.Struct):
    """An app as its maker describes it; what is not known here is left aside."""

    name: str
    url: str
    hook_attributes: HookAttributes | None = None
    redirect_url: str | None = None
    callback_urls: list[str] = []
    setup_url: str | None = None
    description: str | None = None
    default_events: list[str] = []
    default_permissions: dict[str, str] = {}
    request_oauth_on_install: bool = False
    setup_on_update: bool = False


def routes(sandbox: Sandbox) -> list[Route]:
    """Return the page that shows a manifest, and the one that makes an app of it."""

    async def show(request: Request) -> Response:
        person, fields = person_of(sandbox, request), await read_form(request)
        try:
            manifest = _checked(fields)
        except ActionRefused as refusal:
            return refused_page(person, str(refusal))
        owner = request.path_params.get("login") or (person.login if person else "")
        return _ask(sandbox, person, manifest, owner=owner, state=request.query_params.get("state", ""))

    async def create(request: Request) -> Response:
        sandbox.changes += 1
        fields = await read_form(request)
        try:
            manifest = _checked(fields)
            person = account_named(sandbox.world, last(fields, "person"))
            owner = account_named(sandbox.world, last(fields, "owner") or person.login)
            demand_owner(person, owner)
        except ActionRefused as refusal:
            return refused_page(person_of(sandbox, request), str(refusal))
        if _is_taken(sandbox, manifest):
            return _ask(sandbox, person_of(sandbox, request), manifest, owner=owner.login, state=last(fields, "state"))
        registration = _register(sandbox, owner, manifest)
        state = fields["state"][-1] if "state" in fields else None
        way = with_query(manifest.redirect_url or manifest.url, code=registration.code, state=state)
        return go_to(way)

    return [
        Route("/settings/apps/new", show, methods=["POST"]),
        Route("/organizations/{login}/settings/apps/new", show, methods=["POST"]),
        Route("/settings/apps/from-manifest", create, methods=["POST"]),
    ]


def _ask(sandbox: Sandbox, person: Account | None, manifest: Manifest, *, owner: str, state: str) -> Response:
    """Show what is to be created. The name can be changed, one that is taken has to be; the rest stays."""
    people = [one.login for one in sandbox.world.accounts.values() if one.type == "User"]
    makers = [person.login] if person else people  # another site's form brings no cookie
    taken = _is_taken(sandbox, manifest)
    return page(
        f"Create GitHub App {manifest.name}",
        el("p", "Name is already taken", class_="bad") if taken else None,
        el("p", f"Homepage: {manifest.url}"),
        form(
            "/settings/apps/from-manifest",
            field("GitHub App name", "name", manifest.name, required=True),
            [el("p", el("button", f"Create GitHub App as {login}", name="person", value=login)) for login in makers],
            manifest=msgspec.json.encode(manifest).decode(),
            owner=owner,
            state=state,
        ),
        person=person,
        status=HTTPStatus.UNPROCESSABLE_ENTITY if taken else HTTPStatus.OK,
    )


def _checked(fields: dict[str, list[str]]) -> Manifest:
    """Read a manifest and the name entered for it, refusing it whole for one mistake, as GitHub does."""
    try:
        manifest = msgspec.json.decode(last(fields, "manifest"), type=Manifest)
    except msgspec.DecodeError as error:
        raise ActionRefused(f"Invalid GitHub App configuration: {error}") from error
    manifest.name = last(fields, "name", manifest.name)
    if not _slug(manifest.name):
        raise ActionRefused(
            "Invalid GitHub App configuration: the name needs at least one letter from a to z or a digit."
        )
    try:
        urlsplit(manifest.redirect_url or manifest.url)
    except ValueError as error:
        raise ActionRefused("Invalid GitHub App configuration: redirect_url is not a URL.") from error
    unknown = [event for event in manifest.default_events if event not in _NEEDS]
    if unknown:
        raise ActionRefused(f"Default events unsupported: {', '.join(unknown)}")
    granted = {"metadata", *manifest.default_permissions}
    missing = [event for event in manifest.default_events if _NEEDS[event] not in granted]
    if missing:
        raise ActionRefused(f"Default events are not supported by permissions: {', '.join(missing)}")
    if len(manifest.callback_urls) > _MOST_CALLBACKS:
        raise ActionRefused(f"Invalid GitHub App configuration: at most {_MOST_CALLBACKS} callback URLs are allowed.")
    return manifest


def _is_taken(sandbox: Sandbox, manifest: Manifest) -> bool:
    return sandbox.world.app(_slug(manifest.name)) is not None


def _register(sandbox: Sandbox, owner: Account, manifest: Manifest) -> Registration:
    world, now, private_key = sandbox.world, sandbox.now(), new_private_key()
    hook = manifest.hook_attributes
    app = App(
        id=world.new_id("app"),
        slug=_slug(manifest.name),
        name=manifest.name,
        owner_id=owner.id,
        url=manifest.url,
        client_id=new_client_id(),
        client_secret=secrets.token_hex(20),
        webhook_secret=secrets.token_hex(20),
        public_key=public_key_of(private_key),
        hook_id=world.new_id("hook"),
        created_at=now,
        updated_at=now,
        description=manifest.description,
        webhook_url=hook.url if hook else None,
        webhook_active=hook.active if hook else False,
        callback_urls=manifest.callback_urls,
        setup_url=manifest.setup_url,
        request_oauth_on_install=manifest.request_oauth_on_install,
        setup_on_update=manifest.setup_on_update,
        permissions={"metadata": "read", **manifest.default_permissions},
        events=sorted(manifest.default_events),
    )
    world.apps[app.id] = app
    emit_to_app(sandbox, app, "ping", ping(sandbox.links, app), installation=None)
    registration = Registration(secrets.token_hex(20), app.id, private_key, now)
    world.registrations[registration.code] = registration
    return registration


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
