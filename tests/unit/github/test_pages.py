"""Pages are fetched several at once, each once, and no longer than somebody wants them."""

import asyncio
from contextlib import aclosing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.github.api.pages import Page, iterate_pages
from tests.support.fakes.github import until


class Book:
    """Pages by number, linked as GitHub links them."""

    def __init__(self, length: int, *, has_last_link: bool = True) -> None:
        self.length = length
        self.has_last_link = has_last_link
        self.fetched: list[int] = []
        self.running = 0
        self.most = 0
        self.hold: asyncio.Event | None = None

    async def fetch(self, url: str) -> Page[int]:
        """Fetch one."""
        number = int(url.rpartition("=")[2]) if "?" in url else 1
        self.fetched.append(number)
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            await (self.hold.wait() if self.hold and number > 1 else asyncio.sleep(0))
        finally:
            self.running -= 1
        linked = {}
        if number < self.length:
            linked["next"] = f"https://x?page={number + 1}"
            if self.has_last_link:
                linked["last"] = f"https://x?page={self.length}"
        return Page(number, linked)


@given(st.integers(1, 30), st.booleans(), st.integers(1, 6))
def test_reads_every_page_once(length: int, has_last_link: bool, max_concurrent: int) -> None:
    """With and without a last page in the first response."""
    book = Book(length, has_last_link=has_last_link)

    async def read() -> list[int]:
        return [page async for page in iterate_pages(book.fetch, "https://x", max_concurrent=max_concurrent)]

    read_pages = asyncio.run(read())

    assert sorted(read_pages) == list(range(1, length + 1))
    assert sorted(book.fetched) == sorted(read_pages)
    assert book.most <= max_concurrent
    if max_concurrent == 1:
        assert read_pages == sorted(read_pages)


async def test_fetches_pages_concurrently() -> None:
    """100 sequential pages would take a minute."""
    book = Book(9)
    _ = [page async for page in iterate_pages(book.fetch, "https://x", max_concurrent=4)]

    assert book.most == 4


async def test_reads_a_growing_list_to_its_end() -> None:
    """A page appeared after the first response."""
    book = Book(3)
    seen = []
    async for page in iterate_pages(book.fetch, "https://x", max_concurrent=2):
        seen.append(page)
        book.length = 5

    assert sorted(seen) == [1, 2, 3, 4, 5]


async def test_circular_links_end() -> None:

    async def circle(_url: str) -> Page[int]:
        return Page(1, {"next": "https://x?page=2"})

    assert [page async for page in iterate_pages(circle, "https://x", max_concurrent=2)] == [1, 1]


async def test_stops_after_the_reader_ends() -> None:
    """After a match or a cancellation."""
    book = Book(50)
    book.hold = asyncio.Event()
    async with aclosing(iterate_pages(book.fetch, "https://x", max_concurrent=4)) as found:
        await anext(found)
        waiting = asyncio.ensure_future(anext(found))
        await until(lambda: book.running == 4)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    assert book.running == 0
    assert len(book.fetched) == 5


async def test_failing_page_fails_the_listing() -> None:
    """Half a list would look like removed repositories."""
    book = Book(8)

    async def fetch(url: str) -> Page[int]:
        if url.endswith("=5"):
            raise ConnectionError("page 5")
        return await book.fetch(url)

    with pytest.raises(ConnectionError, match="page 5"):
        _ = [page async for page in iterate_pages(fetch, "https://x", max_concurrent=4)]
    assert book.running == 0
