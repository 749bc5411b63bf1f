from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from adapters.github.addresses import GitHubUrls
from adapters.github.api.calls import Call, Response
from adapters.github.api.credentials import AppCredential, ClientCredential, Credential, TokenAges
from adapters.github.api.link_headers import PER_PAGE
from adapters.github.api.pages import Page, iterate_pages, make_page_reader
from adapters.github.api.transport import Transport
from core.domain.secret import Secret
from ports.system import Clock
from ports.telemetry import Metrics

T = TypeVar("T")

# Of the calls one credential may make at once, so that a person need not wait for a list to end.
MAX_CONCURRENT_PAGES = 4


@dataclass(frozen=True, slots=True)
class CallContext:
    """What calls are made with, whoever they are made as."""

    addresses: GitHubUrls
    transport: Transport
    clock: Clock
    app: AppCredential
    client: ClientCredential
    client_id: str
    client_secret: Secret
    ages: TokenAges
    metrics: Metrics | None


class ApiCalls:
    """The ways of asking that calls of all kinds share."""

    def __init__(self, parts: CallContext) -> None:
        self._context = parts

    async def _get(
        self, path: str, credential: Credential, read: Callable[[Response], T], *, accept: frozenset[int] = frozenset()
    ) -> T:
        url = self._context.addresses.api_url(path)
        return await self._context.transport.ask(Call("GET", url, credential, read, accept))

    def _pages(
        self,
        path: str,
        credential: Credential,
        read: Callable[[Response], T],
        *,
        accept: frozenset[int] = frozenset(),
        per_page: int = PER_PAGE,
        at_once: int = MAX_CONCURRENT_PAGES,
    ) -> AsyncGenerator[T, None]:
        """Return all pages of a list, in order if one at once; the path has no query."""
        url = self._context.addresses.api_url(f"{path}?per_page={per_page}")
        return iterate_pages(partial(self._fetch_page, credential, read, accept), url, at_once=at_once)

    async def _fetch_page(
        self, credential: Credential, read: Callable[[Response], T], accept: frozenset[int], url: str
    ) -> Page[T]:
        # Links are followed with a token, so only at the configured host, whatever host they name.
        locate = partial(self._context.addresses.resolve_link, requested=url)
        read_page = make_page_reader(read, locate)
        return await self._context.transport.ask(Call("GET", url, credential, read_page, accept))
