"""What is asked as a person: who they are, what they see, and what they administer."""

import pytest
from starlette.responses import Response

from adapters.github.provider import GitHubProvider
from core.domain.install.installations import RepositoryAdministration
from core.domain.provider_errors import InstallationSuspended, NotVisible, PermissionMissing
from tests.support.builders import github_answers as answers
from tests.support.fakes.github import USER, ScriptedGitHub, refusal, reply

VISIBLE = "GET /user/installations/41/repositories"


async def test_returns_the_user_by_id(github: ScriptedGitHub, provider: GitHubProvider) -> None:
    """Name and addresses may be missing."""
    github.answers("GET /user", reply({"id": 7, "login": "mara", "name": None, "avatar_url": "https://a"}))
    found = await provider.get_person(USER)

    assert (found.id, found.login, found.name, found.avatar_url, found.email) == ("7", "mara", None, "https://a", None)
    assert github.received[0].headers["authorization"] == f"Bearer {USER.reveal()}"


async def test_lists_verified_addresses_primary_first(github: ScriptedGitHub, provider: GitHubProvider) -> None:
    """From all pages. An unverified address may belong to anyone."""
    first = [
        {"email": "old@acme.example", "verified": True, "primary": False, "visibility": None},
        {"email": "boss@acme.example", "verified": False, "primary": False, "visibility": None},
    ]
    second = [{"email": "mara@acme.example", "verified": True, "primary": True, "visibility": "public"}]
    link = f'<{github.url}/user/emails?per_page=100&page=2>; rel="next"'
    github.answers("GET /user/emails", reply(first, link=link), reply(second))

    assert await provider.list_verified_emails(USER) == ["mara@acme.example", "old@acme.example"]


@pytest.mark.parametrize("answer", [refusal(403, "Resource not accessible by integration"), refusal(404, "Not Found")])
async def test_addresses_need_a_permission(answer: Response, github: ScriptedGitHub, provider: GitHubProvider) -> None:
    """GitHub reports a missing permission in two ways."""
    github.answers("GET /user/emails", answer)

    with pytest.raises(PermissionMissing):
        await provider.list_verified_emails(USER)


async def test_lists_installations_of_all_pages(github: ScriptedGitHub, provider: GitHubProvider) -> None:
    """The relevant one may be on the second page."""
    path = "/user/installations"
    numbers = [*range(1, 101), 41_000]
    link = f'<{github.url}{path}?per_page=100&page=2>; rel="next", <{github.url}{path}?page=2>; rel="last"'
    pages = [
        {"total_count": 101, "installations": [answers.installation(number) for number in part]}
        for part in (numbers[:100], numbers[100:])
    ]
    github.answers(f"GET {path}", reply(pages[0], link=link), reply(pages[1]))

    visible = await provider.list_visible_installations(USER)
    assert [one.provider_id for one in visible.installations] == [str(number) for number in numbers]


def repositories_page(*admin: bool, total: int | None = None) -> dict[str, object]:
    """Make a page of repositories of which the person administers some."""
    repositories = [
        answers.repository(number, permissions={"admin": one, "pull": True})
        for number, one in enumerate(admin, start=1)
    ]
    return {"total_count": len(admin) if total is None else total, "repositories": repositories}


@pytest.mark.parametrize(
    ("page", "counted"),
    [
        (repositories_page(True, True), RepositoryAdministration(total=2, administered=2)),
        (repositories_page(True, False, False), RepositoryAdministration(total=3, administered=1)),
        (repositories_page(), RepositoryAdministration(total=0, administered=0)),
        (repositories_page(True, True, total=9), RepositoryAdministration(total=2, administered=2)),
    ],
    ids=["all", "some", "none", "more than are shown"],
)
async def test_counts_administered_repositories_itself(
    page: dict[str, object], counted: RepositoryAdministration, github: ScriptedGitHub, provider: GitHubProvider
) -> None:
    """A count that GitHub only reports is not a proof."""
    github.answers(VISIBLE, reply(page))

    assert await provider.count_administered(USER, "41") == counted


async def test_repository_without_permissions_is_not_administered(
    github: ScriptedGitHub, provider: GitHubProvider
) -> None:
    """GitHub may omit the permissions."""
    bare = answers.repository(1)
    del bare["permissions"]
    github.answers(VISIBLE, reply({"total_count": 1, "repositories": [bare]}))

    assert (await provider.count_administered(USER, "41")).administered == 0


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (refusal(404, "Not Found"), NotVisible),
        (refusal(403, "This installation has been suspended"), InstallationSuspended),
        (refusal(403, "You must have read access"), PermissionMissing),
    ],
)
async def test_invisible_installation_is_an_error(
    answer: Response, error: type[Exception], github: ScriptedGitHub, provider: GitHubProvider
) -> None:
    """Instead of a count of zero."""
    github.answers(VISIBLE, answer)

    with pytest.raises(error):
        await provider.count_administered(USER, "41")


async def test_invalid_installation_id_is_not_found(github: ScriptedGitHub, provider: GitHubProvider) -> None:
    """The id comes from a browser, and must not lead to another path."""
    with pytest.raises(NotVisible):
        await provider.count_administered(USER, "../../user")

    assert github.received == []
