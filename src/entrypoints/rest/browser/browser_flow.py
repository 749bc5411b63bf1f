"""What installing, connecting and managing share: the session, cookies, and redirects to the provider."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from urllib.parse import quote, unquote
from uuid import UUID

import msgspec
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from core.domain.actors import Actor, TokenRefused
from core.domain.flows.flow import LIFETIME, to_local_path
from core.domain.organizations import UserNotFound
from core.use_cases.flows.user_authorization import StartedFlow
from entrypoints.rest.browser.pages import Pages
from entrypoints.rest.http.authentication import Authentication
from entrypoints.rest.http.responses import Json

_NAME = "crewkit_git_flow_"
_RETURN_PATH = "crewkit_git_place"
_COOKIE_LIFETIME = timedelta(hours=1)
# Browsers accept a cookie with this prefix only from this host and over HTTPS:
# https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/Set-Cookie#cookie_prefixes
_HOST_PREFIX = "__Host-"


@dataclass(frozen=True, slots=True)
class FlowCookies:
    """The cookies that bind flows to their browser. Each flow has one, so that flows in two tabs work.

    The browser sends them when the provider redirects it back, which is a navigation, but not with forms that
    another site posts (SameSite=Lax).
    """

    is_encrypted: bool

    def set_flow(self, response: Response, flow_id: UUID, cookie: str, expires_at: datetime) -> None:
        """Set a flow's cookie for longer than the flow lives.

        So a user who returns too late sees `flow_expired` and not the error for another browser.
        """
        response.set_cookie(
            self._name(flow_id),
            cookie,
            # Browsers prefer it to `expires`: their clocks can be wrong by more than the lifetime of a flow.
            max_age=int(_COOKIE_LIFETIME.total_seconds()),
            expires=expires_at - LIFETIME + _COOKIE_LIFETIME,
            path="/",
            httponly=True,
            secure=self.is_encrypted,
            samesite="lax",
        )

    def flow_ids(self, request: Request) -> Sequence[UUID]:
        """Return the ids of the flows for which the browser sent a cookie. The ids are not verified."""
        prefix = self._prefix(_NAME)
        flow_ids = []
        for name in request.cookies:
            with suppress(ValueError):
                if name.startswith(prefix):
                    flow_ids.append(UUID(hex=name.removeprefix(prefix)))
        return flow_ids

    def reader(self, request: Request) -> Callable[[UUID], str | None]:
        """Return a function that returns the cookie of a flow by its id."""
        return lambda flow_id: request.cookies.get(self._name(flow_id))

    def set_return_path(self, response: Response, return_to: str) -> None:
        """Remember the path to return to from the settings at the provider, which have no `state`."""
        response.set_cookie(
            self._prefix(_RETURN_PATH),
            quote(return_to),
            max_age=int(LIFETIME.total_seconds()),
            path="/",
            httponly=True,
            secure=self.is_encrypted,
            samesite="lax",
        )

    def find_return_path(self, request: Request) -> str | None:
        """Return the path to return to. A value that is not a path of this service is replaced by `/`."""
        quoted = request.cookies.get(self._prefix(_RETURN_PATH))
        return to_local_path(unquote(quoted)) if quoted else None

    def delete_return_path(self, response: Response) -> None:
        """Delete the path to return to."""
        response.delete_cookie(
            self._prefix(_RETURN_PATH), path="/", httponly=True, secure=self.is_encrypted, samesite="lax"
        )

    def _name(self, flow_id: UUID) -> str:
        return self._prefix(f"{_NAME}{flow_id.hex}")

    def _prefix(self, name: str) -> str:
        return f"{_HOST_PREFIX}{name}" if self.is_encrypted else name


class Redirect(msgspec.Struct):
    """The URL to send the browser to. At the start of a flow, the response also sets the flow's cookie."""

    redirect_url: str


@dataclass(frozen=True, slots=True)
class BrowserFlow:
    """Start and continue browser flows.

    `is_json` is true if the response is for a program, which opens the URL itself. Installing uses `takes_json`,
    connecting uses `prefers_page`: they differ for a request without `Accept`.
    """

    authentication: Authentication
    cookies: FlowCookies
    pages: Pages

    def needs_confirmation(self, request: Request, *, is_json: bool) -> bool:
        """Return whether the user must confirm the request, because another site may have sent the browser.

        Raises `OriginNotAllowed` for a script of another site.
        """
        if is_json:
            self.authentication.require_own_script(request)
            return False
        return not self.authentication.is_from_own_page(request)

    def start(self, request: Request, flow: StartedFlow, *, is_json: bool) -> Response:
        """Return the redirect to the provider, with the cookie that binds the flow to this browser."""
        response = redirect(request, flow.url, is_json=is_json)
        self.cookies.set_flow(response, flow.flow_id, flow.cookie, flow.expires_at)
        return response

    async def find_session(self, request: Request) -> Actor | None:
        """Return the actor of the browser's session, or None without a valid session."""
        with suppress(TokenRefused, UserNotFound):
            return await self.authentication(request)
        return None


def redirect(request: Request, url: str, *, is_json: bool = False) -> Response:
    """Return a redirect after which the browser opens the URL with GET, or the URL as JSON."""
    if is_json:
        return Json(Redirect(url))
    status = HTTPStatus.SEE_OTHER if request.method == "POST" else HTTPStatus.FOUND
    return RedirectResponse(url, status.value)
