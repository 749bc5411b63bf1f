"""Checks that an object has the methods of a port, without calling them."""

import inspect
from collections.abc import Mapping
from typing import Any

from ports.encryption import Cipher
from ports.event_queue import DeliveryLog, WorkerNotifier
from ports.identity import Directory
from ports.provider import GitProvider
from ports.system import Alerts, Exclusion
from ports.unit_of_work import UnitOfWork
from ports.webhooks import WebhookProtocol

PORTS: Mapping[str, type] = {
    "alerts": Alerts,
    "cipher": Cipher,
    "delivery_log": DeliveryLog,
    "directory": Directory,
    "doorbell": WorkerNotifier,
    "exclusion": Exclusion,
    "provider": GitProvider,
    "unit_of_work": UnitOfWork,
    "webhooks": WebhookProtocol,
}
# The attribute whose value the application registers an adapter under.
_NAME_OF = {"provider": "name", "webhooks": "provider"}


def find_mismatches(port: str, adapter: object) -> list[str]:
    """Return in words how an object does not match a port; empty if it matches."""
    protocol = PORTS[port]
    if adapter is None:
        return ["the factory returned None"]
    if isinstance(adapter, type):
        return [f"the factory returned the class {adapter.__name__}, not an instance"]
    if inspect.isawaitable(adapter):
        if inspect.iscoroutine(adapter):
            adapter.close()
        return ["the factory is asynchronous; it must return the adapter directly"]
    mismatches = [
        mismatch for name in _members(protocol) if (mismatch := _mismatch(protocol, name, adapter)) is not None
    ]
    label = _NAME_OF.get(port)
    if label is not None and not mismatches:
        name = getattr(adapter, label, None)
        if not isinstance(name, str) or not name:
            mismatches.append(f"`{label}` is not the provider's name, a text such as `github`")
    return mismatches


def _members(protocol: type) -> list[str]:
    return [name for name in vars(protocol) if not name.startswith("_") or name == "__call__"]


def _mismatch(protocol: type, name: str, adapter: object) -> str | None:
    declared: Any = inspect.getattr_static(protocol, name)
    shown = f"`{name}`"
    inherited = inspect.getattr_static(type(adapter), name, None)
    if inherited is declared:
        return f"{shown} is not implemented: it is inherited from the port"
    try:
        member = getattr(adapter, name)
    except AttributeError:
        return f"{shown} is missing"
    except Exception as error:  # noqa: BLE001 - a property may raise anything
        return f"{shown} raised {type(error).__name__}"
    if not inspect.isfunction(declared):
        return None  # a property: any value may be one
    if not callable(member):
        return f"{shown} cannot be called"
    if inspect.iscoroutinefunction(declared) != _is_asynchronous(member):
        return f"{shown} must {'' if inspect.iscoroutinefunction(declared) else 'not '}be asynchronous"
    return None if _takes(member, declared) else f"{shown} does not accept {_parameters(declared)}"


def _is_asynchronous(member: Any) -> bool:  # noqa: ANN401 - any callable
    # If the member is an object with `__call__`, that method decides.
    return any(map(inspect.iscoroutinefunction, (member, vars(type(member)).get("__call__"))))


def _takes(member: Any, declared: Any) -> bool:  # noqa: ANN401 - any callables
    """Return whether a member can be called as its port declares it."""
    positional: list[None] = []
    keywords: dict[str, None] = {}
    for parameter in list(inspect.signature(declared).parameters.values())[1:]:
        if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD):
            positional.append(None)
        elif parameter.kind is parameter.KEYWORD_ONLY:
            keywords[parameter.name] = None
    try:
        inspect.signature(member).bind(*positional, **keywords)
    except TypeError:
        return False
    except ValueError:  # a builtin may have no signature
        return True
    return True


def _parameters(declared: Any) -> str:  # noqa: ANN401 - a function
    parameters = list(inspect.signature(declared).parameters.values())[1:]
    return str(inspect.Signature([parameter.replace(annotation=parameter.empty) for parameter in parameters]))
