"""The control API, with which tests and scripts change the sandbox. GitHub has no such API.

It does not authenticate callers: the sandbox runs in development only and listens on this machine.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from http import HTTPStatus
from typing import Any, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.actions.installations import get_app
from sandbox.actions.pushes import Push, push
from sandbox.actions.repositories import add_repository
from sandbox.actions.rights import ActionRefused, get_account
from sandbox.actions.table import ACTIONS
from sandbox.bulk import NewOrganizations, create_organizations
from sandbox.faults import Fault
from sandbox.payloads.deliveries import render_delivery_summary
from sandbox.sandbox import Sandbox

PATH = "/_sandbox"
T = TypeVar("T")


class NewRepositories(msgspec.Struct, forbid_unknown_fields=True):
    """A request for many repositories, for which the sandbox sends no webhooks."""

    owner: str
    count: int
    prefix: str = "bulk"
    private: bool = True


class NewPushes(msgspec.Struct, forbid_unknown_fields=True):
    """A request for many pushes of one commit each."""

    repository: str
    count: int
    person: str = "mara-okafor-acme"


class Expiry(msgspec.Struct, forbid_unknown_fields=True):
    """Which tokens expire now, before their `expires_at`."""

    installations: bool = False
    users: bool = False
    refresh: bool = False
    """Whether refresh tokens expire as well, so that users have to authorize again."""


async def _show_summary(sandbox: Sandbox, _parts: Mapping[str, str], _content: bytes) -> object:
    return _summarize(sandbox)


async def _reset(sandbox: Sandbox, _parts: Mapping[str, str], _content: bytes) -> object:
    sandbox.reset()
    return _summarize(sandbox)


async def _set_faults(sandbox: Sandbox, _parts: Mapping[str, str], content: bytes) -> object:
    sandbox.faults.active = _decode(content, list[Fault])
    return sandbox.faults.active


async def _set_behaviour(sandbox: Sandbox, _parts: Mapping[str, str], content: bytes) -> object:
    sandbox.behaviour = _merge(sandbox.behaviour, content)
    return sandbox.behaviour


async def _set_app(sandbox: Sandbox, parts: Mapping[str, str], content: bytes) -> object:
    app = get_app(sandbox.data, parts["slug"])
    sandbox.data.apps[app.id] = updated = _merge(app, content)
    return updated


async def _act(sandbox: Sandbox, parts: Mapping[str, str], content: bytes) -> object:
    person, action = get_account(sandbox.data, parts["login"]), ACTIONS.get(parts["action"])
    if action is None:
        raise ActionRefused(f"Unknown action {parts['action']}. Known actions: {', '.join(ACTIONS)}.")
    return action(sandbox, person, _decode(content or b"{}", dict[str, Any]))


async def _create_repositories(sandbox: Sandbox, _parts: Mapping[str, str], content: bytes) -> object:
    command = _decode(content, NewRepositories)
    owner = get_account(sandbox.data, command.owner)
    repository_ids = [
        add_repository(sandbox, owner, f"{command.prefix}-{number:05}", private=command.private).id
        for number in range(command.count)
    ]
    return {"repository_ids": repository_ids}


async def _create_pushes(sandbox: Sandbox, _parts: Mapping[str, str], content: bytes) -> object:
    command, deliveries = _decode(content, NewPushes), sandbox.data.deliveries
    person = get_account(sandbox.data, command.person)
    last = max(deliveries, default=0)
    for number in range(command.count):
        push(sandbox, person, Push(repository=command.repository, messages=[f"Change {number}"]))
    return {"guids": [delivery.guid for delivery in deliveries.values() if delivery.id > last]}


async def _create_organizations(sandbox: Sandbox, _parts: Mapping[str, str], content: bytes) -> object:
    command = _decode(content, NewOrganizations)
    return {"installations": create_organizations(sandbox, get_account(sandbox.data, command.owner), command)}


async def _set_account(sandbox: Sandbox, parts: Mapping[str, str], content: bytes) -> object:
    account = get_account(sandbox.data, parts["login"])
    sandbox.data.accounts[account.id] = updated = _merge(account, content)
    return updated


async def _expire_tokens(sandbox: Sandbox, _parts: Mapping[str, str], content: bytes) -> object:
    expire_tokens(sandbox, _decode(content, Expiry))
    return {}


async def _list_deliveries(sandbox: Sandbox, _parts: Mapping[str, str], _content: bytes) -> object:
    return [render_delivery_summary(delivery) for delivery in reversed(sandbox.data.deliveries.values())]


async def _release(sandbox: Sandbox, _parts: Mapping[str, str], _content: bytes) -> object:
    return {"released": sandbox.outbox.release()}


async def _drain(sandbox: Sandbox, _parts: Mapping[str, str], _content: bytes) -> object:
    await sandbox.outbox.wait_until_sent()
    return {}


_Handler = Callable[[Sandbox, Mapping[str, str], bytes], Awaitable[object]]
_HANDLERS: tuple[tuple[str, str, _Handler], ...] = (
    ("GET", "", _show_summary),
    ("POST", "/reset", _reset),
    ("PUT", "/faults", _set_faults),
    ("PATCH", "/behaviour", _set_behaviour),
    ("PATCH", "/apps/{slug}", _set_app),
    ("POST", "/as/{login}/{action}", _act),
    ("POST", "/repositories", _create_repositories),
    ("POST", "/organizations", _create_organizations),
    ("PATCH", "/accounts/{login}", _set_account),
    ("POST", "/pushes", _create_pushes),
    ("POST", "/tokens/expire", _expire_tokens),
    ("GET", "/deliveries", _list_deliveries),
    ("POST", "/deliveries/release", _release),
    ("POST", "/deliveries/drain", _drain),
)


def expire_tokens(sandbox: Sandbox, which: Expiry) -> None:
    """Expire tokens early."""
    past = sandbox.now() - timedelta(seconds=1)
    for token in sandbox.data.installation_tokens.values() if which.installations else ():
        token.expires_at = past
    for user_token in sandbox.data.user_tokens.values():
        user_token.expires_at = past if which.users else user_token.expires_at
        user_token.refresh_expires_at = past if which.refresh else user_token.refresh_expires_at


def routes(sandbox: Sandbox) -> list[Route]:
    """Return the control API."""
    return [
        Route(PATH + path, _make_route_handler(sandbox, handle), methods=[method]) for method, path, handle in _HANDLERS
    ]


def _make_route_handler(sandbox: Sandbox, handle: _Handler) -> Callable[[Request], Awaitable[Response]]:
    async def serve(request: Request) -> Response:
        sandbox.changes += 1
        try:
            return _respond(await handle(sandbox, request.path_params, await request.body()))
        except ActionRefused as refusal:
            return _respond({"message": str(refusal)}, HTTPStatus.UNPROCESSABLE_ENTITY)
        except msgspec.DecodeError as error:
            return _respond({"message": f"Invalid request body: {error}."}, HTTPStatus.UNPROCESSABLE_ENTITY)

    return serve


def _summarize(sandbox: Sandbox) -> dict[str, Any]:
    data = sandbox.data
    return {
        "behaviour": sandbox.behaviour,
        "faults": sandbox.faults.active,
        "accounts": [
            {"id": account.id, "login": account.login, "type": account.type} for account in data.accounts.values()
        ],
        "installations": list(data.installations.values()),
        "requests": list(data.requests.values()),
        "repositories": len(data.repositories),
        "deliveries": len(data.deliveries),
        "held": len(sandbox.outbox.held),
    }


def _decode(content: bytes, shape: type[T]) -> T:
    return msgspec.json.decode(content, type=shape)


def _merge(current: T, content: bytes) -> T:
    """Return a copy with the fields of a JSON object replaced, converted to their declared types."""
    changes = _decode(content, dict[str, Any])
    fields = msgspec.to_builtins(current)
    unknown = changes.keys() - fields.keys()
    if unknown:
        raise ActionRefused(f"Unknown fields: {', '.join(sorted(unknown))}. Known fields: {', '.join(fields)}.")
    return msgspec.convert({**fields, **changes}, type(current))


def _respond(content: object, status: HTTPStatus = HTTPStatus.OK) -> Response:
    return Response(msgspec.json.encode(content), status, media_type="application/json")
