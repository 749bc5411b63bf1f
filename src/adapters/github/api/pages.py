import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from adapters.github.api.calls import Reply
from adapters.github.api.link_headers import MOST_PAGES, following, links
from adapters.github.api.unavailable import Undecodable

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """What one page holds, and where others are."""

    holds: T
    links: Mapping[str, str]


def page_reader(read: Callable[[Reply], T], locate: Callable[[str], str | None]) -> Callable[[Reply], Page[T]]:
    """Return a function that reads a page; `locate` returns a link's URL, or None for a malformed one."""

    def read_page(reply: Reply) -> Page[T]:
        linked = {relation: locate(link) for relation, link in links(reply.headers.get("link")).items()}
        if linked.get("next", "") is None:
            reply.odd.add("link", "the link to the next page is malformed; expected a URL")
        return Page(read(reply), {relation: url for relation, url in linked.items() if url})

    return read_page


async def pages(fetch: Callable[[str], Awaitable[Page[T]]], url: str, *, at_once: int) -> AsyncGenerator[T, None]:
    """Return every page, several fetched at once and given as they come; in order if one at once.

    Not promised: that all are of one moment. What moves between pages meanwhile is seen twice or missed.
    """
    first = await fetch(url)
    planned = {url}
    waiting = deque(_further(first, planned))
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
                    waiting.extend(_further(page, planned))
                    last = waiting[-1] if waiting else None
                yield page.holds
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


def _further(page: Page[T], planned: set[str]) -> list[str]:
    """Return the pages after this one that are not planned yet, so that links in a circle end."""
    found = [url for url in following(page.links) if url not in planned]
    if len(planned) + len(found) > MOST_PAGES:
        raise Undecodable(f"the list has more than {MOST_PAGES} pages")
    planned.update(found)
    return found


async def _fetched(fetch: Callable[[str], Awaitable[Page[T]]], url: str) -> Page[T]:
    return await fetch(url)
