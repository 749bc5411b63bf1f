"""The control API, with which tests and scripts change the sandbox. GitHub has nothing like it.

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

from sandbox.actions.installing import app_named
from sandbox.actions.pushes import Push, push
from sandbox.actions.repositories import new_repository
from sandbox.actions.rights import ActionRefused, account_named
from sandbox.actions.table import ACTIONS
from sandbox.bulk import NewOrganizations, create_organizations
from sandbox.faults import Fault
from sandbox.payloads.deliveries import delivery_in_list
from sandbox.sandbox import Sandbox

PATH = "/_sandbox"
T = TypeVar("T")


class NewRepositories(msgspec.Struct, forbid_unknown_fields=True):
    """Many repositories at once. The sandbox sends no webhooks for them."""

    owner: str
    count: int
    prefix: str = "bulk"
    private: bool = True


class NewPushes(msgspec.Struct, forbid_unknown_fields=True):
    """Many pushes of one commit each."""

    repository: str
    count: int
    person: str = "mara-okafor-acme"


class Expiry(msgspec.Struct, forbid_unknown_fields=True):
    """Which tokens expire now, before their `expires_at`."""

    installations: bool = False
    users: bool = False
    refresh: bool = False
    """Whether refresh tokens expire as well, so that users have to authorize again."""


async def _show(sandbox: Sandbox, _parts: Mapping[str, str], _content: bytes) -> object:
    return _summary(sandbox)


async def _reset(sandbox: Sandbox, _parts: Mapping[str, str], _content: bytes) -> object:
    sandbox.reset()
    return _summary(sandbox)


async def _set_faults(sandbox: Sandbox, _parts: Mapping[str, str], content: bytes) -> object:
    sandbox.faults.active = _read(content, list[Fault])
    return sandbox.faults.active


async def _set_behaviour(sandbox: Sandbox, _parts: Mapping[str, str], content: bytes) -> object:
    sandbox.behaviour = _changed(sandbox.behaviour, content)
    return sandbox.behaviour


async def _set_app(sandbox: Sandbox, parts: Mapping[str, str], content: bytes) -> object:
    app = app_named(sandbox.world, parts["slug"])
    sandbox.world.apps[app.id] = changed = _changed(app, content)
    return changed


async def _act(sandbox: Sandbox, parts: Mapping[str, str], content: bytes) -> object:
    person, action = account_named(sandbox.world, parts["login"]), ACTIONS.get(parts["action"])
    if action is None:
        raise ActionRefused(f"Unknown action {parts['action']}. Known actions: {', '.join(ACTIONS)}.")
    return action(sandbox, person, _read(content or b"{}", dict[str, Any]))


async def _create_repositories(sandbox: Sandbox, _parts: Mapping[str, str], content: bytes) -> object:
    wish = _read(content, NewRepositories)
    owner = account_named(sandbox.world, wish.owner)
    made = [
        new_repository(sandbox, owner, f"{wish.prefix}-{number:05}", private=wish.private).id
        for number in range(wish.count)
    ]
    return {"repository_ids": made}


async def _create_pushes(sandbox: Sandbox, _parts: Mapping[str, str], content: bytes) -> object:
    wish, deliveries = _read(content, NewPushes), sandbox.world.deliveries
    person = account_named(sandbox.world, wish.person)
    last = max(deliveries, default=0)
    for number in range(wish.count):
        push(sandbox, person, Push(repository=wish.repository, messages=[f"Change {number}"]))
    return {"guids": [one.guid for one in deliveries.values() if one.id > last]}


async def _create_organizations(sandbox: Sandbox, _parts: Mapping[str, str], content: bytes) -> object:
    wish = _read(content, NewOrganizations)
    return {"installations": create_organizations(sandbox, account_named(sandbox.world, wish.owner), wish)}


async def _set_account(sandbox: Sandbox, parts: Mapping[str, str], content: bytes) -> object:
    account = account_named(sandbox.world, parts["login"])
    sandbox.world.accounts[account.id] = changed = _changed(account, content)
    return changed


async def _expire_tokens(sandbox: Sandbox, _parts: Mapping[str, str], content: bytes) -> object:
    expire_tokens(sandbox, _read(content, Expiry))
    return {}


async def _list_deliveries(sandbox: Sandbox, _parts: Mapping[str, str], _content: bytes) -> object:
    return [delivery_in_list(one) for one in reversed(sandbox.world.deliveries.values())]


async def _release(sandbox: Sandbox, _parts: Mapping[str, str], _content: bytes) -> object:
    return {"released": sandbox.outbox.release()}


async def _drain(sandbox: Sandbox, _parts: Mapping[str, str], _content: bytes) -> object:
    await sandbox.outbox.sent()
    return {}


_Handler = Callable[[Sandbox, Mapping[str, str], bytes], Awaitable[object]]
_HANDLERS: tuple[tuple[str, str, _Handler], ...] = (
    ("GET", "", _show),
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
    for token in sandbox.world.installation_tokens.values() if which.installations else ():
        token.expires_at = past
    for user_token in sandbox.world.user_tokens.values():
        user_token.expires_at = past if which.users else user_token.expires_at
        user_token.refresh_expires_at = past if which.refresh else user_token.refresh_expires_at


def routes(sandbox: Sandbox) -> list[Route]:
    """Return the control API."""
    return [Route(PATH + path, _served(sandbox, handle), methods=[method]) for method, path, handle in _HANDLERS]


def _served(sandbox: Sandbox, handle: _Handler) -> Callable[[Request], Awaitable[Response]]:
    async def serve(request: Request) -> Response:
        sandbox.changes += 1
        try:
            return _json(await handle(sandbox, request.path_params, await request.body()))
        except ActionRefused as refusal:
            return _json({"message": str(refusal)}, HTTPStatus.UNPROCESSABLE_ENTITY)
        except msgspec.DecodeError as error:
            return _json({"message": f"Invalid request body: {error}."}, HTTPStatus.UNPROCESSABLE_ENTITY)

    return serve


def _summary(sandbox: Sandbox) -> dict[str, Any]:
    world = sandbox.world
    return {
        "behaviour": sandbox.behaviour,
        "faults": sandbox.faults.active,
        "accounts": [{"id": one.id, "login": one.login, "type": one.type} for one in world.accounts.values()],
        "installations": list(world.installations.values()),
        "requests": list(world.requests.values()),
        "repositories": len(world.repositories),
        "deliveries": len(world.deliveries),
        "held": len(sandbox.outbox.held),
    }


def _read(content: bytes, shape: type[T]) -> T:
    return msgspec.json.decode(content, type=shape)


def _changed(former: T, content: bytes) -> T:
    """Return it with the fields named in the JSON changed, of the types they have."""
    changes = _read(content, dict[str, Any])
    whole = msgspec.to_builtins(former)
    unknown = changes.keys() - whole.keys()
    if unknown:
        raise ActionRefused(f"Unknown fields: {', '.join(sorted(unknown))}. Known fields: {', '.join(whole)}.")
    return msgspec.convert({**whole, **changes}, type(former))


def _json(content: object, status: HTTPStatus = HTTPStatus.OK) -> Response:
    return Response(msgspec.json.encode(content), status, media_type="application/json")
