from collections.abc import AsyncGenerator, Callable, Collection, Mapping, Sequence
from contextlib import aclosing
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import TypeVar
from urllib.parse import urlencode

from adapters.github.api.api_calls import ApiCalls, CallContext
from adapters.github.api.app_responses import (
    AppResponse,
    DeliveryDetailResponse,
    DeliveryResponse,
    HookConfigResponse,
    InstallationRequestResponse,
    InstallationResponse,
    TokenResponse,
)
from adapters.github.api.calls import (
    NOT_FOUND,
    Response,
    ignore_body,
    make_list_reader,
    make_optional_reader,
    make_reader,
)
from adapters.github.api.rate_limits import read_remaining_fraction
from adapters.github.protocol.webhooks import PROVIDER
from adapters.github.urls import is_numeric_id
from core.domain.deliveries.delivery import QuotedDelivery
from core.domain.deliveries.recovery import LoggedDelivery
from core.domain.errors import DomainError
from core.domain.identifiers import RepoId
from core.domain.install.installations import Installation, InstallationRequest
from core.domain.integrations.integration import Integration
from core.domain.provider import App, WebhookConfig
from core.domain.provider_errors import (
    AppRefused,
    CredentialRefused,
    InstallationGone,
    ProviderUnavailable,
    RateLimited,
)
from core.domain.tokens.installation_tokens import InstallationToken

T = TypeVar("T")

# https://docs.github.com/rest/apps/apps#create-an-installation-access-token-for-an-app
_MAX_REPOSITORIES = 500

# GitHub sends payloads of up to 25 MB, here encoded inside JSON.
# https://docs.github.com/webhooks/webhook-events-and-payloads
_MAX_DELIVERY_BYTES = 64 * 1024 * 1024

# The URL of an app's page changes when the app is renamed.
_PAGE_LIFETIME = timedelta(minutes=10)

_ERROR_STATUSES = frozenset(map(int, (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND)))

_read_app = make_optional_reader(AppResponse)
_read_installation = make_optional_reader(InstallationResponse)
_read_requests = make_list_reader(InstallationRequestResponse)
_read_token = make_optional_reader(TokenResponse)
_read_deliveries = make_list_reader(DeliveryResponse)
_read_delivery = make_reader(DeliveryDetailResponse)
_read_hook_config = make_reader(HookConfigResponse)


class AppCalls(ApiCalls):
    """Calls as the app."""

    def __init__(self, context: CallContext, *, slug: str | None) -> None:
        super().__init__(context)
        self._page = context.urls.app_page(slug) if slug else None
        self._page_known_at: datetime | None = None
        self._calls_left: float | None = None

    async def get_app(self) -> App:
        """Return the app. Raises `AppRefused` for an unknown app id as for a wrong key."""
        response = await self._get("/app", self._context.app, _read_app, accept=NOT_FOUND)
        if response is None:
            raise AppRefused("GitHub does not know an app with the configured app id. An operator must correct it.")
        urls = self._context.urls
        app = response.to_domain(urls)
        page = app.url if urls.is_page(app.url) else urls.app_page(app.slug)
        self._page, self._page_known_at = page, self._context.clock.now()
        return app

    async def measure_clock_offset(self) -> timedelta | None:
        """Return how far GitHub's clock is ahead, by the `Date` of any response, errors included."""
        before = self._context.clock.now()
        provider_time = await self._get(
            "/app", self._context.app, lambda response: response.date, accept=_ERROR_STATUSES
        )
        if provider_time is None:
            return None
        between = before + (self._context.clock.now() - before) / 2
        # The header has whole seconds, so it is half a second too small on average.
        return provider_time + timedelta(seconds=0.5) - between

    def build_manage_url(self, integration: Integration) -> str | None:
        """Return the page on which owners manage the installation: GitHub's `html_url` or the usual URL.

        A stored URL of another host is ignored.
        """
        urls, url = self._context.urls, integration.manage_url
        if url is not None and urls.is_page(url):
            return url
        name, kind = integration.provider_name, integration.account_type
        if kind == "Enterprise" and name:
            return urls.enterprise_installation_page(integration.provider_id, name)
        return urls.installation_page(integration.provider_id, name if kind == "Organization" else None)

    async def get_installation(self, provider_id: str) -> Installation:
        """Return one installation; raises `InstallationGone`."""
        path = _installation_path(provider_id)
        response = await self._get(path, self._context.app, _read_installation, accept=NOT_FOUND)
        if response is None:
            raise await self._confirm_gone()
        return response.to_domain()

    async def list_installation_requests(self) -> Sequence[InstallationRequest]:
        """Return the pending installation requests."""
        async with aclosing(self._pages("/app/installation-requests", self._context.app, _read_requests)) as pages:
            return [request.to_domain() async for page in pages for request in page]

    async def mint_token(
        self,
        provider_id: str,
        *,
        repo_ids: Collection[RepoId] | None = None,
        permissions: Mapping[str, str] | None = None,
    ) -> InstallationToken:
        """Create a token. Raises `AppRefused` instead of an installation's error if GitHub rejects the app."""
        outcome = "left"
        try:
            token = await self._request_token(provider_id, repo_ids, permissions)
            outcome = "minted"
        except DomainError as error:
            outcome = error.code
            raise
        finally:
            if self._context.metrics is not None:
                self._context.metrics.count_token_request(PROVIDER, outcome)
        return token

    async def _request_token(
        self, provider_id: str, repo_ids: Collection[RepoId] | None, permissions: Mapping[str, str] | None
    ) -> InstallationToken:
        path, body = _installation_path(provider_id) + "/access_tokens", _build_token_request(repo_ids, permissions)
        try:
            response = await self._send("POST", path, self._context.app, _read_token, accept=NOT_FOUND, json=body)
        except AppRefused as refused:
            await self.get_app()
            raise CredentialRefused(
                "GitHub does not issue a token for this installation. Try again later."
            ) from refused
        if response is None:
            raise await self._confirm_gone()
        token = response.to_domain()
        self._context.ages.note(token.token)
        return token

    async def uninstall(self, provider_id: str) -> None:
        """Remove the installation. GitHub may do it with a delay."""
        path = _installation_path(provider_id)
        if not await self._send(
            "DELETE", path, self._context.app, lambda response: response.is_success, accept=NOT_FOUND
        ):
            await self.get_app()

    async def list_deliveries(self) -> AsyncGenerator[LoggedDelivery, None]:
        """Return the delivery log, newest first. Each page is fetched when the previous page is used up."""
        async with aclosing(
            self._pages(
                "/app/hook/deliveries", self._context.app, self._record_remaining(_read_deliveries), max_concurrent=1
            )
        ) as pages:
            async for page in pages:
                for delivery in page:
                    yield delivery.to_domain()

    async def get_delivery(self, logged_id: int) -> QuotedDelivery:
        """Return a logged delivery. Its body can differ in bytes from the signed body."""
        path, read = f"/app/hook/deliveries/{logged_id:d}", self._record_remaining(_read_delivery)
        response = await self._send("GET", path, self._context.app, read, max_bytes=_MAX_DELIVERY_BYTES)
        return response.to_domain()

    def get_remaining_calls(self) -> float | None:
        """Return the remaining fraction of the rate limit after the last read of the log, or None."""
        return self._calls_left

    async def redeliver(self, logged_id: int) -> None:
        """Request a redelivery."""
        await self._send("POST", f"/app/hook/deliveries/{logged_id:d}/attempts", self._context.app, ignore_body)

    async def get_webhook_config(self) -> WebhookConfig:
        """Return the webhook configuration of the app."""
        return (await self._get("/app/hook/config", self._context.app, _read_hook_config)).to_domain()

    async def build_install_url(self, *, state: str, account_id: str | None = None) -> str:
        """Return the URL where a person installs the app.

        https://docs.github.com/apps/sharing-github-apps/sharing-your-github-app
        """
        page = f"{await self._app_page()}/installations/new"
        if account_id is None:
            return f"{page}?{urlencode({'state': state})}"
        return f"{page}/permissions?{urlencode({'target_id': account_id, 'state': state})}"

    async def _app_page(self) -> str:
        """Return the URL of the app's page: GitHub's current URL, or the last known URL during an outage."""
        known_at = self._page_known_at
        if known_at is None or self._context.clock.now() - known_at >= _PAGE_LIFETIME:
            try:
                await self.get_app()
            except (ProviderUnavailable, RateLimited):
                if self._page is None:
                    raise
        assert self._page is not None  # from the settings, or from the response just now
        return self._page

    def _record_remaining(self, read: Callable[[Response], T]) -> Callable[[Response], T]:
        """Return a reader that also stores the remaining fraction of the rate limit."""

        def read_and_record(response: Response) -> T:
            self._calls_left = read_remaining_fraction(response.headers)
            return read(response)

        return read_and_record

    async def _confirm_gone(self) -> InstallationGone:
        """Return the error if the app itself exists: GitHub also returns 404 if it does not know the app."""
        await self.get_app()
        return InstallationGone("The installation of the app does not exist on GitHub. Install the app again.")


def _installation_path(provider_id: str) -> str:
    if not is_numeric_id(provider_id):
        raise InstallationGone("The installation of the app does not exist on GitHub. Install the app again.")
    return f"/app/installations/{provider_id}"


def _build_token_request(
    repo_ids: Collection[RepoId] | None, permissions: Mapping[str, str] | None
) -> dict[str, object] | None:
    body: dict[str, object] = {}
    if repo_ids is not None:
        # For GitHub, an empty list means all repositories.
        if not 0 < len(repo_ids) <= _MAX_REPOSITORIES:
            raise ValueError(f"a token can be limited to 1 to {_MAX_REPOSITORIES} repositories")
        body["repository_ids"] = [int(repo_id) for repo_id in repo_ids]
    if permissions is not None:
        body["permissions"] = dict(permissions)
    return body or None
