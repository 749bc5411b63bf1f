"""How the text of one environment variable becomes a value.

Each reader raises `ValueError` saying what is wrong, without repeating a value that may be secret.
"""

import base64
import binascii
import logging
import re
import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

from core.domain.secret import Secret
from entrypoints.settings.problem import ValueRefused
from entrypoints.settings.secret_strength import find_weakness
from entrypoints.settings.text import unquote

KEY_BYTES = 32  # AES-256
MIN_SECRET_BYTES = 16
# 16 random hexadecimal digits have fewer than 5 different digits less than once in a million cases. 32 random
# bytes practically never have fewer than 8 different values.
_MIN_DISTINCT_OF_SECRET = 5
_MIN_DISTINCT_OF_KEY = 8
_STRONGER = "Generate a secret with `openssl rand -hex 32` and enter it on the GitHub App's page too"
_COMMA_REMEDY = (
    "If a secret contains a comma, write the secrets into a file, one per line, and set "
    "CREWKIT_GIT_GITHUB_WEBHOOK_SECRETS_FILE to its path"
)
_KEY_REMEDY = "Create a key with `crewkit-git keys new`"
_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")
KEY_ID = re.compile(r"[A-Za-z0-9_-]{1,32}")
_HIGHEST_PORT = 65535
_LOOPBACK_OF = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - compared, not listened on


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

    @property
    def for_clients(self) -> "Address":
        """The address for clients on this machine: loopback instead of "all interfaces"."""
        return Address(_LOOPBACK_OF.get(self.host, self.host), self.port)


def environment(text: str) -> Environment:
    """Read `production` or `development`."""
    try:
        return Environment(text)
    except ValueError:
        raise ValueError(f"`{text}` is not an environment") from None


def address(text: str) -> Address:
    """Read `host:port`, an IPv6 host in brackets."""
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or int(port) > _HIGHEST_PORT:
        raise ValueError(f"`{text}` is not a valid address")
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


def webhook_secrets(text: str) -> tuple[Secret, ...]:
    """Read webhook secrets separated by commas, each long enough and not a pattern."""
    return _strong_secrets([unquote(item) for item in text.split(",")]) if text else ()


def webhook_secret_lines(text: str) -> tuple[Secret, ...]:
    """Read webhook secrets from a file, one on each line: there a secret may contain commas."""
    return _strong_secrets([unquote(line) for line in text.splitlines() if line.strip()])


def _strong_secrets(items: Sequence[str]) -> tuple[Secret, ...]:
    for position, item in enumerate(items, start=1):
        which = "the secret" if len(items) == 1 else f"secret {position} of {len(items)}"
        if not item:
            raise ValueRefused(f"{which} is empty (commas separate secrets)", _COMMA_REMEDY)
        if len(item.encode()) < MIN_SECRET_BYTES:
            remedy = _COMMA_REMEDY if len(items) > 1 else _STRONGER
            raise ValueRefused(
                f"{which} has {len(item)} characters, but at least {MIN_SECRET_BYTES} are required", remedy
            )
        if why := find_weakness(item.encode(), min_distinct=_MIN_DISTINCT_OF_SECRET):
            raise ValueRefused(f"{which} {why}", _STRONGER)
    return tuple(map(Secret, items))


PORTS = frozenset(
    {"alerts", "cipher", "delivery_log", "directory", "doorbell", "exclusion", "provider", "unit_of_work", "webhooks"}
)
"""The ports that an adapter of another package may implement, by their names in `CREWKIT_GIT_ADAPTERS`."""
_ADDED = frozenset({"provider", "webhooks"})


@dataclass(frozen=True, slots=True)
class Adapter:
    """An adapter of another package: its port, and the factory that makes it from the environment."""

    port: str
    make: Callable[[Mapping[str, str]], object]
    text: str = ""
    """As the setting has it: `port=module:factory`."""


def adapters(text: str) -> tuple[Adapter, ...]:
    """Read `port=module:factory`, several separated by commas; imports the modules."""
    found = tuple(map(_adapter, _items(text)))
    ports = [adapter.port for adapter in found if adapter.port not in _ADDED]
    for port in ports:
        if ports.count(port) > 1:
            raise ValueError(f"more than one adapter is set for the port {port}")
    return found


def _adapter(item: str) -> Adapter:
    port, _, place = item.partition("=")
    module, _, factory = place.partition(":")
    if port not in PORTS or not module or not factory:
        raise ValueError(
            f"`{item}` is not of the form port=module:factory, where port is one of {', '.join(sorted(PORTS))}"
        )
    try:
        made = getattr(import_module(module), factory)
    except (ImportError, AttributeError) as error:
        raise ValueError(f"`{place}` cannot be imported: {error}") from error
    except (Exception, SystemExit) as error:
        why = " ".join(f"{type(error).__name__}: {error}".split())
        raise ValueError(f"`{module}` cannot be imported: it raised {why}") from error
    if not callable(made):
        raise ValueError(f"`{place}` is not a factory, because it is not callable")  # noqa: TRY004 - of a setting
    return Adapter(port, made, item)


def secret_url(*schemes: str) -> Callable[[str], Secret]:
    """Return a reader of URLs that may hold a password."""

    def read(text: str) -> Secret:
        _check_url(text, schemes)
        return Secret(text)

    return read


def proxy(text: str) -> Secret:
    """Read the URL of an HTTP proxy; without a scheme it is http, as curl has it."""
    address_of_proxy = text if "://" in text else f"http://{text}"
    if address_of_proxy.startswith("socks"):
        raise ValueRefused(
            "SOCKS proxies are not supported", "Set it to the URL of an HTTP proxy: http://proxy.example:3128"
        )
    url("http", "https")(address_of_proxy)
    return Secret(address_of_proxy)


def no_proxy(text: str) -> tuple[str, ...]:
    """Read what is called without a proxy: names, addresses, networks, each perhaps with a port."""
    return tuple(item for part in _items(text) for item in part.split())


def ca_bundle(text: str) -> Path:
    """Read the path of a PEM file with certificates of authorities."""
    if "-----BEGIN" in text:
        raise ValueRefused(
            "this is a certificate, not the path of a file", "Write it to a file and set the file's path"
        )
    path = Path(text.removeprefix("file://")).expanduser()
    try:
        ssl.create_default_context(cafile=path)
    except ssl.SSLError:
        raise ValueError(f"{path} does not contain a PEM certificate") from None
    except OSError as error:
        raise ValueError(f"{path} cannot be read ({error.strerror})") from None
    return path


def redis_url(text: str) -> Secret:
    """Read the URL of one Redis."""
    scheme, _, rest = text.partition("://")
    for word, name in (("sentinel", "Redis Sentinel"), ("cluster", "Redis in cluster mode")):
        if word in scheme:
            raise ValueRefused(
                f"{name} is not supported", "Set it to redis://host:6379/0 of a single Redis, the primary"
            )
    if "," in rest.partition("/")[0].rpartition("@")[2]:
        raise ValueRefused("the URL has several hosts", "Set it to redis://host:6379/0 of a single Redis, the primary")
    return secret_url("redis", "rediss", "unix")(text)


def url(*schemes: str) -> Callable[[str], str]:
    """Return a reader of absolute URLs, given back without a final slash."""

    def read(text: str) -> str:
        _check_url(text, schemes)
        if not urlsplit(text).hostname:
            raise ValueError("the URL has no host")
        return text.rstrip("/")

    return read


def collector(text: str) -> str:
    """Read the URL of an OpenTelemetry collector; the packages for it must be installed."""
    address_of_collector = url("https", "http")(text)
    if find_spec("opentelemetry") is None:
        raise ValueRefused(
            "sending traces needs the extra `otel`, which is not installed",
            "Install it with pip install 'crewkit-git[otel]', or remove the setting",
        )
    return address_of_collector


def origins(text: str) -> tuple[str, ...]:
    """Read web origins (scheme, host, port; nothing after) separated by commas."""
    found = tuple(item.rstrip("/").lower() for item in _items(text))
    for item in found:
        if "*" in item or origin_of(item) != item:
            raise ValueError(f"`{item}` is not a web origin")
    return found


def hosts(text: str) -> tuple[str, ...]:
    """Read host names separated by commas, each once."""
    found = tuple(dict.fromkeys(item.lower() for item in _items(text)))
    for item in found:
        if not _HOST.fullmatch(item):
            raise ValueError(f"`{item}` is not a host name")
    return found


def origin_of(address_of_page: str) -> str:
    """Return the origin of a URL as browsers send it: lower case, default port left out."""
    parts = urlsplit(address_of_page)
    default = {"http": 80, "https": 443}.get(parts.scheme)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{parts.scheme}://{host}" + ("" if parts.port in (None, default) else f":{parts.port}")


def encryption_keys(text: str) -> tuple[tuple[str, Secret], ...]:
    """Read `id:base64` pairs separated by commas, newest first; each key is 32 random bytes."""
    keys = [item.partition(":") for item in _items(text)]
    for position, (key_id, colon, key) in enumerate(keys, start=1):
        # Without a colon this is no id but most likely the key, which no message may repeat.
        if not colon or not KEY_ID.fullmatch(key_id):
            raise ValueRefused(
                f"key {position} has no id, or its id has other characters than letters, digits, `_` and `-`",
                "Write each key as id:base64. Create a key with `crewkit-git keys new`",
            )
        try:
            content = base64.b64decode(key, validate=True)
        except (binascii.Error, ValueError):
            raise ValueError(f"the key `{key_id}` is not base64") from None
        if len(content) != KEY_BYTES:
            raise ValueError(f"the key `{key_id}` has {len(content)} bytes, but {KEY_BYTES} are required")
        if why := find_weakness(content, min_distinct=_MIN_DISTINCT_OF_KEY):
            raise ValueRefused(f"the key `{key_id}` {why}", _KEY_REMEDY)
    if len({key_id for key_id, _, _ in keys}) != len(keys):
        raise ValueRefused(
            "two keys have the same id (the part before the colon)", "Remove one of them, or change its id"
        )
    return tuple((key_id, Secret(key)) for key_id, _, key in keys)


def cookie_name(text: str) -> str:
    """Read the name of a cookie: https://www.rfc-editor.org/rfc/rfc6265#section-4.1.1."""
    if not re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", text):
        raise ValueError(f"`{text}` is not a cookie name")
    return text


def log_level(text: str) -> str:
    """Read one of logging's levels, in any case."""
    if text.upper() not in logging.getLevelNamesMapping():
        raise ValueError(f"`{text}` is not a log level")
    return text.upper()


def whole_number(low: int, high: int) -> Callable[[str], int]:
    """Return a reader of whole numbers within these bounds."""

    def read(text: str) -> int:
        if not text.isdecimal() or not low <= int(text) <= high:
            raise ValueError(f"`{text}` is not a whole number from {low} to {high}")
        return int(text)

    return read


def days(low: int) -> Callable[[str], timedelta | None]:
    """Return a reader of a number of days, at least so many; 0 is for ever."""
    read_number = whole_number(0, 36_500)

    def read(text: str) -> timedelta | None:
        number = read_number(text)
        if 0 < number < low:
            raise ValueError(f"{number} days are fewer than the minimum of {low}")
        return timedelta(days=number) if number else None

    return read


def text(value: str) -> str:
    """Read the value as it is."""
    return value


def _items(text: str) -> list[str]:
    """Return the parts of a list, which commas or, in a file, new lines separate."""
    items = [item for part in re.split(r"[,\n]", text) if (item := unquote(part))]
    if text and not items:
        raise ValueError("the list is empty: it contains only commas")
    return items


def _check_url(text: str, schemes: tuple[str, ...]) -> None:
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        raise ValueError("the value is not a valid URL") from None
    if parts.scheme not in schemes:
        raise ValueError(f"the URL does not start with {' or '.join(f'{scheme}://' for scheme in schemes)}")
    if parts.scheme.startswith("postgres"):
        _check_libpq(text)


def _check_libpq(text: str) -> None:
    """Let PostgreSQL's own library read the URL, whose complaint later would quote the password."""
    from psycopg.conninfo import conninfo_to_dict  # noqa: PLC0415 - heavy, and few commands have such a URL

    try:
        conninfo_to_dict(text)
    except Exception:  # noqa: BLE001 - whatever it says may hold the password
        raise ValueError("this is not a valid libpq URL; percent-encode special characters in the password") from None
