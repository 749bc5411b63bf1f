from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.requests import Request

from core.domain.actors import Actor, TokenRefused
from core.domain.errors import DomainError, ErrorKind
from core.use_cases.account import Identify
from entrypoints.edge.calls import parse_acting_user, parse_bearer_token
from entrypoints.rest.http.requests import request_id_of
from ports.identity import TokenVerifier

ACTING_USER = "X-Acting-User"
"""The header with the id of the user that a service acts for."""

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class OriginNotAllowed(DomainError):
    """A page of another site sent this request with this browser's session.

    The error also occurs if a request with a session changes data and has no `Origin` header.
    Send the request from a page of this service, or with a bearer token.
    """

    kind = ErrorKind.PERMISSION_DENIED
    code = "origin_not_allowed"

    def __init__(self) -> None:
        super().__init__(
            "The request comes from a page of another site. Send it from a page of this service, or "
            "with a bearer token."
        )


@dataclass(frozen=True, slots=True)
class Authentication:
    """Authenticate the caller by `Authorization: Bearer`, or else by the session cookie.

    A browser sends the cookie with requests of pages of any site, so unsafe methods with a cookie also need an
    allowed `Origin` (https://www.rfc-editor.org/rfc/rfc6454#section-7). A bearer token needs none, because a
    browser does not add it by itself.
    """

    verifier: TokenVerifier
    identify: Identify
    cookie: str
    origins: Collection[str]
    """From the settings. The `Host` of a request cannot be trusted, because the caller chooses it."""

    sign_in_url: str | None = None
    """The sign-in page. A link to this page can contain any URL to continue with."""

    async def __call__(self, request: Request) -> Actor:
        """Return the actor; raises `TokenRefused`, `UserNotFound`, `OriginNotAllowed` or `ActingUserRefused`."""
        headers = request.headers.getlist("authorization")
        token = parse_bearer_token(headers) if headers else self._session_token(request)
        principal = await self.verifier.verify(token)
        acting_user = parse_acting_user(request.headers.getlist(ACTING_USER), name=ACTING_USER)
        actor = await self.identify(principal, acting_user=acting_user, request_id=request_id_of(request.scope))
        request.scope["actor"] = actor.name
        request.scope["token_expires_at"] = principal.expires_at
        return actor

    def require_origin(self, request: Request) -> None:
        """Raise `OriginNotAllowed` unless the request comes from a page with an allowed origin."""
        if request.headers.get("origin", "").lower() not in self.origins:
            raise OriginNotAllowed

    def is_from_own_page(self, request: Request) -> bool:
        """Return whether a page of this service, or a program with a token, sent the request.

        For a browser, to follow a link is a safe method. Here it starts a flow that can finish without another
        click, so a request without proof counts as foreign: a link in an email arrives as `none`, also after a
        redirect of another site. A sign-in page is not a proof, because another site can choose the page that
        follows. https://www.w3.org/TR/fetch-metadata/
        """
        if "authorization" in request.headers:
            return True
        referrer = request.headers.get("referer", "")
        if self.sign_in_url and urlsplit(referrer).path == urlsplit(self.sign_in_url).path:
            return False
        site = request.headers.get("sec-fetch-site")
        if site is not None:
            return site == "same-origin"
        return any(referrer.startswith(f"{origin}/") for origin in self.origins)

    def require_own_script(self, request: Request) -> None:
        """Raise `OriginNotAllowed` if a script on another site sent a request that expects JSON.

        Such a page cannot read the response, but it must not start anything with the user's session either.
        """
        if "authorization" in request.headers:
            return
        if "origin" in request.headers:
            self.require_origin(request)
        elif request.headers.get("sec-fetch-site") in ("cross-site", "same-site"):
            raise OriginNotAllowed

    def _session_token(self, request: Request) -> str:
        token = request.cookies.get(self.cookie)
        if token is None:
            raise TokenRefused("missing")
        if request.method not in SAFE_METHODS:
            self.require_origin(request)
        return token
