"""Adapters of other packages, named in the settings: they replace built-in adapters or are added to them."""

import inspect
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any

from entrypoints.bootstrap.port_check import find_mismatches
from entrypoints.bootstrap.ports import Ports
from entrypoints.settings.problem import Problem
from entrypoints.settings.setting import PREFIX
from entrypoints.settings.settings import SettingsRefused
from entrypoints.settings.values import Adapter

# Ports with one adapter for the whole application, by their name in the settings, and the field of `Ports`.
_FIELDS = {name: name for name in ("alerts", "cipher", "delivery_log", "directory", "exclusion", "unit_of_work")} | {
    "doorbell": "worker_notifier"
}


def with_extensions(
    ports: Ports, adapters: tuple[Adapter, ...], environment: Mapping[str, str], stack: AsyncExitStack
) -> Ports:
    """Return the application's adapters with these among them.

    Each is made by its factory from the environment, checked against its port, and closed at the end if it
    can be. A `provider` and its `webhooks` are added under the provider's name. Raises `SettingsRefused`.
    """
    for adapter in adapters:
        adapter_instance = _make(adapter, environment, stack)
        if adapter.port in _FIELDS:
            ports = replace(ports, **{_FIELDS[adapter.port]: adapter_instance})
        elif adapter.port == "provider":
            ports = replace(ports, providers={**ports.providers, adapter_instance.name: adapter_instance})
        else:
            ports = replace(ports, protocols={**ports.protocols, adapter_instance.provider: adapter_instance})
    return ports


def check_adapters(adapters: tuple[Adapter, ...], environment: Mapping[str, str], stack: AsyncExitStack) -> None:
    """Make each adapter once and check it against its port; raises `SettingsRefused`."""
    for adapter in adapters:
        _make(adapter, environment, stack)


def _make(adapter: Adapter, environment: Mapping[str, str], stack: AsyncExitStack) -> Any:  # noqa: ANN401 - of any port
    try:
        adapter_instance: Any = adapter.make(environment)
        # Before the check, so that an adapter that does not match is closed as well.
        mismatches = _close_later(adapter_instance, stack) or find_mismatches(adapter.port, adapter_instance)
    except (Exception, SystemExit) as error:
        cause = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        raise _reject(adapter, f"the factory raised {_one_line(cause)}") from error
    if mismatches:
        raise _reject(adapter, f"the adapter does not match the port {adapter.port}: {'; '.join(mismatches)}")
    return adapter_instance


def _close_later(adapter_instance: Any, stack: AsyncExitStack) -> list[str]:  # noqa: ANN401 - anything
    close = None if isinstance(adapter_instance, type) else getattr(adapter_instance, "close", None)
    if close is None or inspect.iscoroutine(adapter_instance):
        return []
    if not callable(close):
        return ["`close` cannot be called"]

    async def close_adapter() -> None:
        ending = close()
        if inspect.isawaitable(ending):
            await ending

    stack.push_async_callback(close_adapter)
    return []


def _reject(adapter: Adapter, problem: str) -> SettingsRefused:
    remedy = "Name a factory that returns the adapter; docs/adapters.md describes the ports"
    return SettingsRefused((Problem(f"{PREFIX}ADAPTERS", f"`{adapter.text}`: {problem}", remedy),))


def _one_line(text: str) -> str:
    return " ".join(text.split())
