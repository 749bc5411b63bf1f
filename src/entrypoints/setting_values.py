"""How the text of one environment variable becomes a value.

Each reader raises `ValueError` saying what is wrong, without repeating a value that may be secret.
"""

import base64
import binascii
import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

from core.domain.secret import Secret

KEY_BYTES = 32  # AES-256
_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")
KEY_ID = re.compile(r"[A-Za-z0-9_-]{1,32}")
_HIGHEST_PORT = 65535
# GitHub gives out PKCS#1; tools convert to PKCS#8.
_PRIVATE_KEY = re.compile(r"-----BEGIN (RSA |EC )?PRIVATE KEY-----\n")


class Environment(Enum):
    """Where the service runs. Development alone has demo users, a sandbox and keys made on the spot."""

    PRODUCTION = "production"
    DEVELOPMENT = "development"


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen; port 0 takes any free one."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def environment(text: str) -> Environment:
    """Read `production` or `development`."""
    try:
        return Environment(text)
    except ValueError:
        raise ValueError(f"`{text}` is no environment") from None


def address(text: str) -> Address:
    """Read `host:port`, an IPv6 host in brackets."""
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or int(port) > _HIGHEST_PORT:
        raise ValueError(f"`{text}` is no address")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        raise ValueError(f"`{text}` has an IPv6 host without brackets")
    return Address(host, int(port))


def directory(text: str) -> Path:
    """Read a path, `~` expanded; it need not exist yet."""
    return Path(text).expanduser()


def secret(text: str) -> Secret:
    """Read a value that is never shown."""
    return Secret(text)


def secrets(text: str) -> tuple[Secret, ...]:
    """Read secrets separated by commas."""
    return tuple(Secret(item) for item in _items(text))


PORTS = frozenset(
    {
        "alerts",
        "cipher",
        "delivery_log",
        "directory",
        "doorbell",
        "exclusion",
        "provider",
        "unit_of_work",
        "webhooks",
    }
)
"""What an adapter of somebody else's may stand behind, as `CREWKIT_GIT_ADAPTERS` calls it."""


@dataclass(frozen=True, slots=True)
class Adapter:
    """Somebody else's adapter: what it stands behind, and what makes it of the environment."""

    port: str
    make: Callable[[Mapping[str, str]], object]


def adapters(text: str) -> tuple[Adapter, ...]:
    """Read `port=module:factory`, several separated by commas; imports the modules."""
    return tuple(map(_adapter, _items(text)))


def _adapter(item: str) -> Adapter:
    port, _, place = item.partition("=")
    module, _, factory = place.partition(":")
    if port not in PORTS or not module or not factory:
        raise ValueError(f"`{item}` is not port=module:factory with a port among {', '.join(sorted(PORTS))}")
    try:
        made = getattr(import_module(module), factory)
    except (ImportError, AttributeError) as error:
        raise ValueError(f"`{place}` cannot be loaded: {error}") from error
    return Adapter(port, made)


def secret_url(*schemes: str) -> Callable[[str], Secret]:
    """Return a reader of URLs that may hold a password."""

    def read(text: str) -> Secret:
        _check_url(text, schemes)
        return Secret(text)

    return read


def url(*schemes: str) -> Callable[[str], str]:
    """Return a reader of absolute URLs, given back without a final slash."""

    def read(text: str) -> str:
        _check_url(text, schemes)
        if not urlsplit(text).hostname:
            raise ValueError("the URL names no host")
        return text.rstrip("/")

    return read


def collector(text: str) -> str:
    """Read the address of an OpenTelemetry collector, for whoever has the packages that speak with it."""
    address_of_collector = url("https", "http")(text)
    if find_spec("opentelemetry") is None:
        raise ValueError("the extra `otel` is not installed: pip install 'crewkit-git[otel]'")
    return address_of_collector


def origins(text: str) -> tuple[str, ...]:
    """Read web origins (scheme, host, port; nothing after) separated by commas."""
    found = tuple(item.rstrip("/").lower() for item in _items(text))
    for item in found:
        if "*" in item or origin_of(item) != item:
            raise ValueError(f"`{item}` is no origin")
    return found


def hosts(text: str) -> tuple[str, ...]:
    """Read host names separated by commas, each once."""
    found = tuple(dict.fromkeys(item.lower() for item in _items(text)))
    for item in found:
        if not _HOST.fullmatch(item):
            raise ValueError(f"`{item}` is no host name")
    return found


def origin_of(address_of_page: str) -> str:
    """Return the origin of a URL as browsers send it: lower case, default port left out."""
    parts = urlsplit(address_of_page)
    default = {"http": 80, "https": 443}.get(parts.scheme)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{parts.scheme}://{host}" + ("" if parts.port in (None, default) else f":{parts.port}")


def encryption_keys(text: str) -> tuple[tuple[str, Secret], ...]:
    """Read `id:base64` pairs separated by commas, newest first; each key is 32 bytes."""
    keys = [item.partition(":") for item in _items(text)]
    for position, (key_id, colon, key) in enumerate(keys, start=1):
        # Without a colon this is no id but most likely the key, which no message may repeat.
        if not colon or not KEY_ID.fullmatch(key_id):
            raise ValueError(f"key {position} has no id of letters, digits, `_` and `-`")
        try:
            size = len(base64.b64decode(key, validate=True))
        except (binascii.Error, ValueError):
            raise ValueError(f"the key `{key_id}` is not base64") from None
        if size != KEY_BYTES:
            raise ValueError(f"the key `{key_id}` has {size} bytes instead of {KEY_BYTES}")
    if len({key_id for key_id, _, _ in keys}) != len(keys):
        raise ValueError("two keys have the same id, which stands before the colon")
    return tuple((key_id, Secret(key)) for key_id, _, key in keys)


def public_key(text: str) -> str:
    """Read a PEM public key, given as text (newlines may be escaped) or as the path of a file."""
    pem = text if text.startswith("-----BEGIN") else _file(text)
    pem = pem.replace("\\n", "\n").strip() + "\n"
    if "PRIVATE KEY-----" in pem:
        raise ValueError("this is a private key, which nothing here needs")
    if not pem.startswith("-----BEGIN PUBLIC KEY-----"):
        raise ValueError("this is no PEM public key")
    return pem


def private_key(text: str) -> Secret:
    """Read a PEM private key, given as text (newlines may be escaped) or as the path of a file.

    A file of variables has quotes around it, which `docker run --env-file` leaves there.
    """
    text = text.strip("'\"")
    pem = text if text.startswith("-----BEGIN") else _file(text)
    pem = pem.replace("\\n", "\n").strip() + "\n"
    if not _PRIVATE_KEY.match(pem):
        raise ValueError("this is no PEM private key")
    return Secret(pem)


def certificates(text: str) -> str:
    """Read PEM certificates, given as text (newlines may be escaped) or as the path of a file."""
    pem = text if text.startswith("-----BEGIN") else _file(text)
    pem = pem.replace("\\n", "\n").strip() + "\n"
    if not pem.startswith("-----BEGIN CERTIFICATE-----"):
        raise ValueError("this is no PEM certificate")
    return pem


def cookie_name(text: str) -> str:
    """Read the name of a cookie: https://www.rfc-editor.org/rfc/rfc6265#section-4.1.1."""
    if not re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", text):
        raise ValueError(f"`{text}` is no cookie name")
    return text


def log_level(text: str) -> str:
    """Read one of logging's levels, in any case."""
    if text.upper() not in logging.getLevelNamesMapping():
        raise ValueError(f"`{text}` is no log level")
    return text.upper()


def whole_number(low: int, high: int) -> Callable[[str], int]:
    """Return a reader of whole numbers within these bounds."""

    def read(text: str) -> int:
        if not text.isdecimal() or not low <= int(text) <= high:
            raise ValueError(f"`{text}` is no whole number from {low} to {high}")
        return int(text)

    return read


def days(low: int) -> Callable[[str], timedelta | None]:
    """Return a reader of a number of days, at least so many; 0 is for ever."""
    read_number = whole_number(0, 36_500)

    def read(text: str) -> timedelta | None:
        number = read_number(text)
        if 0 < number < low:
            raise ValueError(f"{number} days are fewer than {low}")
        return timedelta(days=number) if number else None

    return read


def text(value: str) -> str:
    """Read the value as it is."""
    return value


def _items(text: str) -> list[str]:
    items = [item.strip() for item in text.split(",") if item.strip()]
    if text and not items:
        raise ValueError("it holds nothing but commas")
    return items


def _check_url(text: str, schemes: tuple[str, ...]) -> None:
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        raise ValueError("this is no URL") from None
    if parts.scheme not in schemes:
        raise ValueError(f"the URL does not begin with {' or '.join(f'{scheme}://' for scheme in schemes)}")
    if parts.scheme.startswith("postgres"):
        _check_libpq(text)


def _check_libpq(text: str) -> None:
    """Let PostgreSQL's own library read the URL, whose complaint later would quote the password."""
    from psycopg.conninfo import conninfo_to_dict  # noqa: PLC0415 - heavy, and few commands have such a URL

    try:
        conninfo_to_dict(text)
    except Exception:  # noqa: BLE001 - whatever it says may hold the password
        raise ValueError(
            "PostgreSQL's library cannot read it; percent-encode special characters of the password"
        ) from None


def _file(path: str) -> str:
    try:
        return Path(path).expanduser().read_text("ascii")
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "not text"
        raise ValueError(f"this is neither PEM nor a readable file ({why})") from None
