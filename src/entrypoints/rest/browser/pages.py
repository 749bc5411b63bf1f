"""Small pages for people in the middle of a browser flow: one sentence and one thing to do."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import parse_qsl, urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from core.domain.errors import DomainError
from core.domain.flows.flow import FlowInProgress
from core.domain.principals import TokenRefused
from core.domain.provider import SingleSignOnRequired
from entrypoints.edge.templates import open_templates, style_source
from entrypoints.rest.http.problems import headers_of, status_of
from entrypoints.rest.http.request_ids import request_id_of
from entrypoints.settings.values import origin_of

_TEMPLATES = open_templates("entrypoints.rest.browser")

_TITLES = {
    "flow_expired": "Connecting took too long",
    "flow_used": "This step is already done",
    "flow_in_progress": "Still working",
    "flow_interrupted": "The check was interrupted",
    "flow_invalid": "This connection attempt is not valid",
    "authorization_denied": "Authorization denied",
    "installation_bound_elsewhere": "This account is connected elsewhere",
    "installation_not_proven": "Only an owner can connect this account",
    "installation_not_visible": "Your account cannot see this installation",
    "installation_gone": "The app is not installed on this account",
    "installation_suspended": "The app is suspended on this account",
    "installation_choice_invalid": "This account is not one of the options",
    "approval_request_not_found": "No approval request was found",
    "provider_account_taken": "This account is connected to another user",
    "other_account_connected": "You already connected another account",
    "email_permission_missing": "The app cannot read your email addresses",
    "organization_already_connected": "This organization is already connected",
    "provider_sso_required": "Single sign-on is required",
    "provider_ip_not_allowed": "The IP allow list blocks crewkit",
    "provider_unavailable": "The provider is not responding",
    "provider_rate_limited": "The provider's rate limit is reached",
    "provider_answer_unreadable": "The provider's response could not be read",
    "provider_account_suspended": "The provider suspended your account",
    "provider_repository_blocked": "The provider blocks this repository",
    "provider_login_blocked": "The provider temporarily rejects requests",
    "provider_email_unverified": "Verify your email address first",
}
# The names of providers in texts for people. Other providers are called "the provider".
_DISPLAY_NAMES = {"github": "GitHub"}
_START_AGAIN, _CHOOSE_ANOTHER = "Start again", "Choose another account"
_RESTARTED = {
    "flow_expired": _START_AGAIN,
    "flow_used": _START_AGAIN,
    "installation_bound_elsewhere": _CHOOSE_ANOTHER,
    "installation_gone": _CHOOSE_ANOTHER,
    "installation_not_proven": _CHOOSE_ANOTHER,
    "installation_not_visible": _CHOOSE_ANOTHER,
    "installation_suspended": _CHOOSE_ANOTHER,
    "provider_ip_not_allowed": _CHOOSE_ANOTHER,
    "provider_sso_required": _CHOOSE_ANOTHER,
}


@dataclass(frozen=True, slots=True)
class Link:
    """The one thing to do: its words and where it leads."""

    words: str
    url: str


@dataclass(frozen=True, slots=True)
class Pages:
    """Renders pages that lead back to the dashboard.

    `service_url` is this service's own address, and `sign_in_url` where people sign in: a path is one of this
    service. `provider_origins` are where a form may lead after it was sent here.
    """

    dashboard_url: str
    service_url: str = ""
    sign_in_url: str | None = None
    provider_origins: tuple[str, ...] = ()

    def back(self, path: str = "/") -> Link:
        """Return the way back to a path of the dashboard's."""
        return Link("Back to crewkit", self.dashboard_url + path)

    def show(
        self,
        request: Request,
        title: str,
        *sentences: str,
        action: Link | None = None,
        back: Link | None = None,
        note: str = "",
        status: HTTPStatus = HTTPStatus.OK,
        continues_at: str | None = None,
        template: str = "page.html",
        **values: object,
    ) -> Response:
        """Return a page from a template, which gets `values` too. `back` is the link to cancel.

        The browser opens `continues_at` after a second, and shows the page until the response arrives.
        """
        body = _TEMPLATES.get_template(template).render(
            values,
            title=name_provider(request, title),
            sentences=[name_provider(request, sentence) for sentence in sentences],
            action=action or self.back(),
            back=back,
            note=note,
            request_id=request_id_of(request.scope),
            continues_at=continues_at,
        )
        # A form's answer leads to the dashboard, and browsers hold that, too, against where forms may lead.
        dashboard = origin_of(self.dashboard_url) if self.dashboard_url else ""
        targets = " ".join(filter(None, ["'self'", dashboard, *self.provider_origins]))
        policy = (
            f"default-src 'none'; style-src {style_source(_TEMPLATES, 'page.css')}; form-action {targets}; "
            "base-uri 'none'; frame-ancestors 'none'"
        )
        # With no referrer at all a browser posts a form with `Origin: null`, which is refused. The path of
        # this page, with what the provider put into it, is told to nobody.
        headers = {"content-security-policy": policy, "referrer-policy": "strict-origin"}
        return HTMLResponse(body, status.value, headers)

    def refuse(self, request: Request, error: DomainError, *, again: Link | None = None) -> Response:
        """Return the page of a refusal, with the way on where there is one."""
        # For the log line, as where a problem is made of it.
        request.scope["refusal"] = error
        is_busy = isinstance(error, FlowInProgress) and request.method == "GET"
        page = self.show(
            request,
            _TITLES.get(error.code, "Something went wrong"),
            error.message,
            action=again or self.back_refused(error),
            back=self.back_refused(error) if again else None,
            template="buttons.html",
            sign_on_url=sign_on_url(error),
            buttons=self._restart(request, error),
            note=f"Code {error.code}.",
            status=status_of(error),
            # The first click on this page finishes soon.
            continues_at=str(request.url.replace(scheme="", netloc="")) if is_busy else None,
        )
        page.headers.update(headers_of(error))
        return page

    def confirm(self, request: Request, title: str, *sentences: str) -> Response:
        """Return a page that asks before this request is carried out; the form's POST has an `Origin`."""
        here = f"{request.url.path}?{request.url.query}" if request.url.query else request.url.path
        return self.show(
            request,
            title,
            *sentences,
            template="buttons.html",
            buttons=[Link("Continue", here)],
            action=Link("Cancel", self.back().url),
        )

    def back_refused(self, error: DomainError) -> Link:
        """Return the link back to a page that shows the refusal.

        It is the page where the person began, if the person has proven that the flow is theirs.
        """
        way = error.way_back
        path = way.return_to if way and way.return_to != "/" else "/kit"
        query = {"refused": error.code, **({"account": way.account} if way and way.account else {})}
        return self.back(with_query(path, **query))

    def _restart(self, request: Request, error: DomainError) -> list[Link]:
        """Return the button that starts an ended flow again, if there is one.

        The app may have been installed meanwhile, so installing starts with what exists.
        """
        base, is_callback, _ = request.url.path.rpartition("/callback")
        if error.way_back is None or error.code not in _RESTARTED or not is_callback:
            return []
        return_to = error.way_back.return_to
        if error.way_back.organization_id is None:
            action = with_query(f"{base}/authorize", return_to=return_to)
        else:
            organization_id = str(error.way_back.organization_id)
            action = with_query(
                f"{base}/install", organization_id=organization_id, return_to=return_to, mode="existing"
            )
        return [Link(_RESTARTED[error.code], action)]

    def for_people(self, handler: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
        """Let a handler's refusals be pages, to browsers: a person cannot read a problem in JSON."""

        async def answer(request: Request) -> Response:
            if not prefers_page(request):
                return await handler(request)
            try:
                return await handler(request)
            except TokenRefused as error:
                return self._sign_in(request, error)
            except DomainError as error:
                return self.refuse(request, error)

        return answer

    def sign_in_address(self, return_to: str, *, base: str) -> str | None:
        """Return where to sign in and then continue at `base` and this path; None if not configured."""
        if self.sign_in_url is None:
            return None
        whole = return_to if self.sign_in_url.startswith("/") else base + return_to
        joint = "&" if "?" in self.sign_in_url else "?"
        return f"{self.sign_in_url}{joint}{urlencode({'return_to': whole})}"

    def _sign_in(self, request: Request, error: TokenRefused) -> Response:
        """Redirect to sign-in, which returns to this request.

        The address to come back to is this request's own path, so no other site can choose it. A browser that
        brings a session which is refused is not redirected: that could go round in circles.
        """
        here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        address = self.sign_in_address(here, base=self.service_url)
        if address and error.reason == "missing" and request.method == "GET":
            return RedirectResponse(address, HTTPStatus.SEE_OTHER.value)
        request.scope["refusal"] = error
        return self.show(
            request,
            "Sign in to crewkit first",
            "You are not signed in, or your session has expired. Sign in to return to this page.",
            action=Link("Sign in", address) if address else Link("Try again", here),
            note=f"Code {error.code}.",
            status=HTTPStatus.UNAUTHORIZED,
        )


def sign_on_url(error: DomainError) -> str | None:
    """Return where to sign in with single sign-on, if the error needs it and the provider named a URL."""
    return error.url if isinstance(error, SingleSignOnRequired) else None


def name_provider(request: Request, text: str) -> str:
    """Return the text with the provider's display name instead of "the provider".

    Messages of the core are the same for all providers. A text stays unchanged if the request's path does not
    name a provider with a display name.
    """
    name = _DISPLAY_NAMES.get(request.path_params.get("provider", ""))
    return re.sub(r"\b[Tt]he provider\b", name, text) if name else text


def with_query(path: str, **added: str) -> str:
    """Return a path with these parameters behind its own; one that is there already is replaced."""
    before, _, query = path.partition("?")
    kept = [(name, value) for name, value in parse_qsl(query, keep_blank_values=True) if name not in added]
    return f"{before}?{urlencode([*kept, *added.items()])}"


def takes_json(request: Request) -> bool:
    """Tell whether a program asks, which goes on by itself."""
    return request.headers.get("accept", "").partition(",")[0].strip() == "application/json"


def prefers_page(request: Request) -> bool:
    """Tell whether a person's browser asks, rather than a program that says what it takes."""
    return "text/html" in request.headers.get("accept", "")
