"""What installing, connecting and managing share: the session, cookies, and redirects to the provider."""

from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus

import msgspec
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from core.domain.actors import Actor
from core.domain.organizations import UserNotFound
from core.domain.principals import TokenRefused
from core.use_cases.flows.user_authorization import StartedFlow
from entrypoints.rest.browser.flow_cookies import FlowCookies
from entrypoints.rest.browser.pages import Pages
from entrypoints.rest.http.authentication import Authentication
from entrypoints.rest.http.json_response import Json


class Redirection(msgspec.Struct):
    """The URL to send the browser to. The response also sets a cookie that the next step needs."""

    redirect_url: str


@dataclass(frozen=True, slots=True)
class BrowserFlow:
    """Start and continue browser flows.

    `is_json` says whether the response is for a program, which opens the URL itself. Installing decides this
    by `takes_json`, connecting by `prefers_page`: the two differ for a request without `Accept`.
    """

    authentication: Authentication
    cookies: FlowCookies
    pages: Pages

    def needs_confirmation(self, request: Request, *, is_json: bool) -> bool:
        """Return whether the user must confirm the request, because another site may have sent the browser.

        Raises `OriginRefused` for a script of another site.
        """
        if is_json:
            self.authentication.check_reader(request)
            return False
        return not self.authentication.is_from_own_page(request)

    def start(self, request: Request, flow: StartedFlow, *, is_json: bool) -> Response:
        """Return the redirect to the provider, with the cookie that binds the flow to this browser."""
        response = self.redirect(request, flow.url, is_json=is_json)
        self.cookies.set_flow(response, flow.flow_id, flow.cookie, flow.expires_at)
        return response

    def redirect(self, request: Request, url: str, *, is_json: bool) -> Response:
        """Return a redirect, or the URL as JSON."""
        if is_json:
            return Json(Redirection(url))
        return RedirectResponse(url, redirect_status(request).value)

    async def find_session(self, request: Request) -> Actor | None:
        """Return the actor of the browser's session, or None without a valid session."""
        with suppress(TokenRefused, UserNotFound):
            return await self.authentication(request)
        return None


def redirect_status(request: Request) -> HTTPStatus:
    """Return the status after which the browser opens the URL with GET."""
    return HTTPStatus.SEE_OTHER if request.method == "POST" else HTTPStatus.FOUND
