"""How calls leave this machine: directly or through a company's proxy, and whose certificates are trusted."""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from pathlib import Path
from urllib.parse import urlsplit

from core.domain.secret import Secret, redact_url

_HTTPS_PORT = 443


@dataclass(frozen=True, slots=True)
class Outgoing:
    """The route of outgoing calls. The proxy is only for https: plain http stays in the own network."""

    proxy: Secret | None = None
    no_proxy: Sequence[str] = ()
    ca_bundle: Path | None = None

    def proxy_for(self, url: str) -> str | None:
        """Return the URL of the proxy for a call, or None if it is direct. Loopback is always direct."""
        parts = urlsplit(url)
        host = (parts.hostname or "").rstrip(".")
        if self.proxy is None or parts.scheme != "https" or is_loopback(host):
            return None
        port = parts.port or _HTTPS_PORT
        return None if any(_matches(entry, host, port) for entry in self.no_proxy) else self.proxy.reveal()

    @property
    def description(self) -> str:
        """The route in words, without the proxy's password."""
        trusted = str(self.ca_bundle) if self.ca_bundle else "public certificate authorities"
        trust = f"Trusted certificates: {trusted}."
        if self.proxy is None:
            return f"No proxy is used. {trust}"
        direct = ", ".join(("loopback addresses", "http:// URLs", *self.no_proxy))
        return f"HTTPS calls use the proxy {redact_url(self.proxy.reveal())}, except: {direct}. {trust}"


def _matches(entry: str, host: str, port: int) -> bool:
    """Return whether an entry is about a host: a name with its subdomains, an address or a network."""
    if entry == "*":
        return True
    try:
        return ip_address(host) in ip_network(entry.strip("[]"), strict=False)
    except ValueError:
        pass  # one of them is a name
    name, colon, only_port = entry.rpartition(":")
    if colon and only_port.isdecimal() and ":" not in name.strip("[]"):
        if int(only_port) != port:
            return False
        entry = name
    name = entry.lower().lstrip("*").strip(".")
    return host == name or host.endswith(f".{name}")


def is_loopback(host: str | None) -> bool:
    """Return whether a host is this machine: `localhost`, 127.0.0.0/8 or ::1.

    Other names that resolve to this machine do not count: their addresses can change.
    """
    if host is None:
        return False
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"
