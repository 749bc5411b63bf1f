from collections.abc import AsyncGenerator, Callable, Collection, Mapping, Sequence
from contextlib import aclosing
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import TypeVar
from urllib.parse import urlencode

from adapters.github.addresses import is_number
from adapters.github.api.caller import Caller, Parts
from adapters.github.api.calls import NOT_FOUND, Call, Reply
from adapters.github.api.rate_limits import part_left
from adapters.github.decoding.app_answers import (
    AppAnswer,
    DeliveryAnswer,
    DeliveryDetail,
    HookConfigAnswer,
    InstallationAnswer,
    InstallationRequestAnswer,
    TokenAnswer,
)
from adapters.github.decoding.readers import list_reader, nothing, reader
from adapters.github.protocol.webhooks import PROVIDER
from core.domain.deliveries.delivery import QuotedDelivery
from core.domain.errors import DomainError
from core.domain.identifiers import RepoId
from core.domain.integrations.integration import Integration
from core.domain.provider import (
    App,
    AppRefused,
    CredentialRefused,
    Installation,
    InstallationGone,
    InstallationRequest,
    InstallationToken,
    LoggedDelivery,
    ProviderUnavailable,
    RateLimited,
    WebhookConfig,
)

T = TypeVar("T")

# https://docs.github.com/rest/apps/apps#create-an-installation-access-token-for-an-app
_MOST_REPOSITORIES = 500

# GitHub sends payloads of up to 25 MB, and quotes them here inside JSON.
# https://docs.github.com/webhooks/webhook-events-and-payloads
_LARGEST_DELIVERY = 64 * 1024 * 1024

# A renamed app has another page at once, and the old one is gone.
_PAGE_IS_FRESH_FOR = timedelta(minutes=10)

_ANY_ANSWER = frozenset(map(int, (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND)))

_read_app = reader(AppAnswer)
_read_installation = reader(InstallationAnswer)
_read_requests = list_reader(InstallationRequestAnswer)
_read_token = reader(TokenAnswer)
_read_deliveries = list_reader(DeliveryAnswer)
_read_delivery = reader(DeliveryDetail)
_read_hook_config = reader(HookConfigAnswer)


class AppCalls(Caller):
    """What is asked as our app."""

    def __init__(self, parts: Parts, *, slug: str | None) -> None:
        super().__init__(parts)
        self._page = parts.addresses.app_page(slug) if slug else None
        self._page_known_at: datetime | None = None
        self._calls_left: float | None = None

    async def app(self) -> App:
        """Return our app as GitHub knows it; one it does not know by this id is refused like a wrong key."""
        found = await self._get("/app", self._parts.app, _found_app, accept=NOT_FOUND)
        if found is None:
            raise AppRefused("GitHub does not know an app with the configured app id. An operator must correct it.")
        addresses = self._parts.addresses
        told = found.told(addresses)
        page = told.url if addresses.is_page(told.url) else addresses.app_page(told.slug)
        self._page, self._page_known_at = page, self._parts.clock.now()
        return told

    async def clock_offset(self) -> timedelta | None:
        """Return how far GitHub's clock is ahead, by the date of whatever it answers to our app."""
        before = self._parts.clock.now()
        theirs = await self._get("/app", self._parts.app, _date, accept=_ANY_ANSWER)
        if theirs is None:
            return None
        between = before + (self._parts.clock.now() - before) / 2
        # The header has no parts of a second, so half of one is what it leaves out on average.
        return theirs + timedelta(seconds=0.5) - between

    def manage_url(self, integration: Integration) -> str | None:
        """Return the page where the account's owners manage our app: GitHub's answer or the usual page.

        An address of another host is not followed, whatever a payload or a row says.
        """
        addresses, url = self._parts.addresses, integration.manage_url
        if url is not None and addresses.is_page(url):
            return url
        name, kind = integration.provider_name, integration.account_type
        if kind == "Enterprise" and name:
            return addresses.enterprise_installation_page(integration.provider_id, name)
        return addresses.installation_page(integration.provider_id, name if kind == "Organization" else None)

    async def installation(self, provider_id: str) -> Installation:
        """Return one installation; raises `InstallationGone`."""
        path = _installation_path(provider_id)
        found = await self._get(path, self._parts.app, _found_installation, accept=NOT_FOUND)
        if found is None:
            raise await self._gone()
        return found.told()

    async def installation_requests(self) -> Sequence[InstallationRequest]:
        """Return the requests that wait for an owner's approval."""
        async with aclosing(self._pages("/app/installation-requests", self._parts.app, _read_requests)) as found:
            return [request.told() async for page in found for request in page]

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
            minted = await self._mint(provider_id, repo_ids, permissions)
            outcome = "minted"
        except DomainError as error:
            outcome = error.code
            raise
        finally:
            if self._parts.metrics is not None:
                self._parts.metrics.minted(PROVIDER, outcome)
        return minted

    async def _mint(
        self, provider_id: str, repo_ids: Collection[RepoId] | None, permissions: Mapping[str, str] | None
    ) -> InstallationToken:
        call = Call(
            "POST",
            self._parts.addresses.of_api(_installation_path(provider_id) + "/access_tokens"),
            self._parts.app,
            _found_token,
            NOT_FOUND,
            json=_narrowing(repo_ids, permissions),
        )
        try:
            minted = await self._parts.transport.ask(call)
        except AppRefused as refused:
            await self.app()
            raise CredentialRefused(
                "GitHub does not issue a token for this installation. Try again later."
            ) from refused
        if minted is None:
            raise await self._gone()
        told = minted.told()
        self._parts.ages.note(told.token)
        return told

    async def uninstall(self, provider_id: str) -> None:
        """Remove the installation; GitHub may take a while to do it."""
        url = self._parts.addresses.of_api(_installation_path(provider_id))
        call = Call("DELETE", url, self._parts.app, _was_found, NOT_FOUND)
        if not await self._parts.transport.ask(call):
            await self.app()

    async def deliveries(self) -> AsyncGenerator[LoggedDelivery, None]:
        """Return the log of deliveries, newest first; each page is read when the one before is used up."""
        async with aclosing(
            self._pages("/app/hook/deliveries", self._parts.app, self._counting(_read_deliveries), at_once=1)
        ) as found:
            async for page in found:
                for delivery in page:
                    yield delivery.told()

    async def delivery_payload(self, logged_id: int) -> QuotedDelivery:
        """Return a logged delivery. The body is GitHub's text of it, whose bytes need not be those signed."""
        url = self._parts.addresses.of_api(f"/app/hook/deliveries/{logged_id:d}")
        read = self._counting(_read_delivery)
        call = Call("GET", url, self._parts.app, read, largest=_LARGEST_DELIVERY)
        return (await self._parts.transport.ask(call)).told()

    def calls_left(self) -> float | None:
        """Return the part GitHub last told of when the log was read."""
        return self._calls_left

    async def redeliver(self, logged_id: int) -> None:
        """Ask for the delivery to be sent again."""
        url = self._parts.addresses.of_api(f"/app/hook/deliveries/{logged_id:d}/attempts")
        await self._parts.transport.ask(Call("POST", url, self._parts.app, nothing))

    async def webhook_config(self) -> WebhookConfig:
        """Return where deliveries are sent."""
        return (await self._get("/app/hook/config", self._parts.app, _read_hook_config)).told()

    async def install_url(self, *, state: str, account_id: str | None = None) -> str:
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
        if known_at is None or self._parts.clock.now() - known_at >= _PAGE_IS_FRESH_FOR:
            try:
                await self.app()
            except (ProviderUnavailable, RateLimited):
                if self._page is None:
                    raise
        assert self._page is not None  # known from the settings, or from an answer just now
        return self._page

    def _counting(self, read: Callable[[Reply], T]) -> Callable[[Reply], T]:
        """Return what reads an answer and notes how many calls it leaves."""

        def counted(reply: Reply) -> T:
            self._calls_left = part_left(reply.headers)
            return read(reply)

        return counted

    async def _gone(self) -> InstallationGone:
        """Return the error, once it is sure: to an app that is unknown, every installation is."""
        await self.app()
        return InstallationGone("The installation of the app does not exist on GitHub. Install the app again.")


def _installation_path(provider_id: str) -> str:
    if not is_number(provider_id):
        raise InstallationGone("The installation of the app does not exist on GitHub. Install the app again.")
    return f"/app/installations/{provider_id}"


def _narrowing(repo_ids: Collection[RepoId] | None, permissions: Mapping[str, str] | None) -> dict[str, object] | None:
    body: dict[str, object] = {}
    if repo_ids is not None:
        # To GitHub an empty list means all repositories, the opposite of what it says.
        if not 0 < len(repo_ids) <= _MOST_REPOSITORIES:
            raise ValueError(f"a token can be limited to 1 to {_MOST_REPOSITORIES} repositories")
        body["repository_ids"] = [int(repo_id) for repo_id in repo_ids]
    if permissions is not None:
        body["permissions"] = dict(permissions)
    return body or None


def _date(reply: Reply) -> datetime | None:
    return reply.date


def _found_app(reply: Reply) -> AppAnswer | None:
    return None if reply.status == HTTPStatus.NOT_FOUND else _read_app(reply)


def _found_installation(reply: Reply) -> InstallationAnswer | None:
    return None if reply.status == HTTPStatus.NOT_FOUND else _read_installation(reply)


def _found_token(reply: Reply) -> TokenAnswer | None:
    return None if reply.status == HTTPStatus.NOT_FOUND else _read_token(reply)


def _was_found(reply: Reply) -> bool:
    return reply.status != HTTPStatus.NOT_FOUND
