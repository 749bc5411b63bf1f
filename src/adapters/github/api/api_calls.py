from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from adapters.github.api.calls import MAX_RESPONSE_BYTES, Call, Response
from adapters.github.api.credentials import AppCredential, ClientCredential, Credential, TokenAges
from adapters.github.api.pages import PER_PAGE, Page, iterate_pages, make_page_reader
from adapters.github.api.transport import Transport
from adapters.github.urls import GitHubUrls
from core.domain.secret import Secret
from ports.system import Clock
from ports.telemetry import Metrics

T = TypeVar("T")

# Less than `Limits.max_concurrent`, so that a person's request need not wait until a list is complete.
MAX_CONCURRENT_PAGES = 4


@dataclass(frozen=True, slots=True)
class CallContext:
    """What all API calls need, whatever their credential."""

    urls: GitHubUrls
    transport: Transport
    clock: Clock
    app: AppCredential
    client: ClientCredential
    client_id: str
    client_secret: Secret
    ages: TokenAges
    metrics: Metrics | None


class ApiCalls:
    """Requests that the calls of all credentials share."""

    def __init__(self, context: CallContext) -> None:
        self._context = context

    async def _send(
        self,
        method: str,
        path: str,
        credential: Credential,
        read: Callable[[Response], T],
        *,
        accept: frozenset[int] = frozenset(),
        json: object = None,
        max_bytes: int = MAX_RESPONSE_BYTES,
    ) -> T:
        """Send a request to an API path, and return what `read` returns."""
        url = self._context.urls.api_url(path)
        call = Call(method, url, credential, read, accept, json=json, max_bytes=max_bytes)
        return await self._context.transport.execute(call)

    async def _get(
        self, path: str, credential: Credential, read: Callable[[Response], T], *, accept: frozenset[int] = frozenset()
    ) -> T:
        return await self._send("GET", path, credential, read, accept=accept)

    def _pages(
        self,
        path: str,
        credential: Credential,
        read: Callable[[Response], T],
        *,
        accept: frozenset[int] = frozenset(),
        per_page: int = PER_PAGE,
        max_concurrent: int = MAX_CONCURRENT_PAGES,
    ) -> AsyncGenerator[T, None]:
        """Return all pages of a list, in order if `max_concurrent` is 1. The path must not have a query."""
        url = self._context.urls.api_url(f"{path}?per_page={per_page}")
        return iterate_pages(partial(self._fetch_page, credential, read, accept), url, max_concurrent=max_concurrent)

    async def _fetch_page(
        self, credential: Credential, read: Callable[[Response], T], accept: frozenset[int], url: str
    ) -> Page[T]:
        # Links are followed with a token, so only at the configured host, even if they name another host.
        locate = partial(self._context.urls.resolve_link, requested=url)
        read_page = make_page_reader(read, locate)
        return await self._context.transport.execute(Call("GET", url, credential, read_page, accept))
