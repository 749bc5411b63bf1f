"""Pagination by Link headers, in which only the page number is ever changed.

https://docs.github.com/rest/using-the-rest-api/using-pagination-in-the-rest-api
"""

import asyncio
import re
from collections import deque
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from urllib.parse import parse_qs, urlsplit

from adapters.github.api.calls import Response
from adapters.github.api.failures import Undecodable

PER_PAGE = 100
"""The maximum page size of GitHub; the default is 30."""

LIST_ATTEMPTS = 2
"""How often a list that changes meanwhile is read: rows that move between pages are missed or read twice."""

# More pages are a loop or a mistake: no installation has a million repositories.
MAX_PAGES = 10_000
_LONGEST_HEADER = 16_384

# https://www.rfc-editor.org/rfc/rfc8288#section-3: a URL can contain commas and semicolons.
_QUOTED = r'"(?:[^"\\]|\\.)*"'
_LINK = re.compile(rf'<([^<>]*)>((?:[^,<"]|{_QUOTED})*)')
_PARAMETER = re.compile(rf';\s*([^\s=;,"]+)\s*=\s*({_QUOTED}|[^\s;,"]*)')
_PAGE = re.compile(r"([?&]page=)[0-9]+")


def parse_links(header: str | None) -> Mapping[str, str]:
    """Return the URLs of a Link header by relation. The first URL of a relation counts."""
    urls: dict[str, str] = {}
    for url, parameters in _LINK.findall((header or "")[:_LONGEST_HEADER]):
        for name, value in _PARAMETER.findall(parameters):
            if name.lower() == "rel":
                for relation in value.strip('"').lower().split():
                    urls.setdefault(relation, url)
    return urls


def list_next_urls(links: Mapping[str, str]) -> Sequence[str]:
    """Return the URLs of all following pages if the last page is known, or else the URL of the next page."""
    url, last = links.get("next"), links.get("last")
    if url is None:
        return ()
    first, final = _parse_page_number(url), _parse_page_number(last)
    if first is None or final is None or not first <= final <= MAX_PAGES:
        return (url,)
    return [_PAGE.sub(rf"\g<1>{number}", url, count=1) for number in range(first, final + 1)]


def _parse_page_number(url: str | None) -> int | None:
    try:
        numbers = parse_qs(urlsplit(url or "").query).get("page", [])
        return int(numbers[0]) if len(numbers) == 1 and numbers[0].isascii() else None
    except ValueError:
        return None


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """The content of a page and its links."""

    holds: T
    links: Mapping[str, str]


def make_page_reader(
    read: Callable[[Response], T], locate: Callable[[str], str | None]
) -> Callable[[Response], Page[T]]:
    """Return a function that reads a page. `locate` returns the URL of a link, or None if it is malformed."""

    def read_page(response: Response) -> Page[T]:
        located = {relation: locate(link) for relation, link in parse_links(response.headers.get("link")).items()}
        if located.get("next", "") is None:
            response.skipped.add("link", "the link to the next page is malformed; expected a URL")
        return Page(read(response), {relation: url for relation, url in located.items() if url})

    return read_page


async def iterate_pages(
    fetch: Callable[[str], Coroutine[Any, Any, Page[T]]], url: str, *, max_concurrent: int
) -> AsyncGenerator[T, None]:
    """Return every page, fetched concurrently, in the order of arrival.

    Rows that move between pages meanwhile are returned twice or missed.
    """
    first = await fetch(url)
    planned = {url}
    waiting = deque(_plan_next_urls(first, planned))
    last = waiting[-1] if waiting else None
    running: dict[asyncio.Task[Page[T]], str] = {}
    yield first.holds
    try:
        while waiting or running:
            while waiting and len(running) < max_concurrent:
                next_url = waiting.popleft()
                running[asyncio.create_task(fetch(next_url))] = next_url
            done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                fetched_url = running.pop(task)
                page = task.result()
                if fetched_url == last:
                    # The list has grown, or its end was not known before.
                    waiting.extend(_plan_next_urls(page, planned))
                    last = waiting[-1] if waiting else None
                yield page.holds
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


def _plan_next_urls(page: Page[T], planned: set[str]) -> list[str]:
    """Return the following pages that are not planned yet, so that circular links end."""
    urls = [url for url in list_next_urls(page.links) if url not in planned]
    if len(planned) + len(urls) > MAX_PAGES:
        raise Undecodable(f"the list has more than {MAX_PAGES} pages")
    planned.update(urls)
    return urls
