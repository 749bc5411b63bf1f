"""Links between pages are read as they come."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.github.api.pages import list_next_urls, parse_links

API = "https://api.github.com/installation/repositories"

# What may stand between the angle brackets; commas and semicolons are the hard ones.
URLS = st.text(string.ascii_letters + string.digits + ":/?&=,;%.-_~[]@", min_size=1)
RELATIONS = st.sampled_from(["next", "prev", "first", "last"])


def test_reads_the_example_of_github() -> None:
    """From its documentation, with a repository by id."""
    header = (
        '<https://api.github.com/repositories/1300192/issues?page=2>; rel="prev", '
        '<https://api.github.com/repositories/1300192/issues?page=4>; rel="next", '
        '<https://api.github.com/repositories/1300192/issues?page=515>; rel="last", '
        '<https://api.github.com/repositories/1300192/issues?page=1>; rel="first"'
    )

    found = parse_links(header)

    assert found["next"].endswith("issues?page=4")
    assert set(found) == {"prev", "next", "last", "first"}


@given(st.dictionaries(RELATIONS, URLS), st.sampled_from([", ", ",", " ,  "]), st.booleans())
def test_reads_written_headers(written: dict[str, str], between: str, quoted: bool) -> None:
    """For any characters and spacing."""
    quote = '"' if quoted else ""
    header = between.join(f"<{url}>; rel={quote}{name}{quote}" for name, url in written.items())

    assert parse_links(header) == written


@given(st.text(max_size=300))
def test_reads_any_text_without_an_error(text: str) -> None:
    """A proxy may write anything; then there are no further pages."""
    list_next_urls(parse_links(text))


@pytest.mark.parametrize(
    "header", [None, "", "<", "<>", 'rel="next"', "<https://x>", '<https://x>; rel="', "<https://x>; rel=", ",,,;;"]
)
def test_header_without_a_link_has_no_pages(header: str | None) -> None:
    """A single page has no header."""
    assert parse_links(header).get("next") is None


def test_ignores_other_parameters() -> None:
    """Titles may contain commas, names any case, and a link several relations."""
    header = '<https://x/2>; title="a, b; rel=\\"prev\\""; REL="next last"; type=x'

    assert parse_links(header) == {"next": "https://x/2", "last": "https://x/2"}


def test_last_page_defines_all_pages() -> None:
    """They can be fetched concurrently; only the number changes in the URL."""
    linked = {"next": f"{API}?per_page=100&page=2&x=%2F", "last": f"{API}?page=4&per_page=100"}

    assert list_next_urls(linked) == [f"{API}?per_page=100&page={number}&x=%2F" for number in (2, 3, 4)]


@pytest.mark.parametrize(
    "last",
    [None, "https://x?cursor=abc", "https://x?page=", "https://x?page=1", "https://x?page=99999999", "https://["],
)
def test_otherwise_only_the_next_page_is_known(last: str | None) -> None:
    """With cursors, without a last page, or with an inconsistent one."""
    following_next = {"next": "https://x?page=2"} | ({"last": last} if last else {})

    assert list(list_next_urls(following_next)) == ["https://x?page=2"]


@pytest.mark.parametrize("linked", [{}, {"last": "https://x?page=1"}, {"prev": "https://x?page=8"}])
def test_last_page_has_no_next_page(linked: dict[str, str]) -> None:
    assert list(list_next_urls(linked)) == []
