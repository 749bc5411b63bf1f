import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from adapters.github.api.calls import Response
from adapters.github.api.link_headers import MAX_PAGES, list_next_urls, parse_links
from adapters.github.api.unavailable import Undecodable

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """What one page holds, and where others are."""

    holds: T
    links: Mapping[str, str]


def make_page_reader(
    read: Callable[[Response], T], locate: Callable[[str], str | None]
) -> Callable[[Response], Page[T]]:
    """Return a function that reads a page; `locate` returns a link's URL, or None for a malformed one."""

    def read_page(response: Response) -> Page[T]:
        linked = {relation: locate(link) for relation, link in parse_links(response.headers.get("link")).items()}
        if linked.get("next", "") is None:
            response.skipped.add("link", "the link to the next page is malformed; expected a URL")
        return Page(read(response), {relation: url for relation, url in linked.items() if url})

    return read_page


async def iterate_pages(
    fetch: Callable[[str], Awaitable[Page[T]]], url: str, *, at_once: int
) -> AsyncGenerator[T, None]:
    """Return every page, several fetched at once and given as they come; in order if one at once.

    Not promised: that all are of one moment. What moves between pages meanwhile is seen twice or missed.
    """
    first = await fetch(url)
    planned = {url}
    waiting = deque(_plan_next_urls(first, planned))
    last = waiting[-1] if waiting else None
    running: dict[asyncio.Task[Page[T]], str] = {}
    yield first.holds
    try:
        while waiting or running:
            while waiting and len(running) < at_once:
                begun = waiting.popleft()
                running[asyncio.create_task(_fetched(fetch, begun))] = begun
            done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                ended = running.pop(task)
                page = task.result()
                if ended == last:
                    # The list has grown, or its end was not told before.
                    waiting.extend(_plan_next_urls(page, planned))
                    last = waiting[-1] if waiting else None
                yield page.holds
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


def _plan_next_urls(page: Page[T], planned: set[str]) -> list[str]:
    """Return the pages after this one that are not planned yet, so that links in a circle end."""
    found = [url for url in list_next_urls(page.links) if url not in planned]
    if len(planned) + len(found) > MAX_PAGES:
        raise Undecodable(f"the list has more than {MAX_PAGES} pages")
    planned.update(found)
    return found


async def _fetched(fetch: Callable[[str], Awaitable[Page[T]]], url: str) -> Page[T]:
    return await fetch(url)
