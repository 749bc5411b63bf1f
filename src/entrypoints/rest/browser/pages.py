"""Small pages for users in the middle of a browser flow: a message and an action."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from http import HTTPStatus
from urllib.parse import parse_qsl, urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from core.domain.actors import TokenRefused
from core.domain.errors import DomainError
from core.domain.flows.flow import FlowInProgress
from core.domain.provider import Capabilities
from core.domain.provider_errors import SingleSignOnRequired
from entrypoints.edge.templates import open_templates, style_source
from entrypoints.rest.http.problems import headers_of, status_of
from entrypoints.rest.http.requests import request_id_of
from entrypoints.settings.urls import origin_of

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
_START_AGAIN, _CHOOSE_ANOTHER = "Start again", "Choose another account"
_RESTART_LABELS = {
    "flow_expired": _START_AGAIN,
    "flow_used": _START_AGAIN,
    "installation_bound_elsewhere": _CHOOSE_ANOTHER,
    "installation_gone": _CHOOSE_ANOTHER,
    "installation_not_proven": _CHOOSE_ANOTHER,
    "installation_not_visible": _CHOOSE_ANOTHER,
    "installation_suspended": _CHOOSE_ANOTHER,
    "provider_app_refused": _START_AGAIN,
    "provider_ip_not_allowed": _CHOOSE_ANOTHER,
    "provider_sso_required": _CHOOSE_ANOTHER,
}
_THE_PROVIDER = re.compile(r"\b[Tt]he provider\b")


@dataclass(frozen=True, slots=True)
class Link:
    """A link or button."""

    label: str
    url: str


@dataclass(frozen=True)
class Pages:
    """Renders pages that lead back to the dashboard.

    `service_url` is the public URL of this service, and `sign_in_url` a URL, or a path of this service. Forms may
    lead to the web pages of `providers`, which have their names as keys, after the redirect of this service.
    """

    dashboard_url: str
    service_url: str = ""
    sign_in_url: str | None = None
    providers: Mapping[str, Capabilities] = field(default_factory=dict)

    def back(self, path: str = "/") -> Link:
        """Return the link back to a path of the dashboard."""
        return Link("Back to crewkit", self.dashboard_url + path)

    @cached_property
    def _headers(self) -> dict[str, str]:
        # The response to a form redirects to the dashboard. Browsers apply `form-action` to this redirect, too.
        dashboard = origin_of(self.dashboard_url) if self.dashboard_url else ""
        providers = [origin_of(provider.web_url) for provider in self.providers.values() if provider.web_url]
        targets = " ".join(filter(None, ["'self'", dashboard, *providers]))
        policy = (
            f"default-src 'none'; style-src {style_source(_TEMPLATES, 'page.css')}; form-action {targets}; "
            "base-uri 'none'; frame-ancestors 'none'"
        )
        # Without a referrer, browsers post a form with `Origin: null`, which is rejected. The referrer does not
        # contain the path, because the path has parameters of the provider.
        return {"content-security-policy": policy, "referrer-policy": "strict-origin"}

    def show(
        self,
        request: Request,
        title: str,
        *sentences: str,
        action: Link | None = None,
        back: Link | None = None,
        note: str = "",
        status: HTTPStatus = HTTPStatus.OK,
        continue_url: str | None = None,
        template: str = "page.html",
        **values: object,
    ) -> Response:
        """Return a page from a template, which gets `values` too. `back` is the link to cancel.

        The browser opens `continue_url` after a second, and shows the page until the response arrives.
        """
        body = _TEMPLATES.get_template(template).render(
            values,
            title=self.name_provider(request, title),
            sentences=[self.name_provider(request, sentence) for sentence in sentences],
            action=action or self.back(),
            back=back,
            note=note,
            request_id=request_id_of(request.scope),
            continue_url=continue_url,
        )
        return HTMLResponse(body, status.value, self._headers)

    def name_provider(self, request: Request, text: str) -> str:
        """Return the text with the display name of the provider in the request's path instead of "the provider".

        Messages of the core are the same for all providers.
        """
        provider = self.providers.get(request.path_params.get("provider", ""))
        return _THE_PROVIDER.sub(provider.display_name, text) if provider else text

    def show_error(self, request: Request, error: DomainError) -> Response:
        """Return the page of an error, or redirect to sign-in."""
        if isinstance(error, TokenRefused):
            return self._sign_in(request, error)
        return self.show_failure(request, error)

    def show_failure(self, request: Request, error: DomainError, *, retry: Link | None = None) -> Response:
        """Return the page of an error, with the next action if there is one."""
        # The log line of the request contains the error.
        request.scope["error"] = error
        is_busy = isinstance(error, FlowInProgress) and request.method == "GET"
        page = self.show(
            request,
            _TITLES.get(error.code, "Something went wrong"),
            error.message,
            action=retry or self.back_with_error(error),
            back=self.back_with_error(error) if retry else None,
            template="buttons.html",
            sign_on_url=sign_on_url(error),
            buttons=self._restart_buttons(request, error),
            note=f"Code {error.code}.",
            status=status_of(error),
            # The earlier request finishes soon.
            continue_url=_path_of(request) if is_busy else None,
        )
        page.headers.update(headers_of(error))
        return page

    def confirm(self, request: Request, title: str, *sentences: str) -> Response:
        """Return a page that asks before this request is executed. The POST of its form has an `Origin`."""
        return self.show(
            request,
            title,
            *sentences,
            template="buttons.html",
            buttons=[Link("Continue", _path_of(request))],
            action=Link("Cancel", self.back().url),
        )

    def back_with_error(self, error: DomainError) -> Link:
        """Return the link back to a page that shows the error.

        It is the page where the flow started, if the user has proven to be the user of the flow.
        """
        way = error.way_back
        path = way.return_to if way and way.return_to != "/" else "/kit"
        query = {"refused": error.code, **({"account": way.account} if way and way.account else {})}
        return self.back(with_query(path, **query))

    def _restart_buttons(self, request: Request, error: DomainError) -> list[Link]:
        """Return the button that starts an ended flow again, if there is one.

        The app may have been installed meanwhile, so the new flow uses existing installations.
        """
        base, is_callback, _ = request.url.path.rpartition("/callback")
        way, label = error.way_back, _RESTART_LABELS.get(error.code)
        if way is None or label is None or not is_callback:
            return []
        if way.organization_id is None:
            return [Link(label, with_query(f"{base}/authorize", return_to=way.return_to))]
        query = {"organization_id": str(way.organization_id), "return_to": way.return_to, "mode": "existing"}
        return [Link(label, with_query(f"{base}/install", **query))]

    def sign_in_address(self, return_to: str, *, base: str) -> str | None:
        """Return the URL for signing in, which continues at this path of `base`; None if not configured."""
        if self.sign_in_url is None:
            return None
        url = return_to if self.sign_in_url.startswith("/") else base + return_to
        separator = "&" if "?" in self.sign_in_url else "?"
        return f"{self.sign_in_url}{separator}{urlencode({'return_to': url})}"

    def _sign_in(self, request: Request, error: TokenRefused) -> Response:
        """Redirect to sign-in, which returns to this request.

        The URL to return to is the path of this request, so another site cannot choose it. A browser with an
        invalid session is not redirected, because that could be a redirect loop.
        """
        path = _path_of(request)
        address = self.sign_in_address(path, base=self.service_url)
        if address and error.reason == "missing" and request.method == "GET":
            return RedirectResponse(address, HTTPStatus.SEE_OTHER.value)
        request.scope["error"] = error
        return self.show(
            request,
            "Sign in to crewkit first",
            "You are not signed in, or your session has expired. Sign in to return to this page.",
            action=Link("Sign in", address) if address else Link("Try again", path),
            note=f"Code {error.code}.",
            status=HTTPStatus.UNAUTHORIZED,
        )


def sign_on_url(error: DomainError) -> str | None:
    """Return the URL for single sign-on, if the error requires it and the provider sent a URL."""
    return error.url if isinstance(error, SingleSignOnRequired) else None


def with_query(path: str, **parameters: str) -> str:
    """Return the path with these query parameters added or replaced."""
    base, _, query = path.partition("?")
    others = [item for item in parse_qsl(query, keep_blank_values=True) if item[0] not in parameters]
    return f"{base}?{urlencode([*others, *parameters.items()])}"


def _path_of(request: Request) -> str:
    return f"{request.url.path}?{request.url.query}" if request.url.query else request.url.path
