"""What is asked with an installation's token."""

import asyncio
from collections import Counter
from datetime import UTC, datetime

import pytest
from starlette.requests import Request
from starlette.responses import Response

from adapters.github.provider import GitHubProvider
from core.domain.catalog.branches import Branch
from core.domain.identifiers import RepoId
from core.domain.provider_errors import NotVisible
from tests.support.builders import github_answers as answers
from tests.support.fakes.github import ACCESS, TOKEN, ScriptedGitHub, refusal, reply

LIST = "GET /installation/repositories"
BRANCHES = "GET /repositories/7/branches"
REPO = RepoId("7")


class Listing:
    """An installation's repositories, served in pages as GitHub does."""

    def __init__(self, github: ScriptedGitHub, numbers: list[int], path: str = "/installation/repositories") -> None:
        self.numbers = numbers
        self.running = self.most = 0
        self._url = f"{github.url}{path}"
        github.answers(f"GET {path}", self.page)

    async def page(self, request: Request) -> Response:
        """Serve one page."""
        self.running += 1
        self.most = max(self.most, self.running)
        await asyncio.sleep(0.002)
        self.running -= 1
        size, number = int(request.query_params["per_page"]), int(request.query_params.get("page", "1"))
        shown, last = self.numbers[(number - 1) * size : number * size], -(-len(self.numbers) // size)
        links = [
            f'<{self._url}?per_page={size}&page={page}>; rel="{name}"'
            for name, page in (("next", number + 1), ("last", last))
            if number < last
        ]
        return reply(answers.repositories(*shown, total=len(self.numbers)), link=", ".join(links))


async def read(provider: GitHubProvider) -> tuple[list[int], int, bool]:
    """Return all repositories' numbers in order, the last total, and whether these are all."""
    found, total, whole = [], 0, True
    async for page in provider.list_repository_pages(ACCESS):
        found += [int(one.repo_id) for one in page.repositories]
        total, whole = page.total, page.whole
    return sorted(found), total, whole


@pytest.mark.parametrize("count", [0, 1, 99, 100, 101, 950])
async def test_lists_each_repository_once(count: int, github: ScriptedGitHub, provider: GitHubProvider) -> None:
    """For any number, with few calls, some of them concurrent."""
    listing = Listing(github, list(range(1, count + 1)))

    assert await read(provider) == (list(range(1, count + 1)), count, True)
    assert len(github.received) == max(1, -(-count // 100))
    assert listing.most <= 4


async def test_returns_a_repository(github: ScriptedGitHub, provider: GitHubProvider) -> None:
    """All fields of the catalog; fields that GitHub omits are empty."""
    github.answers("GET /repositories/7", reply(answers.repository(7, archived=True, description="Boosters")))
    found = await provider.get_repository(ACCESS, REPO)

    assert (found.repo_id, found.full_name, found.private) == ("7", "acme/rocket-7", True)
    assert found.url == "https://github.com/acme/rocket-7"
    assert (found.owner_id, found.archived, found.fork) == ("9", True, False)
    assert (found.default_branch, found.description, found.language) == ("main", "Boosters", "Python")
    assert found.pushed_at == datetime(2026, 11, 20, 10, tzinfo=UTC)
    assert found.updated_at == datetime(2026, 11, 21, 10, tzinfo=UTC)
    assert found.whole


@pytest.mark.parametrize("repo_id", ["", "../app", "7/branches", "7?x", "acme/rocket", "\uff10"])
async def test_invalid_repository_id_is_not_found(
    repo_id: str, github: ScriptedGitHub, provider: GitHubProvider
) -> None:
    """No request is sent, since the id would lead to another path."""
    with pytest.raises(NotVisible):
        await provider.get_repository(ACCESS, RepoId(repo_id))
    with pytest.raises(NotVisible):
        await provider.list_branches(ACCESS, RepoId(repo_id), prefix="", limit=10)
    with pytest.raises(NotVisible):
        await provider.find_branch(ACCESS, RepoId(repo_id), "main")

    assert github.received == []


async def test_removal_during_a_listing_hides_no_repository(github: ScriptedGitHub, provider: GitHubProvider) -> None:
    """Later repositories move to a page that was already read."""
    listing = Listing(github, list(range(1, 301)))
    found = []
    async for page in provider.list_repository_pages(ACCESS):
        found += [int(one.repo_id) for one in page.repositories]
        if 1 in listing.numbers:
            listing.numbers.remove(1)

    assert sorted(found) == list(range(1, 301))
    assert page.whole


async def test_addition_during_a_listing_repeats_no_repository(
    github: ScriptedGitHub, provider: GitHubProvider
) -> None:
    """Later repositories move to the next page, so GitHub returns some of them twice."""
    listing = Listing(github, list(range(2, 302)))
    found: Counter[int] = Counter()
    async for page in provider.list_repository_pages(ACCESS):
        found.update(int(one.repo_id) for one in page.repositories)
        if 1 not in listing.numbers:
            listing.numbers.insert(0, 1)

    assert set(found.values()) == {1}
    assert set(found) == set(range(1, 302))


async def test_reports_an_inconsistent_listing(github: ScriptedGitHub, provider: GitHubProvider) -> None:
    """A wrong total does not cause endless reading, and proves no removal."""
    github.answers(LIST, reply(answers.repositories(1, 2, total=5)))

    assert await read(provider) == ([1, 2], 5, False)
    assert len(github.received) == 2


async def test_lists_branches_by_name(github: ScriptedGitHub, provider: GitHubProvider) -> None:
    """At most the requested number, in one call."""
    github.answers(BRANCHES, reply([answers.branch("b"), answers.branch("a", protected=True)]))

    assert await provider.list_branches(ACCESS, REPO, prefix="", limit=10) == [
        Branch("a", "a" * 40, protected=True),
        Branch("b", "a" * 40, protected=False),
    ]
    assert github.received[0].query == {"per_page": "10"}


async def test_lists_branches_over_several_pages(github: ScriptedGitHub, provider: GitHubProvider) -> None:
    """Reads pages until it has the requested number."""
    base = f"{github.url}/repositories/7/branches?per_page=100&page="
    names = [f"task/{number:04}" for number in range(500)]

    def page(request: Request) -> Response:
        number = int(request.query_params.get("page", "1"))
        shown = names[(number - 1) * 100 : number * 100]
        link = f'<{base}{number + 1}>; rel="next", <{base}5>; rel="last"' if number < 5 else ""
        return reply([answers.branch(name) for name in shown], link=link)

    github.answers(BRANCHES, page)
    found = await provider.list_branches(ACCESS, REPO, prefix="", limit=250)

    assert [branch.name for branch in found] == names[:250]
    assert len(github.received) <= 4


async def test_searches_branches_on_github(github: ScriptedGitHub, provider: GitHubProvider) -> None:
    """Among any number; a slash in the prefix does not split the path."""
    request = "GET /repositories/7/git/matching-refs/heads/feature%2Ff%23%C3%BC"
    github.answers(request, reply([answers.ref("feature/f#ü-2"), answers.ref("feature/f#ü-1")]))

    found = await provider.list_branches(ACCESS, REPO, prefix="feature/f#ü", limit=10)

    assert found == [
        Branch("feature/f#ü-1", "b" * 40, protected=None),
        Branch("feature/f#ü-2", "b" * 40, protected=None),
    ]


async def test_empty_repository_has_no_branches(github: ScriptedGitHub, provider: GitHubProvider) -> None:
    """GitHub answers the search with 409."""
    empty = refusal(409, "Git Repository is empty.")
    github.answers("GET /repositories/7/git/matching-refs/heads/m", empty)
    github.answers(BRANCHES, reply([]))

    assert await provider.list_branches(ACCESS, REPO, prefix="m", limit=10) == []
    assert await provider.list_branches(ACCESS, REPO, prefix="", limit=10) == []


@pytest.mark.parametrize(("prefix", "limit"), [("../../user", 10), ("a b", 10), ("a..b", 10), ("", 0)])
async def test_invalid_prefix_needs_no_request(
    prefix: str, limit: int, github: ScriptedGitHub, provider: GitHubProvider
) -> None:
    """Some prefixes would be another path."""
    assert await provider.list_branches(ACCESS, REPO, prefix=prefix, limit=limit) == []
    assert await provider.find_branch(ACCESS, REPO, prefix) is None
    assert github.received == []


async def test_branches_of_an_invisible_repository_are_an_error(
    github: ScriptedGitHub, provider: GitHubProvider
) -> None:
    """Which differs from an empty list."""
    with pytest.raises(NotVisible):
        await provider.list_branches(ACCESS, REPO, prefix="", limit=10)
    with pytest.raises(NotVisible):
        await provider.list_branches(ACCESS, REPO, prefix="x", limit=10)
    assert len(github.received) == 2


async def test_finds_a_branch_by_its_exact_name(github: ScriptedGitHub, provider: GitHubProvider) -> None:
    """Whatever letters it has."""
    github.answers("GET /repositories/7/branches/release%2F2026%2309", reply(answers.branch("release/2026#09")))

    assert await provider.find_branch(ACCESS, REPO, "release/2026#09") == Branch("release/2026#09", "a" * 40, False)


async def test_missing_or_renamed_branch_is_none(github: ScriptedGitHub, provider: GitHubProvider) -> None:
    """GitHub redirects to the new name, which is another branch."""
    github.answers("GET /repositories/7", reply(answers.repository(7)))
    github.answers("GET /repositories/7/branches/old", reply(status=301, location="/repositories/7/branches/new"))
    github.answers("GET /repositories/7/branches/new", reply(answers.branch("new")))

    assert await provider.find_branch(ACCESS, REPO, "gone") is None
    assert await provider.find_branch(ACCESS, REPO, "old") is None


async def test_branch_of_an_invisible_repository_is_an_error(github: ScriptedGitHub, provider: GitHubProvider) -> None:
    """GitHub's two 404 responses differ only in their text, so the repository is fetched."""
    github.answers("GET /repositories/7/branches/main", refusal(404, "Not Found"))

    with pytest.raises(NotVisible):
        await provider.find_branch(ACCESS, REPO, "main")


@pytest.mark.parametrize("status", [204, 401])
async def test_revokes_a_token(status: int, github: ScriptedGitHub, provider: GitHubProvider) -> None:
    """A token that is already invalid is not an error."""
    github.answers("DELETE /installation/token", reply(status=status))

    await provider.revoke_token(TOKEN)

    assert len(github.received) == 1
