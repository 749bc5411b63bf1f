"""The pages for registering an app from a manifest.

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

from sandbox.actions.rights import ActionRefused, get_account, require_owner
from sandbox.payloads.deliveries import render_ping
from sandbox.sandbox import Sandbox
from sandbox.state.accounts import Account
from sandbox.state.apps import App, Registration
from sandbox.state.sandbox_app import new_client_id, new_private_key, public_key_of
from sandbox.web.html import element
from sandbox.web.page import field, form, redirect, render_page, render_refusal
from sandbox.web.return_urls import add_query
from sandbox.web.session import find_person, read_field, read_form
from sandbox.webhooks.emit import emit_app_event

_PERMISSION_BY_EVENT = {
    "push": "contents",
    "create": "contents",
    "delete": "contents",
    "pull_request": "pull_requests",
    "repository": "metadata",
    "public": "metadata",
}
_MOST_CALLBACKS = 10


class HookAttributes(msgspec.Struct):
    """The webhook of a manifest."""

    url: str
    active: bool = True


class Manifest(msgspec.Struct):
    """A manifest. Unknown fields are ignored."""

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
    """Return the page that shows a manifest, and the target that creates the app."""

    async def show(request: Request) -> Response:
        person, fields = find_person(sandbox, request), await read_form(request)
        try:
            manifest = _read_manifest(fields)
        except ActionRefused as refusal:
            return render_refusal(person, str(refusal))
        owner = request.path_params.get("login") or (person.login if person else "")
        return _render_manifest_form(
            sandbox, person, manifest, owner=owner, state=request.query_params.get("state", "")
        )

    async def create(request: Request) -> Response:
        sandbox.changes += 1
        fields = await read_form(request)
        try:
            manifest = _read_manifest(fields)
            person = get_account(sandbox.data, read_field(fields, "person"))
            owner = get_account(sandbox.data, read_field(fields, "owner") or person.login)
            require_owner(person, owner)
        except ActionRefused as refusal:
            return render_refusal(find_person(sandbox, request), str(refusal))
        if _is_taken(sandbox, manifest):
            return _render_manifest_form(
                sandbox, find_person(sandbox, request), manifest, owner=owner.login, state=read_field(fields, "state")
            )
        registration = _register_app(sandbox, owner, manifest)
        state = fields["state"][-1] if "state" in fields else None
        url = add_query(manifest.redirect_url or manifest.url, code=registration.code, state=state)
        return redirect(url)

    return [
        Route("/settings/apps/new", show, methods=["POST"]),
        Route("/organizations/{login}/settings/apps/new", show, methods=["POST"]),
        Route("/settings/apps/from-manifest", create, methods=["POST"]),
    ]


def _render_manifest_form(
    sandbox: Sandbox, person: Account | None, manifest: Manifest, *, owner: str, state: str
) -> Response:
    """Return the form for a manifest. Only the name can be changed; a name that is in use must be."""
    people = [account.login for account in sandbox.data.accounts.values() if account.type == "User"]
    logins = [person.login] if person else people  # another site's form brings no cookie
    is_taken = _is_taken(sandbox, manifest)
    return render_page(
        f"Create GitHub App {manifest.name}",
        element("p", "Name is already taken", class_="bad") if is_taken else None,
        element("p", f"Homepage: {manifest.url}"),
        form(
            "/settings/apps/from-manifest",
            field("GitHub App name", "name", manifest.name, required=True),
            [
                element("p", element("button", f"Create GitHub App as {login}", name="person", value=login))
                for login in logins
            ],
            manifest=msgspec.json.encode(manifest).decode(),
            owner=owner,
            state=state,
        ),
        person=person,
        status=HTTPStatus.UNPROCESSABLE_ENTITY if is_taken else HTTPStatus.OK,
    )


def _read_manifest(fields: dict[str, list[str]]) -> Manifest:
    """Return the manifest with the entered name; raises `ActionRefused` at the first mistake, as GitHub does."""
    try:
        manifest = msgspec.json.decode(read_field(fields, "manifest"), type=Manifest)
    except msgspec.DecodeError as error:
        raise ActionRefused(f"Invalid GitHub App configuration: {error}") from error
    manifest.name = read_field(fields, "name", manifest.name)
    if not _to_slug(manifest.name):
        raise ActionRefused(
            "Invalid GitHub App configuration: the name needs at least one letter from a to z or a digit."
        )
    try:
        urlsplit(manifest.redirect_url or manifest.url)
    except ValueError as error:
        raise ActionRefused("Invalid GitHub App configuration: redirect_url is not a URL.") from error
    unknown = [event for event in manifest.default_events if event not in _PERMISSION_BY_EVENT]
    if unknown:
        raise ActionRefused(f"Default events unsupported: {', '.join(unknown)}")
    granted = {"metadata", *manifest.default_permissions}
    missing = [event for event in manifest.default_events if _PERMISSION_BY_EVENT[event] not in granted]
    if missing:
        raise ActionRefused(f"Default events are not supported by permissions: {', '.join(missing)}")
    if len(manifest.callback_urls) > _MOST_CALLBACKS:
        raise ActionRefused(f"Invalid GitHub App configuration: at most {_MOST_CALLBACKS} callback URLs are allowed.")
    return manifest


def _is_taken(sandbox: Sandbox, manifest: Manifest) -> bool:
    return sandbox.data.app(_to_slug(manifest.name)) is not None


def _register_app(sandbox: Sandbox, owner: Account, manifest: Manifest) -> Registration:
    data, now, private_key = sandbox.data, sandbox.now(), new_private_key()
    hook = manifest.hook_attributes
    app = App(
        id=data.new_id("app"),
        slug=_to_slug(manifest.name),
        name=manifest.name,
        owner_id=owner.id,
        url=manifest.url,
        client_id=new_client_id(),
        client_secret=secrets.token_hex(20),
        webhook_secret=secrets.token_hex(20),
        public_key=public_key_of(private_key),
        hook_id=data.new_id("hook"),
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
    data.apps[app.id] = app
    emit_app_event(sandbox, app, "ping", render_ping(sandbox.links, app), installation=None)
    registration = Registration(secrets.token_hex(20), app.id, private_key, now)
    data.registrations[registration.code] = registration
    return registration


def _to_slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
