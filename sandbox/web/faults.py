"""The page for faults and for settings of the sandbox's behavior."""

from dataclasses import fields as fields_of
from enum import StrEnum
from typing import TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.actions.rights import ActionRefused
from sandbox.behaviour import Behaviour
from sandbox.control import Expiry, expire_tokens
from sandbox.faults import Fault, FaultKind
from sandbox.sandbox import Sandbox
from sandbox.state.accounts import Account
from sandbox.web.html import Child, Html, el, together
from sandbox.web.page import button, checkbox, choice, field, form, go_to, page, table
from sandbox.web.session import for_people, read_form

PATH = "/sandbox"
T = TypeVar("T")


def routes(sandbox: Sandbox) -> list[Route]:
    """Return the page and what its forms lead to."""
    targets = {
        "/faults": _add_fault,
        "/faults/clear": _clear_faults,
        "/behaviour": _set_behaviour,
        "/expire": _expire,
        "/release": _release,
        "/reset": _reset,
    }
    return [
        Route(PATH, for_people(sandbox, _show)),
        *(Route(PATH + path, for_people(sandbox, do), methods=["POST"]) for path, do in targets.items()),
    ]


async def _show(sandbox: Sandbox, _request: Request, person: Account) -> Response:
    rows: list[list[Child]] = [
        [one.kind, one.path, "until cleared" if one.times is None else str(one.times), f"{one.seconds:g}"]
        for one in sandbox.faults.active
    ]
    return page(
        "Faults and behavior",
        el(
            "section",
            el("h2", "Faults"),
            table(["Fault", "Paths", "Times left", "Seconds"], rows),
            _fault_form(),
            button("Clear all", f"{PATH}/faults/clear"),
        ),
        el("section", el("h2", "Behavior"), _behaviour_form(sandbox.behaviour)),
        el(
            "section",
            el("h2", "Actions"),
            button(f"Release {len(sandbox.outbox.held)} held deliveries", f"{PATH}/release"),
            button("Expire installation tokens", f"{PATH}/expire", installations="true"),
            button("Expire user tokens", f"{PATH}/expire", users="true"),
            button("Expire refresh tokens", f"{PATH}/expire", refresh="true"),
            button("Reset the sandbox", f"{PATH}/reset", look="danger"),
        ),
        person=person,
    )


async def _add_fault(sandbox: Sandbox, request: Request, _person: Account) -> Response:
    sandbox.faults.active.append(_converted(await read_form(request), Fault))
    return go_to(PATH)


async def _clear_faults(sandbox: Sandbox, _request: Request, _person: Account) -> Response:
    sandbox.faults.active.clear()
    return go_to(PATH)


async def _set_behaviour(sandbox: Sandbox, request: Request, _person: Account) -> Response:
    given = await read_form(request)
    unchecked = {field.name: ["false"] for field in fields_of(Behaviour) if isinstance(field.default, bool)}
    sandbox.behaviour = _converted({**unchecked, **given}, Behaviour)
    return go_to(PATH)


async def _expire(sandbox: Sandbox, request: Request, _person: Account) -> Response:
    expire_tokens(sandbox, _converted(await read_form(request), Expiry))
    return go_to(PATH)


async def _release(sandbox: Sandbox, _request: Request, _person: Account) -> Response:
    sandbox.outbox.release()
    return go_to(PATH)


async def _reset(sandbox: Sandbox, _request: Request, _person: Account) -> Response:
    sandbox.reset()
    return go_to(PATH)


def _fault_form() -> Html:
    return form(
        f"{PATH}/faults",
        choice("Fault", "kind", [(kind.value, kind.value.replace("_", " ")) for kind in FaultKind]),
        field("Paths", "path", "*"),
        field("Number of times (empty: until cleared)", "times", type="number"),
        field("Seconds", "seconds", "0"),
        field("Error status", "status", "502"),
        el("button", "Add fault", class_="primary"),
    )


def _behaviour_form(behaviour: Behaviour) -> Html:
    inputs = []
    for one in fields_of(behaviour):
        value, label = getattr(behaviour, one.name), one.name.replace("_", " ").capitalize()
        if isinstance(value, bool):
            inputs.append(el("p", checkbox(label, one.name, checked=value)))
        elif isinstance(value, StrEnum):
            options = [(each.value, each.value.replace("_", " ")) for each in type(value)]
            inputs.append(choice(label, one.name, options, value.value))
        else:
            inputs.append(field(label, one.name, str(value)))
    return form(f"{PATH}/behaviour", together(inputs), el("button", "Save", class_="primary"))


def _converted(fields: dict[str, list[str]], shape: type[T]) -> T:
    try:
        return msgspec.convert({name: values[-1] for name, values in fields.items()}, shape, strict=False)
    except msgspec.ValidationError as error:
        raise ActionRefused(f"Invalid fields: {error}.") from error
