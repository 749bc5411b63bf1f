"""The URLs with which an app is registered. GitHub must be able to reach them."""

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

from entrypoints.bootstrap.github import MAX_NAME_LENGTH, AppRegistrationRequest, is_loopback
from entrypoints.edge.public_urls import WEBHOOKS, callback_urls
from entrypoints.settings.urls import url_parser


class InvalidOption(Exception):
    """An app would not work with this option. The message says why and what to use instead."""


@dataclass(frozen=True, slots=True)
class RegistrationUrls:
    """The URLs of the command's options; None for options that were not used."""

    github_url: str
    local_url: str
    """The URL of the service on this machine."""
    public_url: str | None = None
    webhook_url: str | None = None
    homepage: str = "https://crewkit.io"


def parse_github_url(text: str) -> str:
    """Return the URL of a GitHub. It returns secrets, so TLS is required except on this machine."""
    url = _parse_url(text, "--github-url")
    if urlsplit(url).scheme != "https" and not is_loopback(url):
        raise InvalidOption(f"--github-url {text}: use https://, because GitHub returns secrets.")
    return url


def create_request(name: str, urls: RegistrationUrls, *, public: bool) -> AppRegistrationRequest:
    """Return the request to GitHub; raises `InvalidOption`."""
    if not name.strip() or len(name) > MAX_NAME_LENGTH:
        raise InvalidOption(f"--name: use 1 to {MAX_NAME_LENGTH} characters, which is GitHub's limit.")
    public_url = _parse_reachable_url(urls.public_url, "--public-url", urls.github_url)
    webhook_url = _parse_reachable_url(urls.webhook_url, "--webhook-url", urls.github_url)
    homepage = _parse_url(urls.homepage, "--homepage")
    return AppRegistrationRequest(
        name=name.strip(),
        homepage=homepage,
        callback_urls=callback_urls(public_url or urls.local_url),
        # An inactive webhook has a URL of crewkit, so that nothing is sent to another party if it is activated later.
        webhook_url=webhook_url or f"{public_url or homepage}{WEBHOOKS}",
        webhook_active=bool(webhook_url or public_url),
        public=public,
    )


def _parse_reachable_url(text: str | None, option: str, github_url: str) -> str | None:
    """Return a URL that this GitHub can reach: https://docs.github.com/webhooks/testing-and-troubleshooting-webhooks."""
    if text is None:
        return None
    url = _parse_url(text, option)
    # The sandbox is on this machine, too.
    if not is_loopback(github_url) and _is_private(urlsplit(url).hostname or ""):
        raise InvalidOption(
            f"{option} {text}: GitHub cannot reach this address. Use the URL of a tunnel, or omit the "
            "option to register the app with an inactive webhook."
        )
    if urlsplit(url).scheme != "https" and not is_loopback(url):
        raise InvalidOption(f"{option} {text}: use https://, because private data is sent there.")
    return url


def _parse_url(text: str, option: str) -> str:
    try:
        url = url_parser("http", "https")(text)
    except ValueError as error:
        raise InvalidOption(f"{option} {text}: {error}.") from error
    parts = urlsplit(url)
    if parts.query or parts.fragment or parts.username:
        raise InvalidOption(f"{option} {text}: remove the query, the fragment and the user name from the URL.")
    return url


def _is_private(host: str) -> bool:
    if host == "localhost" or host.endswith((".localhost", ".local", ".internal")):
        return True
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return "." not in host
