"""URLs of the three kinds of GitHub, and paths from what others chose."""

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.github.urls import GitHubUrls, can_be_branch, is_numeric_id, is_same_origin, quote_segment

PUBLIC = GitHubUrls()
SERVER = GitHubUrls(api="https://github.acme.example/api/v3/", web="https://github.acme.example/")
RESIDENT = GitHubUrls(api="https://api.acme.ghe.com", web="https://acme.ghe.com")


@pytest.mark.parametrize(
    ("addresses", "api", "page"),
    [
        (PUBLIC, "https://api.github.com/app", "https://github.com/apps/crewkit"),
        (SERVER, "https://github.acme.example/api/v3/app", "https://github.acme.example/github-apps/crewkit"),
        (RESIDENT, "https://api.acme.ghe.com/app", "https://acme.ghe.com/apps/crewkit"),
    ],
    ids=["github.com", "Enterprise Server", "data residency"],
)
def test_base_url_distinguishes_github_servers(addresses: GitHubUrls, api: str, page: str) -> None:
    """An Enterprise Server also has another path for pages of apps."""
    assert addresses.api_url("/app") == api
    assert addresses.app_page("crewkit") == page
    assert addresses.is_page(page)


@pytest.mark.parametrize("url", ["https://evil.example/apps/x", "https://github.com.evil.example/", "javascript:0"])
def test_rejects_pages_of_other_hosts(url: str) -> None:
    """Browsers are redirected there."""
    assert not PUBLIC.is_page(url)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://api.github.com/a", "https://api.github.com:443/b?c", True),
        ("https://api.github.com", "http://api.github.com", False),
        ("https://api.github.com", "https://api.github.com:8443", False),
        ("https://api.github.com", "https://api.github.com@evil.example", False),
        ("https://api.github.com", "//api.github.com", False),
        ("https://api.github.com", "https://api.github.com:port", False),
    ],
)
def test_compares_whole_origins(one: str, other: str, same: bool) -> None:
    """A token is sent only to links of one origin."""
    assert is_same_origin(one, other) is same


@pytest.mark.parametrize("text", ["1", "186853002", "9223372036854775807"])
def test_accepts_numeric_ids(text: str) -> None:
    """Of up to 64 bits."""
    assert is_numeric_id(text)


@pytest.mark.parametrize("text", ["", "0", "-1", "1/../2", "٣", "1 ", "1\n", "0x1", "1e3", "9" * 20])
def test_rejects_other_ids(text: str) -> None:
    """They could lead to another path."""
    assert not is_numeric_id(text)


@pytest.mark.parametrize("name", ["main", "feature/fuel-gauge", "a#b", "ä/ö", "x.y", "100%", "a+b", "-", "@"])
def test_accepts_names_that_git_allows(name: str) -> None:
    """For example with slashes, hashes and letters of any language."""
    assert can_be_branch(name)


@pytest.mark.parametrize(
    "name",
    ["..", "../../user", "a/../b", ".hidden", "a/.b", "/a", "a//b", "a b", "a~1", "a^", "a:b", "a?", "a*",
     "a[", "a\\b", "a@{1}", "a\x00", "a\x7f", "a\nb"],
)  # fmt: skip
def test_rejects_names_that_git_forbids(name: str) -> None:
    """No branch has them, and some would lead to another path."""
    assert not can_be_branch(name)


@given(st.text(min_size=1))
def test_name_stays_in_its_path_segment(name: str) -> None:
    """In any spelling, the request is for a branch of that repository."""
    if can_be_branch(name) and not any(0xD800 <= ord(letter) < 0xE000 for letter in name):
        url = httpx.URL(PUBLIC.api_url(f"/repositories/7/branches/{quote_segment(name)}"))

        assert url.raw_path.startswith(b"/repositories/7/branches/")
        assert url.raw_path.count(b"/") == 4
        assert url.path == f"/repositories/7/branches/{name}"
