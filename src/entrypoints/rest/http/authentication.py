from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.requests import Request

from core.domain.actors import Actor
from core.domain.errors import DomainError, ErrorKind
from core.domain.principals import TokenRefused
from core.use_cases.account import Identify
from entrypoints.edge.credentials import acting_user, bearer_token
from entrypoints.rest.http.request_ids import request_id_of
from ports.authorizer import TokenVerifier

ACTING_USER = "X-Acting-User"
"""The header in which a service names the user it acts for, by id."""

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class OriginRefused(DomainError):
    """A page of another site sent this request with this browser's session.

    The error also occurs if a request with a session changes data and has no `Origin` header.
    Send the request from a page of this service, or with a bearer token.
    """

    kind = ErrorKind.PERMISSION_DENIED
    code = "origin_not_allowed"


@dataclass(frozen=True, slots=True)
class Authentication:
    """Find out who calls: by `Authorization: Bearer`, or else by the session cookie.

    A browser sends the cookie along with whatever any page makes it send, so unsafe methods by cookie also
    need an `Origin` of ours (https://www.rfc-editor.org/rfc/rfc6454#section-7). A bearer token is never
    sent by accident and needs none.
    """

    verifier: TokenVerifier
    identify: Identify
    cookie: str
    origins: Collection[str]
    """Ours, as the settings name them; never what a request's `Host` says, which is the caller's choice."""

    sign_in_url: str | None = None
    """Where people sign in: that page can be opened with any address to continue to."""

    async def __call__(self, request: Request) -> Actor:
        """Return the actor; raises `TokenRefused`, `UserNotFound`, `OriginRefused` or `ActingUserRefused`."""
        headers = request.headers.getlist("authorization")
        token = bearer_token(headers) if headers else self._cookie(request)
        principal = await self.verifier.verify(token)
        user = acting_user(request.headers.getlist(ACTING_USER), name=ACTING_USER)
        actor = await self.identify(principal, acting_user=user, request_id=request_id_of(request.scope))
        request.scope["actor"] = actor.name
        request.scope["token_expires_at"] = principal.expires_at
        return actor

    def check_origin(self, request: Request) -> None:
        """Raise `OriginRefused` unless the request comes from a page of ours."""
        origin = request.headers.get("origin", "").lower()
        if origin not in self.origins:
            raise OriginRefused(
                "The request comes from a page of another site. Send it from a page of this service, or "
                "with a bearer token."
            )

    def is_from_own_page(self, request: Request) -> bool:
        """Return whether a page of this service sent the browser here, or a program did with a token.

        Following a link is a safe method to a browser, but here it starts something that can finish without
        another click. So anything but proof counts as foreign: a link in a mail arrives as `none`, also after
        another site has redirected it. A sign-in page is not proof: another site can choose where it leads.
        https://www.w3.org/TR/fetch-metadata/
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

    def check_reader(self, request: Request) -> None:
        """Raise `OriginRefused` if a script on another site sent a request that expects JSON.

        Such a page cannot read the answer, but it must not start anything with the visitor's session either.
        """
        if "authorization" in request.headers:
            return
        if "origin" in request.headers:
            self.check_origin(request)
        elif request.headers.get("sec-fetch-site") in ("cross-site", "same-site"):
            raise OriginRefused(
                "The request comes from a page of another site. Send it from a page of this service, or "
                "with a bearer token."
            )

    def _cookie(self, request: Request) -> str:
        token = request.cookies.get(self.cookie)
        if token is None:
            raise TokenRefused("missing")
        if request.method not in SAFE_METHODS:
            self.check_origin(request)
        return token
