from collections.abc import Collection
from dataclasses import dataclass

from starlette.requests import Request

from core.domain.actors import Actor
from core.domain.errors import DomainError, ErrorKind
from core.domain.principals import TokenRefused
from core.use_cases.account.identify import Identify
from entrypoints.credentials import acting_user, bearer_token
from entrypoints.rest.request_ids import request_id_of
from ports.tokens import TokenVerifier

ACTING_USER = "X-Acting-User"
"""The header in which a service names the user it acts for, by id."""

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class OriginRefused(DomainError):
    """A page elsewhere would act with this browser's session."""

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
            raise OriginRefused("This page may not act with your session.")

    def is_sent_from_elsewhere(self, request: Request) -> bool:
        """Tell whether a page of another site sent this browser here, with its session cookie.

        Following a link is a safe method to a browser, and changes things all the same where it begins
        something that then goes on by itself. https://www.w3.org/TR/fetch-metadata/
        """
        if "authorization" in request.headers:
            return False
        referrer = request.headers.get("referer")
        if referrer and any(referrer.startswith(f"{origin}/") for origin in self.origins):
            return False
        site = request.headers.get("sec-fetch-site")
        return bool(referrer) if site is None else site == "cross-site"

    def _cookie(self, request: Request) -> str:
        token = request.cookies.get(self.cookie)
        if token is None:
            raise TokenRefused("missing")
        if request.method not in SAFE_METHODS:
            self.check_origin(request)
        return token
