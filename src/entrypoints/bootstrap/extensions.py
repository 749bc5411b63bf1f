"""Adapters of others', named in the settings: they take the place of ours, or stand beside them."""

from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any

from entrypoints.bootstrap.wiring import Driven
from entrypoints.setting_values import Adapter

# What there is one of for the whole application, by the field of `Driven` it takes the place of.
_ALONE = frozenset({"alerts", "cipher", "delivery_log", "directory", "doorbell", "exclusion", "unit_of_work"})


def extended(
    driven: Driven, adapters: tuple[Adapter, ...], environment: Mapping[str, str], stack: AsyncExitStack
) -> Driven:
    """Return what drives the application, with these adapters in it.

    Each is made by its factory from the environment, and closed at the end if it can be. A `provider` and its
    `webhooks` are added under the provider's name.
    """
    for adapter in adapters:
        made: Any = adapter.make(environment)
        if (close := getattr(made, "close", None)) is not None:
            stack.push_async_callback(close)
        if adapter.port in _ALONE:
            driven = replace(driven, **{adapter.port: made})
        elif adapter.port == "provider":
            driven = replace(driven, providers={**driven.providers, made.name: made})
        else:
            driven = replace(driven, protocols={**driven.protocols, made.provider: made})
    return driven
