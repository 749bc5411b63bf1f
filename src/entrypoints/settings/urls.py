"""Parsers of URLs, hosts and origins, and of what concerns outgoing calls."""

import re
import ssl
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

from core.domain.secret import Secret
from entrypoints.settings.problem import ValueRefused
from entrypoints.settings.text import split_list

_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")


def url_parser(*schemes: str) -> Callable[[str], str]:
    """Return a parser of absolute URLs, which it returns without a final slash."""

    def read(text: str) -> str:
        _check_url(text, schemes)
        if not urlsplit(text).hostname:
            raise ValueError("the URL has no host")
        return text.rstrip("/")

    return read


def secret_url_parser(*schemes: str) -> Callable[[str], Secret]:
    """Return a parser of URLs that may contain a password."""

    def read(text: str) -> Secret:
        _check_url(text, schemes)
        return Secret(text)

    return read


def parse_redis_url(text: str) -> Secret:
    """Parse the URL of one Redis."""
    scheme, _, rest = text.partition("://")
    for word, name in (("sentinel", "Redis Sentinel"), ("cluster", "Redis in cluster mode")):
        if word in scheme:
            raise ValueRefused(
                f"{name} is not supported", "Set it to redis://host:6379/0 of a single Redis, the primary"
            )
    if "," in rest.partition("/")[0].rpartition("@")[2]:
        raise ValueRefused("the URL has several hosts", "Set it to redis://host:6379/0 of a single Redis, the primary")
    return secret_url_parser("redis", "rediss", "unix")(text)


def parse_proxy(text: str) -> Secret:
    """Parse the URL of an HTTP proxy; without a scheme it is http, as in curl."""
    proxy_url = text if "://" in text else f"http://{text}"
    if proxy_url.startswith("socks"):
        raise ValueRefused(
            "SOCKS proxies are not supported", "Set it to the URL of an HTTP proxy: http://proxy.example:3128"
        )
    url_parser("http", "https")(proxy_url)
    return Secret(proxy_url)


def parse_no_proxy(text: str) -> tuple[str, ...]:
    """Parse the hosts that are called without a proxy: names, addresses or networks, with or without a port."""
    return tuple(item for part in split_list(text) for item in part.split())


def parse_ca_bundle(text: str) -> Path:
    """Parse the path of a PEM file with certificates of authorities."""
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


def parse_collector(text: str) -> str:
    """Parse the URL of an OpenTelemetry collector; the packages for it must be installed."""
    collector_url = url_parser("https", "http")(text)
    if find_spec("opentelemetry") is None:
        raise ValueRefused(
            "sending traces needs the extra `otel`, which is not installed",
            "Install it with pip install 'crewkit-git[otel]', or remove the setting",
        )
    return collector_url


def parse_origins(text: str) -> tuple[str, ...]:
    """Parse web origins (scheme, host, port; nothing after) separated by commas."""
    result = tuple(item.rstrip("/").lower() for item in split_list(text))
    for item in result:
        if "*" in item or origin_of(item) != item:
            raise ValueError(f"`{item}` is not a web origin")
    return result


def parse_hosts(text: str) -> tuple[str, ...]:
    """Parse host names separated by commas, each once."""
    result = tuple(dict.fromkeys(item.lower() for item in split_list(text)))
    for item in result:
        if not _HOST.fullmatch(item):
            raise ValueError(f"`{item}` is not a host name")
    return result


def origin_of(page_url: str) -> str:
    """Return the origin of a URL as browsers send it: lower case, default port left out."""
    parts = urlsplit(page_url)
    default = {"http": 80, "https": 443}.get(parts.scheme)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{parts.scheme}://{host}" + ("" if parts.port in (None, default) else f":{parts.port}")


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
    """Parse the URL with PostgreSQL's library now. A later error of the library would contain the password."""
    from psycopg.conninfo import conninfo_to_dict  # noqa: PLC0415 - heavy, and few commands have such a URL

    try:
        conninfo_to_dict(text)
    except Exception:  # noqa: BLE001 - the message may contain the password
        raise ValueError("this is not a valid libpq URL; percent-encode special characters in the password") from None
