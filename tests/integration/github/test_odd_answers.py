"""Answers of GitHub's with odd parts: what is usable is used, and no odd answer counts as an outage."""

from collections.abc import Sequence

import pytest
from starlette.responses import Response

from adapters.github.api.limits import Limits, RetryPolicy
from adapters.github.provider import GitHubProvider
from core.domain.errors import DomainError
from core.domain.identifiers import RepoId
from core.domain.provider_errors import (
    AccountSuspended,
    AddressNotAllowed,
    AnswerUnreadable,
    EmailUnverified,
    LoginBlocked,
    PermissionMissing,
    RepositoryBlocked,
    SingleSignOnRequired,
)
from core.domain.secret import Secret
from testing.memory.metrics import MemoryMetrics
from tests.support.builders import github_answers as answers
from tests.support.checks.github_read import REPOSITORY, read
from tests.support.fakes.github import (
    ACCESS,
    ScriptedGitHub,
    Time,
    github_provider,
    refusal,
    reply,
    run_scripted_github,
)

LIST = "GET /installation/repositories"


async def list_repository_ids(provider: GitHubProvider) -> tuple[Sequence[str], bool]:
    """Return the ids of all repositories that are listed, and whether the list is complete."""
    pages = [page async for page in provider.list_repository_pages(ACCESS)]
    ids = [facts.repo_id for page in pages for facts in page.repositories]
    totals = {page.total for page in pages}
    return ids, all(page.whole for page in pages) and totals == {len(ids)}


async def test_lists_a_repository_without_an_owner(github: ScriptedGitHub, provider: GitHubProvider) -> None:
    """Its owner is unknown, and the other fields are stored."""
    body = answers.repositories(7, 8)
    body["repositories"][0] |= {"owner": None, "private": "yes", "id": "7", "pushed_at": 5}
    github.answers(LIST, reply(body))

    assert await list_repository_ids(provider) == (["7", "8"], True)


async def test_skips_a_null_row_and_removes_nothing(github: ScriptedGitHub, time: Time) -> None:
    """The listing is incomplete then, so a missing repository proves nothing."""
    body = answers.repositories(7, 8)
    body["repositories"].append(None)
    body["total_count"] = 3
    github.answers(LIST, reply(body))
    metrics = MemoryMetrics()
    async with github_provider(github.url, time, metrics=metrics) as provider:
        assert await list_repository_ids(provider) == (["7", "8"], False)

    assert metrics.odd[("github", "installation/repositories", "repositories[]")] >= 1
    assert metrics.breakers == {"github": False}


async def test_null_is_not_an_empty_list(github: ScriptedGitHub, provider: GitHubProvider) -> None:
    """An empty list would remove every repository."""
    github.answers(LIST, reply({"total_count": 0, "repositories": None}))

    with pytest.raises(AnswerUnreadable):
        await list_repository_ids(provider)


async def test_list_without_a_total_is_incomplete(github: ScriptedGitHub, provider: GitHubProvider) -> None:
    """Listed repositories are stored, and the others stay."""
    github.answers(LIST, reply({"repositories": []}))

    assert await list_repository_ids(provider) == ([], False)


async def test_unreadable_response_does_not_open_the_breaker(github: ScriptedGitHub, time: Time) -> None:
    """It has its own error code, and the next call is made at once."""
    metrics = MemoryMetrics()
    limits = Limits(retries=RetryPolicy(attempts=1))
    async with github_provider(github.url, time, limits=limits, metrics=metrics) as provider:
        for number in range(20):
            github.answers(REPOSITORY, reply({"id": "seven"}) if number % 2 else reply([]))
            with pytest.raises(AnswerUnreadable) as error:
                await read(provider)
            assert error.value.code == "provider_answer_unreadable"
            assert error.value.message.startswith("GitHub's response could not be read.")
        github.answers(REPOSITORY, reply(answers.repository(7)))
        assert await read(provider) == "acme/rocket-7"

    assert metrics.breakers == {"github": False}
    assert metrics.asks[("github", "unreadable")] == 20


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_follows_links_only_on_the_configured_host(
    scheme: str, github: ScriptedGitHub, provider: GitHubProvider
) -> None:
    """A proxy or an Enterprise Server writes its name into links; the token is not sent there."""
    async with run_scripted_github() as other:
        elsewhere = other.url.replace("http://", f"{scheme}://")
        link = f'<{elsewhere}/installation/repositories?per_page=100&page=2>; rel="next"'
        github.answers(
            LIST, reply(answers.repositories(7, total=2), link=link), reply(answers.repositories(8, total=2))
        )

        assert await list_repository_ids(provider) == (["7", "8"], True)
        assert other.received == []
    assert [one.query.get("page") for one in github.received] == [None, "2"]


@pytest.mark.parametrize("link", ["<javascript:alert(1)>", "<http://[>", "<>", "<//[::>"])
async def test_malformed_links_end_a_list(link: str, github: ScriptedGitHub, provider: GitHubProvider) -> None:
    """The total shows that the list is incomplete."""
    github.answers(LIST, reply(answers.repositories(7, total=2), link=f'{link}; rel="next"'))

    ids, is_complete = await list_repository_ids(provider)

    assert (ids, is_complete) == (["7"], False)
    assert len(github.received) <= 4


async def test_circular_links_end(github: ScriptedGitHub, provider: GitHubProvider) -> None:
    """Each page is read once in each listing."""
    link = '</installation/repositories?page=2&per_page=100>; rel="next"'
    github.answers(LIST, reply(answers.repositories(7, total=2), link=link))

    assert (await list_repository_ids(provider))[0] == ["7"]
    assert len(github.received) <= 4


async def test_skips_a_request_without_a_requester(github: ScriptedGitHub, provider: GitHubProvider) -> None:
    """It cannot connect a user; the others can."""
    complete = {"id": 1, "account": answers.account(), "requester": answers.account(5, "mara", "User")}
    github.answers("GET /app/installation-requests", reply([{**complete, "requester": None}, complete]))

    assert [request.requester_id for request in await provider.list_installation_requests()] == ["5"]


async def test_delivery_without_a_status_code_has_failed(github: ScriptedGitHub, provider: GitHubProvider) -> None:
    """The receiver sent no response."""
    one = {
        "id": 12,
        "guid": "0b989ba4-242f-11e5-81e1-c7b6966d2516",
        "delivered_at": "2026-11-20T10:00:00Z",
        "event": "push",
        "status": "timed out",
        "status_code": None,
        "installation_id": "41",
    }
    github.answers("GET /app/hook/deliveries", reply([None, one]))

    found = [delivery async for delivery in provider.list_deliveries()]

    assert [(delivery.id, delivery.status_code, delivery.succeeded) for delivery in found] == [(12, None, False)]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (refusal(403, "Resource protected by organization SAML enforcement."), SingleSignOnRequired),
        (refusal(403, "Forbidden", x_github_sso="required; url=https://github.com/orgs/a/sso"), SingleSignOnRequired),
        (refusal(403, "The `acme` organization has an IP allow list enabled"), AddressNotAllowed),
        (refusal(403, "Sorry. Your account was suspended."), AccountSuspended),
        (refusal(403, "Repository access blocked"), RepositoryBlocked),
        (refusal(451, "Repository unavailable due to DMCA takedown."), RepositoryBlocked),
        (refusal(403, "Maximum number of login attempts exceeded. Please try again later."), LoginBlocked),
        (refusal(403, "Resource not accessible by integration"), PermissionMissing),
    ],
)
async def test_each_error_has_its_own_code(
    answer: Response, error: type[DomainError], github: ScriptedGitHub, provider: GitHubProvider
) -> None:
    """Callers get GitHub's reason."""
    github.answers(REPOSITORY, answer)

    with pytest.raises(error) as refused:
        await read(provider)

    assert (type(refused.value), "reconnect" in refused.value.message.lower()) == (error, False)
    assert len(github.received) == 1


async def test_user_without_a_verified_address_gets_a_remedy(github: ScriptedGitHub, provider: GitHubProvider) -> None:
    """GitHub authorizes no app for such a user."""
    github.answers("POST /login/oauth/access_token", reply({"error": "unverified_user_email"}))

    with pytest.raises(EmailUnverified) as error:
        await provider.exchange_code(Secret("code"), redirect_uri=None, code_verifier=None)

    assert (
        error.value.message
        == "Your GitHub account has no verified email address. Verify one on GitHub, then try again."
    )


async def test_drops_urls_that_run_scripts(github: ScriptedGitHub, provider: GitHubProvider) -> None:
    """They are neither stored nor returned."""
    github.answers(REPOSITORY, reply(answers.repository(7, html_url="javascript:alert(1)", visibility="internal")))

    found = await provider.get_repository(ACCESS, RepoId("7"))

    assert (found.url, found.visibility) == (None, "internal")
