"""What users of other products complained about, as far as a client of GitHub's API can prevent it.

Each test names the threads; each was somebody's bad day.
"""

import asyncio
from datetime import timedelta
from email.utils import format_datetime

import pytest
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from adapters.github.api.credentials import TokenCredential
from adapters.github.provider import GitHubProvider
from core.domain.identifiers import RepoId
from core.domain.provider_errors import (
    AppRefused,
    CredentialRefused,
    InstallationGone,
    InstallationSuspended,
    PermissionMissing,
    ProviderUnavailable,
    RateLimited,
)
from core.domain.secret import Secret
from core.domain.tokens.installation_tokens import InstallationAccess
from tests.support.builders import github_answers as answers
from tests.support.fakes.github import ACCESS, NOW, TOKEN, ScriptedGitHub, Time, refusal, reply, until

MINT = "POST /app/installations/41/access_tokens"
LIST = "GET /installation/repositories"
TRADE = "POST /login/oauth/access_token"
STATELESS = "ghs_1236_eyJhbGciOiJFUzI1NiJ9." + "aB3-_" * 90 + "." + "Zz09-" * 17


def token_response(token: str = "ghs_new") -> Response:
    """Answer with a token."""
    return reply({"token": token, "expires_at": "2026-11-23T13:00:00Z", "permissions": {}}, 201)


async def test_matches_a_late_approval_to_its_requester(github: ScriptedGitHub, provider: GitHubProvider) -> None:
    """sentry#89916, lightdash#11987, appwrite#13426: the return has no state, so only this list helps."""
    request = {"id": 1, "account": answers.account(), "requester": answers.account(7, "mara", "User")}
    github.answers("GET /app/installation-requests", reply([request]))

    (found,) = await provider.list_installation_requests()

    assert (found.requester_id, found.account_id, found.created_at) == ("7", "9", None)


async def test_distinguishes_seeing_from_administering_an_installation(
    github: ScriptedGitHub, provider: GitHubProvider
) -> None:
    """first-tree#312, weblate#20291: every member sees the account's installation, and one took it over."""
    github.answers("GET /user/installations", reply({"total_count": 1, "installations": [{"id": 41}]}))
    page = answers.repositories(1, 2, 3)
    page["repositories"][0]["permissions"]["admin"] = True
    github.answers("GET /user/installations/41/repositories", reply(page))

    visible = await provider.list_visible_installations(Secret("ghu_member"))
    assert [one.provider_id for one in visible.installations] == ["41"]
    counted = await provider.count_administered(Secret("ghu_member"), "41")
    assert (counted.total, counted.administered) == (3, 1)


async def test_lists_more_than_100_repositories(github: ScriptedGitHub, provider: GitHubProvider) -> None:
    """backstage#7112, openwork#3524, openship#65, trigger.dev#2463."""
    base = f"{github.url}/installation/repositories?per_page=100"

    def page(request: Request) -> Response:
        number = int(request.query_params.get("page", "1"))
        shown = range(1, 231)[(number - 1) * 100 : number * 100]
        link = f'<{base}&page={number + 1}>; rel="next", <{base}&page=3>; rel="last"' if number < 3 else ""
        return reply(answers.repositories(*shown, total=230), link=link)

    github.answers(LIST, page)
    found = [one async for page in provider.list_repository_pages(ACCESS) for one in page.repositories]

    assert len(found) == 230
    assert all(one.query["per_page"] == "100" for one in github.received)


async def test_reads_pages_concurrently(github: ScriptedGitHub, provider: GitHubProvider) -> None:
    """mergewatch.ai#2: sequential requests timed out."""
    running, go = 0, asyncio.Event()

    async def page(request: Request) -> Response:
        nonlocal running
        number = int(request.query_params.get("page", "1"))
        if number == 1:
            base = f"{github.url}/installation/repositories?per_page=100"
            link = f'<{base}&page=2>; rel="next", <{base}&page=5>; rel="last"'
            return reply(answers.repositories(1, total=5), link=link)
        running += 1
        await go.wait()
        return reply(answers.repositories(number, total=5))

    github.answers(LIST, page)

    async def read() -> int:
        return sum([len(page.repositories) async for page in provider.list_repository_pages(ACCESS)])

    reading = asyncio.create_task(read())
    await until(lambda: running == 4)
    go.set()

    assert await reading == 5


async def test_returns_the_page_to_configure_access(github: ScriptedGitHub, provider: GitHubProvider) -> None:
    """getsentry/sentry#103417, #107290: a new repository was missing without an explanation."""
    github.answers("GET /app/installations/41", reply(answers.installation()))

    found = await provider.get_installation("41")

    assert found.manage_url == "https://github.com/organizations/acme/settings/installations/41"


async def test_finds_a_renamed_or_transferred_repository_by_id(
    github: ScriptedGitHub, provider: GitHubProvider
) -> None:
    """getsentry/sentry#110261, piperbox#433, polar#1092: links broke after renames."""
    github.answers("GET /repositories/7", reply(answers.repository(7, full_name="apollo/booster")))
    github.answers("GET /repositories/7/branches", reply([answers.branch("main")]))

    assert (await provider.get_repository(ACCESS, RepoId("7"))).full_name == "apollo/booster"
    assert len(await provider.list_branches(ACCESS, RepoId("7"), prefix="", limit=5)) == 1


async def test_does_not_follow_a_reused_name(github: ScriptedGitHub, provider: GitHubProvider) -> None:
    """agola#49, buildomat#11: a redirect leads to the repository that has the name now."""
    github.answers("GET /repositories/7", RedirectResponse("/repos/acme/rocket", 301))
    github.answers("GET /repos/acme/rocket", reply(answers.repository(666)))

    with pytest.raises(ProviderUnavailable):
        await provider.get_repository(ACCESS, RepoId("7"))


async def test_stale_installation_is_gone(github: ScriptedGitHub, provider: GitHubProvider) -> None:
    """curie#1257, mastra#20348, langwatch#6291: after a reinstallation the former id is 404 permanently."""
    github.answers("GET /app", reply(answers.APP))
    github.answers(MINT, refusal(404, "Not Found"))

    with pytest.raises(InstallationGone):
        await provider.mint_token("41")


@pytest.mark.parametrize("status", [500, 502, 503, 504])
async def test_outage_while_minting_keeps_the_installation(
    status: int, github: ScriptedGitHub, provider: GitHubProvider
) -> None:
    """mastra#20481: a 502 was treated as a deleted installation."""
    github.answers(MINT, refusal(status, "Not Found"))

    with pytest.raises(ProviderUnavailable):
        await provider.mint_token("41")


async def test_every_call_reports_a_suspended_installation(github: ScriptedGitHub, provider: GitHubProvider) -> None:
    """allstar#314, renovate-ce-ee#391, codecov/shared#237: crashes, and "not found" as the reason."""
    suspended = refusal(403, "This installation has been suspended")
    for request in (MINT, LIST, "GET /repositories/7/branches"):
        github.answers(request, suspended)

    with pytest.raises(InstallationSuspended):
        await provider.mint_token("41")
    with pytest.raises(InstallationSuspended):
        _ = [page async for page in provider.list_repository_pages(ACCESS)]
    with pytest.raises(InstallationSuspended):
        await provider.list_branches(ACCESS, RepoId("7"), prefix="", limit=5)


async def test_sends_a_refresh_token_once(github: ScriptedGitHub, provider: GitHubProvider) -> None:
    """appwrite#12972, bloop#208, calkit-cloud#317: it works once, and a retry locked the user out."""
    github.answers(TRADE, refusal(502, "Server Error"), reply({"access_token": "ghu_1"}))

    with pytest.raises(ProviderUnavailable):
        await provider.refresh(Secret("ghr_once"))

    assert len(github.received) == 1


async def test_distinguishes_a_rejected_refresh_token_from_an_outage(
    github: ScriptedGitHub, provider: GitHubProvider
) -> None:
    """codecov/shared#52: the error has status 200 and was treated as tokens."""
    github.answers(TRADE, reply({"error": "bad_refresh_token", "error_description": "..."}))

    with pytest.raises(CredentialRefused):
        await provider.refresh(Secret("ghr_used"))


async def test_retries_a_new_installation_token(github: ScriptedGitHub, provider: GitHubProvider, time: Time) -> None:
    """octokit/auth-app.js#65, kargo#6630: GitHub accepts it everywhere a few seconds later."""
    bad = refusal(401, "Bad credentials")
    github.answers(MINT, token_response())
    github.answers(LIST, bad, bad, reply(answers.repositories(1)))
    access = InstallationAccess("41", (await provider.mint_token("41")).token)

    found = [one async for page in provider.list_repository_pages(access) for one in page.repositories]

    assert (len(found), time.slept) == (1, [1.0, 2.0])


async def test_retries_a_new_token_of_another_process(
    github: ScriptedGitHub, provider: GitHubProvider, time: Time
) -> None:
    """kargo#6630: minting again creates more tokens that GitHub does not know yet."""
    github.answers(LIST, refusal(401, "Bad credentials"), reply(answers.repositories(1)))

    found = [one async for page in provider.list_repository_pages(ACCESS) for one in page.repositories]

    assert (len(found), time.slept) == (1, [1.0])


async def test_retries_a_new_user_token(github: ScriptedGitHub, provider: GitHubProvider, time: Time) -> None:
    """coder#8956: 401 right after a refresh, in a distant region."""
    github.answers(TRADE, reply({"access_token": "ghu_new"}))
    github.answers("GET /user", refusal(401, "Bad credentials"), reply({"id": 7, "login": "mara"}))
    token = (await provider.refresh(Secret("ghr_1"))).access_token

    assert (await provider.get_person(token)).id == "7"
    assert time.slept == [1.0]


async def test_gives_up_a_token_that_stays_rejected(
    github: ScriptedGitHub, provider: GitHubProvider, time: Time
) -> None:
    """The caller does not wait long for a revoked token."""
    github.answers(MINT, token_response())
    github.answers(LIST, refusal(401, "Bad credentials"))
    access = InstallationAccess("41", (await provider.mint_token("41")).token)

    with pytest.raises(CredentialRefused):
        _ = [page async for page in provider.list_repository_pages(access)]
    assert sum(time.slept) <= 6
    slept = len(time.slept)
    with pytest.raises(CredentialRefused):
        _ = [page async for page in provider.list_repository_pages(access)]
    assert len(time.slept) == slept


@pytest.mark.parametrize("skew", [timedelta(minutes=11), timedelta(minutes=-2)])
async def test_works_on_a_host_with_a_wrong_clock(
    skew: timedelta, github: ScriptedGitHub, provider: GitHubProvider
) -> None:
    """octokit/auth-app.js#698, AL-Go#2289, probot#967: permanent 401 on hosts with a fast or slow clock."""
    wrong = refusal(401, "'Issued at' claim", date=format_datetime(NOW + skew, usegmt=True))
    github.answers("GET /app", wrong, reply(answers.APP))

    assert (await provider.get_app()).slug == "crewkit"
    await provider.get_app()
    assert len(github.received) == 3


async def test_distinguishes_kinds_of_403(github: ScriptedGitHub, provider: GitHubProvider) -> None:
    """backstage#33932, backstage-plugin-dora-scorecard#7: one kind was treated as another."""
    github.answers("GET /repositories/1", refusal(403, "Resource not accessible by integration"))
    github.answers("GET /repositories/2", refusal(403, "API rate limit exceeded", x_ratelimit_remaining="0"))

    with pytest.raises(PermissionMissing):
        await provider.get_repository(ACCESS, RepoId("1"))
    with pytest.raises(RateLimited):
        await provider.get_repository(ACCESS, RepoId("2"))


async def test_does_not_list_installations_for_a_token(github: ScriptedGitHub, provider: GitHubProvider) -> None:
    """backstage#33821: all installations were listed for every token."""
    github.answers(MINT, token_response())
    await provider.mint_token("41")

    assert [(one.method, one.path) for one in github.received] == [("POST", "/app/installations/41/access_tokens")]


async def test_accepts_long_tokens(github: ScriptedGitHub, provider: GitHubProvider) -> None:
    """lock-threads#55, amplify-hosting#4106, trivy#10826: 520 characters with dots broke validators."""
    github.answers(MINT, token_response(STATELESS))
    github.answers(LIST, reply(answers.repositories(1)))
    access = InstallationAccess("41", (await provider.mint_token("41")).token)
    _ = [page async for page in provider.list_repository_pages(access)]

    assert access.token.reveal() == STATELESS
    assert github.requests_of(LIST)[0].headers["authorization"] == f"Bearer {STATELESS}"


async def test_rotated_key_suspends_no_installation(github: ScriptedGitHub, provider: GitHubProvider) -> None:
    """GitHub rejects every mint then, so the app is checked first."""
    for request in ("GET /app", MINT):
        github.answers(request, refusal(401, "A JSON web token could not be decoded"))

    with pytest.raises(AppRefused):
        await provider.mint_token("41")


def test_keys_of_rate_limits_are_not_tokens() -> None:
    """The rate limits in memory contain no usable token."""
    assert TOKEN.reveal() not in repr(vars(TokenCredential(TOKEN, ages=None)))  # type: ignore[arg-type]
