"""URLs of GitHub's API and pages, and checks of values that become part of a path."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Self
from urllib.parse import quote, urljoin, urlsplit, urlunsplit

# GitHub Enterprise Server has its API under this path, and another path for app pages:
# https://docs.github.com/enterprise-server/rest/using-the-rest-api/getting-started-with-the-rest-api
_SERVER_API = "/api/v3"

_PUBLIC_HOST = "github.com"
# GitHub Enterprise Cloud with data residency.
_RESIDENT = ".ghe.com"
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})

_NUMBER = re.compile(r"[1-9][0-9]{0,18}")

# https://git-scm.com/docs/git-check-ref-format, for a branch name or a prefix. Other texts could lead to another
# path, such as `../../user`.
_NO_BRANCH = re.compile(r"(^|/)\.|\.\.|//|^/|@\{|[\x00-\x20\x7f~^:?*\[\\]")


@dataclass(frozen=True, slots=True)
class GitHubUrls:
    """The base URLs of one GitHub: github.com, GHE.com or a GitHub Enterprise Server."""

    api: str = "https://api.github.com"
    web: str = "https://github.com"

    @classmethod
    def from_web_url(cls, web: str) -> Self:
        """Return the URLs of the GitHub with this base URL of pages.

        https://docs.github.com/enterprise-cloud@latest/admin/data-residency/network-details-for-ghecom
        """
        web = web.rstrip("/")
        host = urlsplit(web).netloc
        if host == _PUBLIC_HOST:
            return cls(web=web)
        return cls(f"https://api.{host}" if host.endswith(_RESIDENT) else web + _SERVER_API, web)

    @property
    def noreply_host(self) -> str:
        """The host of this GitHub's noreply email addresses."""
        host = urlsplit(self.web).hostname or ""
        return f"users.noreply.{_PUBLIC_HOST if is_loopback(self.web) else host}"

    @property
    def is_server(self) -> bool:
        """Whether this is a GitHub Enterprise Server."""
        return urlsplit(self.api).path.rstrip("/") == _SERVER_API

    def api_url(self, path: str) -> str:
        """Return the URL of an API path that begins with a slash."""
        return self.api.rstrip("/") + path

    def build_avatar_url(self, account_id: str) -> str:
        """Return the picture of an account."""
        if self.web == f"https://{_PUBLIC_HOST}":
            return f"https://avatars.githubusercontent.com/u/{quote(account_id, safe='')}?v=4"
        return f"{self.web}/avatars/u/{quote(account_id, safe='')}"

    def build_profile_url(self, login: str) -> str:
        """Return the page of an account. The account of an app has a login such as `dependabot[bot]`."""
        name = login.removesuffix("[bot]")
        return f"{self.web}/{'' if name == login else 'apps/'}{quote(name, safe='')}"

    def resolve_link(self, link: str, requested: str) -> str | None:
        """Return the URL of a link at the configured host, or None if the link is malformed.

        A proxy or an Enterprise Server may write another host, scheme or prefix into links, but a token is sent
        only to the configured host. `requested` is the URL of the response.
        """
        base, request = urlsplit(self.api), urlsplit(requested)
        try:
            target = urlsplit(urljoin(requested, link))
        except ValueError:
            return None
        if not target.path.startswith("/"):
            return None
        prefix = base.path.rstrip("/")
        path = request.path if target.path.endswith(request.path.removeprefix(prefix)) else target.path
        if not path.startswith(f"{prefix}/"):
            path = prefix + path
        return urlunsplit((base.scheme, base.netloc, path, target.query, ""))

    def page_url(self, path: str) -> str:
        """Return the URL of a page for browsers; the path begins with a slash."""
        return self.web.rstrip("/") + path

    def app_page(self, slug: str) -> str:
        """Return the page of an app."""
        return self.page_url(f"/{'github-apps' if self.is_server else 'apps'}/{quote(slug, safe='')}")

    def app_settings(self, slug: str, organization: str | None) -> str:
        """Return the settings page of an app of an organization or a person."""
        owner = f"/organizations/{quote(organization, safe='')}" if organization else ""
        return self.page_url(f"{owner}/settings/apps/{quote(slug, safe='')}")

    def installation_page(self, number: str, organization: str | None) -> str:
        """Return the settings page of an installation, equal to `html_url` in the API.

        https://docs.github.com/rest/apps/apps#get-an-installation-for-the-authenticated-app
        """
        owner = f"/organizations/{quote_segment(organization)}" if organization else ""
        return self.page_url(f"{owner}/settings/installations/{quote_segment(number)}")

    def enterprise_installation_page(self, number: str, slug: str) -> str:
        """Return the settings page of an enterprise's installation."""
        return self.page_url(f"/enterprises/{quote_segment(slug)}/settings/installations/{quote_segment(number)}")

    def is_page(self, url: str) -> bool:
        """Return whether a URL is a page of this GitHub."""
        return url.startswith(self.page_url("/"))


def is_loopback(url: str) -> bool:
    """Return whether a URL is on this machine, as only the sandbox's URLs are."""
    return urlsplit(url).hostname in _LOOPBACK


def is_numeric_id(text: str) -> bool:
    """Return whether a text is a numeric id of GitHub, which is safe in a path."""
    return _NUMBER.fullmatch(text) is not None


def can_be_branch(text: str) -> bool:
    """Return whether a branch name can be, or start with, this text."""
    return _NO_BRANCH.search(text) is None


@lru_cache(maxsize=1024)
def quote_segment(text: str) -> str:
    """Return a text as one segment of a path, with slashes encoded.

    https://docs.github.com/rest/using-the-rest-api/troubleshooting-the-rest-api
    """
    return quote(text, safe="")


def is_same_origin(url: str, other: str) -> bool:
    """Return whether two URLs have the same scheme, host and port, so that a token may be sent to both."""
    return _parse_origin(url) == _parse_origin(other)


def _parse_origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        return "", None, None
    return parts.scheme, parts.hostname, port or {"http": 80, "https": 443}.get(parts.scheme)


# A host without credentials, then a path, query or fragment without blanks, controls or quotes. Browsers drop
# tabs and line breaks and read a backslash as a slash, so none of these may pass.
# https://url.spec.whatwg.org/#url-parsing
_WEB_URL = re.compile(r"https?://[a-z0-9\[][a-z0-9.:\]_-]*(?:[/?#][^\s\x00-\x20\x7f-\x9f\\\"<>`]*)?", re.IGNORECASE)


def parse_web_url(text: str | None) -> str | None:
    """Return a URL that is safe in a link, or None for other schemes, credentials or unsafe characters."""
    return text if text and _WEB_URL.fullmatch(text) else None
