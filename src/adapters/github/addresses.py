"""Where GitHub's API and pages are, and the paths we build from values that others chose."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Self
from urllib.parse import quote, urljoin, urlsplit, urlunsplit

# GitHub Enterprise Server keeps its API under this path and app pages under another name:
# https://docs.github.com/enterprise-server/rest/using-the-rest-api/getting-started-with-the-rest-api
_SERVER_API = "/api/v3"

_PUBLIC_HOST = "github.com"
# Of GitHub Enterprise Cloud where the data stays in a region.
_RESIDENT = ".ghe.com"
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})

_NUMBER = re.compile(r"[1-9][0-9]{0,18}")

# https://git-scm.com/docs/git-check-ref-format, for a name and for the beginning of one alike. What is
# refused here names no branch, and could otherwise walk to another path: `../../user`.
_NO_BRANCH = re.compile(r"(^|/)\.|\.\.|//|^/|@\{|[\x00-\x20\x7f~^:?*\[\\]")


@dataclass(frozen=True, slots=True)
class GitHubUrls:
    """The base URLs of one GitHub; everything else about a GitHub Enterprise Server is the same."""

    api: str = "https://api.github.com"
    web: str = "https://github.com"

    @classmethod
    def at(cls, web: str) -> Self:
        """Return the addresses of the GitHub whose pages are here: github.com, ghe.com or a server.

        https://docs.github.com/enterprise-cloud@latest/admin/data-residency/network-details-for-ghecom
        """
        web = web.rstrip("/")
        host = urlsplit(web).netloc
        if host == _PUBLIC_HOST:
            return cls(web=web)
        return cls(f"https://api.{host}" if host.endswith(_RESIDENT) else web + _SERVER_API, web)

    @property
    def noreply_host(self) -> str:
        """Where the addresses are that this GitHub makes of its accounts' numbers."""
        host = urlsplit(self.web).hostname or ""
        return f"users.noreply.{_PUBLIC_HOST if is_loopback(self.web) else host}"

    @property
    def is_server(self) -> bool:
        """Whether this is a GitHub Enterprise Server."""
        return urlsplit(self.api).path.rstrip("/") == _SERVER_API

    def api_url(self, path: str) -> str:
        """Return the URL of an API path that begins with a slash."""
        return self.api.rstrip("/") + path

    def resolve_link(self, link: str, requested: str) -> str | None:
        """Return the URL of a link in an answer at the configured host, or None if the link is malformed.

        A proxy or an Enterprise Server may write another host, scheme or prefix into links; a token is sent
        to the configured host alone. `requested` is the URL that was answered.
        """
        own, asked = urlsplit(self.api), urlsplit(requested)
        try:
            found = urlsplit(urljoin(requested, link))
        except ValueError:
            return None
        if not found.path.startswith("/"):
            return None
        prefix = own.path.rstrip("/")
        path = asked.path if found.path.endswith(asked.path.removeprefix(prefix)) else found.path
        if not path.startswith(f"{prefix}/"):
            path = prefix + path
        return urlunsplit((own.scheme, own.netloc, path, found.query, ""))

    def page_url(self, path: str) -> str:
        """Return the URL of a page for browsers; the path begins with a slash."""
        return self.web.rstrip("/") + path

    def app_page(self, slug: str) -> str:
        """Return the page of an app."""
        return self.page_url(f"/{'github-apps' if self.is_server else 'apps'}/{quote(slug, safe='')}")

    def app_settings(self, slug: str, organization: str | None) -> str:
        """Return where an app's owner changes it: an organization's, or a person's own."""
        owner = f"/organizations/{quote(organization, safe='')}" if organization else ""
        return self.page_url(f"{owner}/settings/apps/{quote(slug, safe='')}")

    def installation_page(self, number: str, organization: str | None) -> str:
        """Return where an installation is managed: an organization's, or a person's own.

        As the API tells in `html_url`:
        https://docs.github.com/rest/apps/apps#get-an-installation-for-the-authenticated-app
        """
        owner = f"/organizations/{quote_segment(organization)}" if organization else ""
        return self.page_url(f"{owner}/settings/installations/{quote_segment(number)}")

    def enterprise_installation_page(self, number: str, slug: str) -> str:
        """Return where an enterprise's installation is managed."""
        return self.page_url(f"/enterprises/{quote_segment(slug)}/settings/installations/{quote_segment(number)}")

    def is_page(self, url: str) -> bool:
        """Tell whether a URL is one of this GitHub's pages."""
        return url.startswith(self.page_url("/"))


def is_loopback(url: str) -> bool:
    """Tell whether a URL is on this machine, as only the sandbox's are."""
    return urlsplit(url).hostname in _LOOPBACK


def is_numeric_id(text: str) -> bool:
    """Tell whether a text is one of GitHub's numeric ids and can stand in a path."""
    return _NUMBER.fullmatch(text) is not None


def can_be_branch(text: str) -> bool:
    """Tell whether git allows a branch of this name, or one that begins with it."""
    return _NO_BRANCH.search(text) is None


@lru_cache(maxsize=1024)
def quote_segment(text: str) -> str:
    """Return a text as one part of a path; a slash in a branch's name must not split it.

    https://docs.github.com/rest/using-the-rest-api/troubleshooting-the-rest-api
    """
    return quote(text, safe="")


def is_same_origin(one: str, other: str) -> bool:
    """Tell whether two URLs are of one scheme, host and port, so that a token may go to both."""
    return _parse_origin(one) == _parse_origin(other)


def _parse_origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        return "", None, None
    return parts.scheme, parts.hostname, port or {"http": 80, "https": 443}.get(parts.scheme)
