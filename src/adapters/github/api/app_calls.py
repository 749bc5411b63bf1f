from collections.abc import AsyncGenerator, Callable, Collection, Mapping, Sequence
from contextlib import aclosing
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import TypeVar
from urllib.parse import urlencode

from adapters.github.addresses import is_numeric_id
from adapters.github.api.caller import ApiCalls, CallContext
from adapters.github.api.calls import NOT_FOUND, Call, Response
from adapters.github.api.rate_limits import read_remaining_fraction
from adapters.github.decoding.app_answers import (
    AppResponse,
    DeliveryDetailResponse,
    DeliveryResponse,
    HookConfigResponse,
    InstallationRequestResponse,
    InstallationResponse,
    TokenResponse,
)
from adapters.github.decoding.readers import ignore_body, make_list_reader, make_reader
from adapters.github.protocol.webhooks import PROVIDER
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

# GitHub sends payloads of up to 25 MB, and quotes them here inside JSON.
# https://docs.github.com/webhooks/webhook-events-and-payloads
_LARGEST_DELIVERY = 64 * 1024 * 1024

# A renamed app has another page at once, and the old one is gone.
_PAGE_IS_FRESH_FOR = timedelta(minutes=10)

_ANY_ANSWER = frozenset(map(int, (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND)))

_read_app = make_reader(AppResponse)
_read_installation = make_reader(InstallationResponse)
_read_requests = make_list_reader(InstallationRequestResponse)
_read_token = make_reader(TokenResponse)
_read_deliveries = make_list_reader(DeliveryResponse)
_read_delivery = make_reader(DeliveryDetailResponse)
_read_hook_config = make_reader(HookConfigResponse)


class AppCalls(ApiCalls):
    """What is asked as our app."""

    def __init__(self, parts: CallContext, *, slug: str | None) -> None:
        super().__init__(parts)
        self._page = parts.addresses.app_page(slug) if slug else None
        self._page_known_at: datetime | None = None
        self._calls_left: float | None = None

    async def get_app(self) -> App:
        """Return our app as GitHub knows it; one it does not know by this id is refused like a wrong key."""
        found = await self._get("/app", self._context.app, _found_app, accept=NOT_FOUND)
        if found is None:
            raise AppRefused("GitHub does not know an app with the configured app id. An operator must correct it.")
        addresses = self._context.addresses
        told = found.to_domain(addresses)
        page = told.url if addresses.is_page(told.url) else addresses.app_page(told.slug)
        self._page, self._page_known_at = page, self._context.clock.now()
        return told

    async def measure_clock_offset(self) -> timedelta | None:
        """Return how far GitHub's clock is ahead, by the date of whatever it answers to our app."""
        before = self._context.clock.now()
        theirs = await self._get("/app", self._context.app, _read_date, accept=_ANY_ANSWER)
        if theirs is None:
            return None
        between = before + (self._context.clock.now() - before) / 2
        # The header has no parts of a second, so half of one is what it leaves out on average.
        return theirs + timedelta(seconds=0.5) - between

    def build_manage_url(self, integration: Integration) -> str | None:
        """Return the page where the account's owners manage our app: GitHub's answer or the usual page.

        An address of another host is not followed, whatever a payload or a row says.
        """
        addresses, url = self._context.addresses, integration.manage_url
        if url is not None and addresses.is_page(url):
            return url
        name, kind = integration.provider_name, integration.account_type
        if kind == "Enterprise" and name:
            return addresses.enterprise_installation_page(integration.provider_id, name)
        return addresses.installation_page(integration.provider_id, name if kind == "Organization" else None)

    async def get_installation(self, provider_id: str) -> Installation:
        """Return one installation; raises `InstallationGone`."""
        path = _installation_path(provider_id)
        found = await self._get(path, self._context.app, _found_installation, accept=NOT_FOUND)
        if found is None:
            raise await self._confirm_gone()
        return found.to_domain()

    async def list_installation_requests(self) -> Sequence[InstallationRequest]:
        """Return the requests that wait for an owner's approval."""
        async with aclosing(self._pages("/app/installation-requests", self._context.app, _read_requests)) as found:
            return [request.to_domain() async for page in found for request in page]

    async def mint_token(
        self,
        provider_id: str,
        *,
        repo_ids: Collection[RepoId] | None = None,
        permissions: Mapping[str, str] | None = None,
    ) -> InstallationToken:
        """Make a token; a refusal counts against the installation only while the app itself is accepted."""
        outcome = "left"
        try:
            minted = await self._request_token(provider_id, repo_ids, permissions)
            outcome = "minted"
        except DomainError as error:
            outcome = error.code
            raise
        finally:
            if self._context.metrics is not None:
                self._context.metrics.count_token_request(PROVIDER, outcome)
        return minted

    async def _request_token(
        self, provider_id: str, repo_ids: Collection[RepoId] | None, permissions: Mapping[str, str] | None
    ) -> InstallationToken:
        call = Call(
            "POST",
            self._context.addresses.api_url(_installation_path(provider_id) + "/access_tokens"),
            self._context.app,
            _found_token,
            NOT_FOUND,
            json=_build_token_request(repo_ids, permissions),
        )
        try:
            minted = await self._context.transport.ask(call)
        except AppRefused as refused:
            await self.get_app()
            raise CredentialRefused(
                "GitHub does not issue a token for this installation. Try again later."
            ) from refused
        if minted is None:
            raise await self._confirm_gone()
        told = minted.to_domain()
        self._context.ages.note(told.token)
        return told

    async def uninstall(self, provider_id: str) -> None:
        """Remove the installation; GitHub may take a while to do it."""
        url = self._context.addresses.api_url(_installation_path(provider_id))
        call = Call("DELETE", url, self._context.app, _is_found, NOT_FOUND)
        if not await self._context.transport.ask(call):
            await self.get_app()

    async def list_deliveries(self) -> AsyncGenerator[LoggedDelivery, None]:
        """Return the log of deliveries, newest first; each page is read when the one before is used up."""
        async with aclosing(
            self._pages("/app/hook/deliveries", self._context.app, self._record_remaining(_read_deliveries), at_once=1)
        ) as found:
            async for page in found:
                for delivery in page:
                    yield delivery.to_domain()

    async def get_delivery(self, logged_id: int) -> QuotedDelivery:
        """Return a logged delivery. The body is GitHub's text of it, whose bytes need not be those signed."""
        url = self._context.addresses.api_url(f"/app/hook/deliveries/{logged_id:d}")
        read = self._record_remaining(_read_delivery)
        call = Call("GET", url, self._context.app, read, max_bytes=_LARGEST_DELIVERY)
        return (await self._context.transport.ask(call)).to_domain()

    def get_remaining_calls(self) -> float | None:
        """Return the part GitHub last told of when the log was read."""
        return self._calls_left

    async def redeliver(self, logged_id: int) -> None:
        """Ask for the delivery to be sent again."""
        url = self._context.addresses.api_url(f"/app/hook/deliveries/{logged_id:d}/attempts")
        await self._context.transport.ask(Call("POST", url, self._context.app, ignore_body))

    async def get_webhook_config(self) -> WebhookConfig:
        """Return where deliveries are sent."""
        return (await self._get("/app/hook/config", self._context.app, _read_hook_config)).to_domain()

    async def build_install_url(self, *, state: str, account_id: str | None = None) -> str:
        """Return where a person installs our app.

        https://docs.github.com/apps/sharing-github-apps/sharing-your-github-app
        """
        page = f"{await self._app_page()}/installations/new"
        if account_id is None:
            return f"{page}?{urlencode({'state': state})}"
        return f"{page}/permissions?{urlencode({'target_id': account_id, 'state': state})}"

    async def _app_page(self) -> str:
        """Return our app's page: GitHub's fresh word for it, or what we last knew where none comes."""
        known_at = self._page_known_at
        if known_at is None or self._context.clock.now() - known_at >= _PAGE_IS_FRESH_FOR:
            try:
                await self.get_app()
            except (ProviderUnavailable, RateLimited):
                if self._page is None:
                    raise
        assert self._page is not None  # known from the settings, or from an answer just now
        return self._page

    def _record_remaining(self, read: Callable[[Response], T]) -> Callable[[Response], T]:
        """Return what reads an answer and notes how many calls it leaves."""

        def counted(response: Response) -> T:
            self._calls_left = read_remaining_fraction(response.headers)
            return read(response)

        return counted

    async def _confirm_gone(self) -> InstallationGone:
        """Return the error, once it is sure: to an app that is unknown, every installation is."""
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
        # To GitHub an empty list means all repositories, the opposite of what it says.
        if not 0 < len(repo_ids) <= _MAX_REPOSITORIES:
            raise ValueError(f"a token can be limited to 1 to {_MAX_REPOSITORIES} repositories")
        body["repository_ids"] = [int(repo_id) for repo_id in repo_ids]
    if permissions is not None:
        body["permissions"] = dict(permissions)
    return body or None


def _read_date(response: Response) -> datetime | None:
    return response.date


def _found_app(response: Response) -> AppResponse | None:
    return None if response.status == HTTPStatus.NOT_FOUND else _read_app(response)


def _found_installation(response: Response) -> InstallationResponse | None:
    return None if response.status == HTTPStatus.NOT_FOUND else _read_installation(response)


def _found_token(response: Response) -> TokenResponse | None:
    return None if response.status == HTTPStatus.NOT_FOUND else _read_token(response)


def _is_found(response: Response) -> bool:
    return response.status != HTTPStatus.NOT_FOUND
