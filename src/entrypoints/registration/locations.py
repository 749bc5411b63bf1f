"""Which addresses an app is registered with, and which of them GitHub could never reach."""

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

from entrypoints.bootstrap.github import MAX_NAME_LENGTH, AppRegistrationRequest, is_loopback
from entrypoints.edge.public_urls import WEBHOOKS, callback_urls
from entrypoints.settings.urls import url_parser


class InvalidOption(Exception):
    """An app would not work with this; the message says why and what to give instead."""


@dataclass(frozen=True, slots=True)
class RegistrationUrls:
    """The addresses a person gave; None for what they did not."""

    github_url: str
    local_url: str
    """Where the service listens on this machine."""
    public_url: str | None = None
    webhook_url: str | None = None
    homepage: str = "https://crewkit.io"


def parse_github_url(text: str) -> str:
    """Return the address of a GitHub; secrets come from there, so only this machine's may be without TLS."""
    found = _parse_url(text, "--github-url")
    if urlsplit(found).scheme != "https" and not is_loopback(found):
        raise InvalidOption(f"--github-url {text}: use https://, because GitHub returns secrets.")
    return found


def create_request(name: str, places: RegistrationUrls, *, public: bool) -> AppRegistrationRequest:
    """Return what is asked of GitHub; raises `InvalidOption`."""
    if not name.strip() or len(name) > MAX_NAME_LENGTH:
        raise InvalidOption(f"--name: use 1 to {MAX_NAME_LENGTH} characters, which is GitHub's limit.")
    public_url = _parse_reachable_url(places.public_url, "--public-url", places.github_url)
    webhook_url = _parse_reachable_url(places.webhook_url, "--webhook-url", places.github_url)
    homepage = _parse_url(places.homepage, "--homepage")
    return AppRegistrationRequest(
        name=name.strip(),
        homepage=homepage,
        callback_urls=callback_urls(public_url or places.local_url),
        # One that is off has an address of ours, so that whoever switches it on tells no stranger anything.
        webhook_url=webhook_url or f"{public_url or homepage}{WEBHOOKS}",
        webhook_active=bool(webhook_url or public_url),
        public=public,
    )


def _parse_reachable_url(text: str | None, option: str, github_url: str) -> str | None:
    """Return an address that this GitHub can reach: https://docs.github.com/webhooks/testing-and-troubleshooting-webhooks."""
    if text is None:
        return None
    found = _parse_url(text, option)
    # The sandbox is on this machine, too.
    if not is_loopback(github_url) and _is_private(urlsplit(found).hostname or ""):
        raise InvalidOption(
            f"{option} {text}: GitHub cannot reach this address. Use the URL of a tunnel, or omit the "
            "option to register the app with an inactive webhook."
        )
    if urlsplit(found).scheme != "https" and not is_loopback(found):
        raise InvalidOption(f"{option} {text}: use https://, because private data is sent there.")
    return found


def _parse_url(text: str, option: str) -> str:
    try:
        found = url_parser("http", "https")(text)
    except ValueError as error:
        raise InvalidOption(f"{option} {text}: {error}.") from error
    parts = urlsplit(found)
    if parts.query or parts.fragment or parts.username:
        raise InvalidOption(f"{option} {text}: remove the query, the fragment and the user name from the URL.")
    return found


def _is_private(host: str) -> bool:
    if host == "localhost" or host.endswith((".localhost", ".local", ".internal")):
        return True
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return "." not in host
