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
from sandbox.web.html import Child, Html, element, join
from sandbox.web.page import button, checkbox, choice, field, form, redirect, render_page, table
from sandbox.web.session import read_form, require_sign_in

PATH = "/sandbox"
T = TypeVar("T")


def routes(sandbox: Sandbox) -> list[Route]:
    """Return the page and the targets of its forms."""
    targets = {
        "/faults": _add_fault,
        "/faults/clear": _clear_faults,
        "/behaviour": _set_behaviour,
        "/expire": _expire,
        "/release": _release,
        "/reset": _reset,
    }
    return [
        Route(PATH, require_sign_in(sandbox, _show)),
        *(Route(PATH + path, require_sign_in(sandbox, do), methods=["POST"]) for path, do in targets.items()),
    ]


async def _show(sandbox: Sandbox, _request: Request, person: Account) -> Response:
    rows: list[list[Child]] = [
        [fault.kind, fault.path, "until cleared" if fault.times is None else str(fault.times), f"{fault.seconds:g}"]
        for fault in sandbox.faults.active
    ]
    return render_page(
        "Faults and behavior",
        element(
            "section",
            element("h2", "Faults"),
            table(["Fault", "Paths", "Times left", "Seconds"], rows),
            _fault_form(),
            button("Clear all", f"{PATH}/faults/clear"),
        ),
        element("section", element("h2", "Behavior"), _behaviour_form(sandbox.behaviour)),
        element(
            "section",
            element("h2", "Actions"),
            button(f"Release {len(sandbox.outbox.held)} held deliveries", f"{PATH}/release"),
            button("Expire installation tokens", f"{PATH}/expire", installations="true"),
            button("Expire user tokens", f"{PATH}/expire", users="true"),
            button("Expire refresh tokens", f"{PATH}/expire", refresh="true"),
            button("Reset the sandbox", f"{PATH}/reset", look="danger"),
        ),
        person=person,
    )


async def _add_fault(sandbox: Sandbox, request: Request, _person: Account) -> Response:
    sandbox.faults.active.append(_convert(await read_form(request), Fault))
    return redirect(PATH)


async def _clear_faults(sandbox: Sandbox, _request: Request, _person: Account) -> Response:
    sandbox.faults.active.clear()
    return redirect(PATH)


async def _set_behaviour(sandbox: Sandbox, request: Request, _person: Account) -> Response:
    fields = await read_form(request)
    unchecked = {field.name: ["false"] for field in fields_of(Behaviour) if isinstance(field.default, bool)}
    sandbox.behaviour = _convert({**unchecked, **fields}, Behaviour)
    return redirect(PATH)


async def _expire(sandbox: Sandbox, request: Request, _person: Account) -> Response:
    expire_tokens(sandbox, _convert(await read_form(request), Expiry))
    return redirect(PATH)


async def _release(sandbox: Sandbox, _request: Request, _person: Account) -> Response:
    sandbox.outbox.release()
    return redirect(PATH)


async def _reset(sandbox: Sandbox, _request: Request, _person: Account) -> Response:
    sandbox.reset()
    return redirect(PATH)


def _fault_form() -> Html:
    return form(
        f"{PATH}/faults",
        choice("Fault", "kind", [(kind.value, kind.value.replace("_", " ")) for kind in FaultKind]),
        field("Paths", "path", "*"),
        field("Number of times (empty: until cleared)", "times", type="number"),
        field("Seconds", "seconds", "0"),
        field("Error status", "status", "502"),
        element("button", "Add fault", class_="primary"),
    )


def _behaviour_form(behaviour: Behaviour) -> Html:
    inputs = []
    for attribute in fields_of(behaviour):
        value, label = getattr(behaviour, attribute.name), attribute.name.replace("_", " ").capitalize()
        if isinstance(value, bool):
            inputs.append(element("p", checkbox(label, attribute.name, checked=value)))
        elif isinstance(value, StrEnum):
            options = [(option.value, option.value.replace("_", " ")) for option in type(value)]
            inputs.append(choice(label, attribute.name, options, value.value))
        else:
            inputs.append(field(label, attribute.name, str(value)))
    return form(f"{PATH}/behaviour", join(inputs), element("button", "Save", class_="primary"))


def _convert(fields: dict[str, list[str]], shape: type[T]) -> T:
    try:
        return msgspec.convert({name: values[-1] for name, values in fields.items()}, shape, strict=False)
    except msgspec.ValidationError as error:
        raise ActionRefused(f"Invalid fields: {error}.") from error
