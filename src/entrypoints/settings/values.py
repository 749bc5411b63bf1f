"""Parsers of single values: each turns the text of one environment variable into a value.

A parser raises `ValueError` with what is wrong. The message does not repeat a value that may be secret.
"""

import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from importlib import import_module
from pathlib import Path

from core.domain.secret import Secret
from entrypoints.settings.text import split_list

PORTS = frozenset(
    {"alerts", "cipher", "delivery_log", "directory", "doorbell", "exclusion", "provider", "unit_of_work", "webhooks"}
)
"""The ports that an adapter of another package may implement, by their names in `CREWKIT_GIT_ADAPTERS`."""
_ADDED = frozenset({"provider", "webhooks"})
_HIGHEST_PORT = 65535
_LOOPBACK_OF = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - compared, not listened on


class Environment(Enum):
    """The environment of the service. Only development has demo users, a sandbox and generated keys."""

    PRODUCTION = "production"
    DEVELOPMENT = "development"


@dataclass(frozen=True, slots=True)
class Address:
    """A host and a port to listen on. Port 0 means any free port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def for_clients(self) -> "Address":
        """The address for clients on this machine: loopback instead of "all interfaces"."""
        return Address(_LOOPBACK_OF.get(self.host, self.host), self.port)


@dataclass(frozen=True, slots=True)
class Adapter:
    """An adapter of another package: its port, and the factory that creates it from the environment."""

    port: str
    make: Callable[[Mapping[str, str]], object]
    text: str = ""
    """The text of the setting: `port=module:factory`."""


def parse_environment(text: str) -> Environment:
    """Parse `production` or `development`."""
    try:
        return Environment(text)
    except ValueError:
        raise ValueError(f"`{text}` is not an environment") from None


def parse_address(text: str) -> Address:
    """Parse `host:port`, an IPv6 host in brackets."""
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or int(port) > _HIGHEST_PORT:
        raise ValueError(f"`{text}` is not a valid address")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        raise ValueError(f"`{text}` has an IPv6 host without brackets")
    return Address(host, int(port))


def parse_directory(text: str) -> Path:
    """Parse a path and expand `~`. The path may not exist yet."""
    return Path(text).expanduser()


def parse_secret(text: str) -> Secret:
    """Return the value as a secret, which is never shown."""
    return Secret(text)


def parse_text(value: str) -> str:
    """Return the value unchanged."""
    return value


def parse_cookie_name(text: str) -> str:
    """Parse the name of a cookie: https://www.rfc-editor.org/rfc/rfc6265#section-4.1.1."""
    if not re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", text):
        raise ValueError(f"`{text}` is not a cookie name")
    return text


def parse_log_level(text: str) -> str:
    """Parse one of logging's levels, in any case."""
    if text.upper() not in logging.getLevelNamesMapping():
        raise ValueError(f"`{text}` is not a log level")
    return text.upper()


def whole_number_parser(low: int, high: int) -> Callable[[str], int]:
    """Return a parser of whole numbers within these bounds."""

    def read(text: str) -> int:
        if not text.isdecimal() or not low <= int(text) <= high:
            raise ValueError(f"`{text}` is not a whole number from {low} to {high}")
        return int(text)

    return read


def days_parser(low: int) -> Callable[[str], timedelta | None]:
    """Return a parser of a number of days of at least `low`; 0 means forever."""
    read_number = whole_number_parser(0, 36_500)

    def read(text: str) -> timedelta | None:
        number = read_number(text)
        if 0 < number < low:
            raise ValueError(f"{number} days are fewer than the minimum of {low}")
        return timedelta(days=number) if number else None

    return read


def parse_adapters(text: str) -> tuple[Adapter, ...]:
    """Parse `port=module:factory`, several separated by commas; imports the modules."""
    result = tuple(map(_parse_adapter, split_list(text)))
    ports = [adapter.port for adapter in result if adapter.port not in _ADDED]
    for port in ports:
        if ports.count(port) > 1:
            raise ValueError(f"more than one adapter is set for the port {port}")
    return result


def _parse_adapter(item: str) -> Adapter:
    port, _, place = item.partition("=")
    module, _, factory = place.partition(":")
    if port not in PORTS or not module or not factory:
        raise ValueError(
            f"`{item}` is not of the form port=module:factory, where port is one of {', '.join(sorted(PORTS))}"
        )
    try:
        make = getattr(import_module(module), factory)
    except (ImportError, AttributeError) as error:
        raise ValueError(f"`{place}` cannot be imported: {error}") from error
    except (Exception, SystemExit) as error:
        why = " ".join(f"{type(error).__name__}: {error}".split())
        raise ValueError(f"`{module}` cannot be imported: it raised {why}") from error
    if not callable(make):
        raise ValueError(f"`{place}` is not a factory, because it is not callable")  # noqa: TRY004 - of a setting
    return Adapter(port, make, item)
