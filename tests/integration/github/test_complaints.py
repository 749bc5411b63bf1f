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
from core.domain.provider import (
    AppRefused,
    CredentialRefused,
    InstallationAccess,
    InstallationGone,
    InstallationSuspended,
    PermissionMissing,
    ProviderUnavailable,
    RateLimited,
)
from core.domain.secret import Secret
from tests.support.builders import github_answers as answers
from tests.support.fakes.github import ACCESS, NOW, TOKEN, ScriptedGitHub, Time, refusal, reply, until

MINT = "POST /app/installations/41/access_tokens"
LIST = "GET /installation/repositories"
TRADE = "POST /login/oauth/access_token"
STATELESS = "ghs_1236_eyJhbGciOiJFUzI1NiJ9." + "aB3-_" * 90 + "." + "Zz09-" * 17


def minted(token: str = "ghs_new") -> Response:
    """Answer with a token."""
    return reply({"token": token, "expires_at": "2026-11-23T13:00:00Z", "permissions": {}}, 201)


async def test_an_owners_late_approval_can_be_matched_to_who_asked(
    github: ScriptedGitHub, provider: GitHubProvider
) -> None:
    """sentry#89916, lightdash#11987, appwrite#13426: the return has no state, so only this list tells."""
    request = {"id": 1, "account": answers.account(), "requester": answers.account(7, "mara", "User")}
    github.answers("GET /app/installation-requests", reply([request]))

    (found,) = await provider.installation_requests()

    assert (found.requester_id, found.account_id, found.created_at) == ("7", "9", None)


async def test_seeing_an_installation_is_told_apart_from_administering_it(
    github: ScriptedGitHub, provider: GitHubProvider
) -> None:
    """first-tree#312, weblate#20291: every member sees the account's installation, and one took it over."""
    github.answers("GET /user/installations", reply({"total_count": 1, "installations": [{"id": 41}]}))
    page = answers.repositories(1, 2, 3)
    page["repositories"][0]["permissions"]["admin"] = True
    github.answers("GET /user/installations/41/repositories", reply(page))

    visible = await provider.visible_installations(Secret("ghu_member"))
    assert [one.provider_id for one in visible.installations] == ["41"]
    counted = await provider.administration(Secret("ghu_member"), "41")
    assert (counted.total, counted.administered) == (3, 1)


async def test_more_than_the_first_30_or_100_repositories_appear(
    github: ScriptedGitHub, provider: GitHubProvider
) -> None:
    """backstage#7112, openwork#3524, openship#65, trigger.dev#2463."""
    base = f"{github.url}/installation/repositories?per_page=100"

    def page(request: Request) -> Response:
        number = int(request.query_params.get("page", "1"))
        shown = range(1, 231)[(number - 1) * 100 : number * 100]
        link = f'<{base}&page={number + 1}>; rel="next", <{base}&page=3>; rel="last"' if number < 3 else ""
        return reply(answers.repositories(*shown, total=230), link=link)

    github.answers(LIST, page)
    found = [one async for page in provider.repositories(ACCESS) for one in page.repositories]

    assert len(found) == 230
    assert all(one.query["per_page"] == "100" for one in github.received)


async def test_reading_all_pages_does_not_take_a_roundtrip_each(
    github: ScriptedGitHub, provider: GitHubProvider
) -> None:
    """mergewatch.ai#2: one page after another timed out."""
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
        return sum([len(page.repositories) async for page in provider.repositories(ACCESS)])

    reading = asyncio.create_task(read())
    await until(lambda: running == 4)
    go.set()

    assert await reading == 5


async def test_where_to_configure_access_is_known(github: ScriptedGitHub, provider: GitHubProvider) -> None:
    """getsentry/sentry#103417, #107290: a new repository was missing, and nothing said where to add it."""
    github.answers("GET /app/installations/41", reply(answers.installation()))

    found = await provider.installation("41")

    assert found.manage_url == "https://github.com/organizations/acme/settings/installations/41"


async def test_a_renamed_or_transferred_repository_is_found_by_its_number(
    github: ScriptedGitHub, provider: GitHubProvider
) -> None:
    """getsentry/sentry#110261, piperbox#433, polar#1092: links broke when names moved."""
    github.answers("GET /repositories/7", reply(answers.repository(7, full_name="apollo/booster")))
    github.answers("GET /repositories/7/branches", reply([answers.branch("main")]))

    assert (await provider.repository(ACCESS, RepoId("7"))).full_name == "apollo/booster"
    assert len(await provider.branches(ACCESS, RepoId("7"), prefix="", limit=5)) == 1


async def test_a_name_taken_over_by_another_repository_is_not_followed(
    github: ScriptedGitHub, provider: GitHubProvider
) -> None:
    """agola#49, buildomat#11: a redirect ends at whoever has the name now."""
    github.answers("GET /repositories/7", RedirectResponse("/repos/acme/rocket", 301))
    github.answers("GET /repos/acme/rocket", reply(answers.repository(666)))

    with pytest.raises(ProviderUnavailable):
        await provider.repository(ACCESS, RepoId("7"))


async def test_a_stale_installation_is_gone_rather_than_failing_for_ever(
    github: ScriptedGitHub, provider: GitHubProvider
) -> None:
    """curie#1257, mastra#20348, langwatch#6291: after installing again the old id answers 404 for good."""
    github.answers("GET /app", reply(answers.APP))
    github.answers(MINT, refusal(404, "Not Found"))

    with pytest.raises(InstallationGone):
        await provider.mint_token("41")


@pytest.mark.parametrize("status", [500, 502, 503, 504])
async def test_an_outage_while_minting_does_not_lose_the_installation(
    status: int, github: ScriptedGitHub, provider: GitHubProvider
) -> None:
    """mastra#20481: 502 was taken for an installation that is gone."""
    github.answers(MINT, refusal(status, "Not Found"))

    with pytest.raises(ProviderUnavailable):
        await provider.mint_token("41")


async def test_a_suspended_installation_is_told_as_such_everywhere(
    github: ScriptedGitHub, provider: GitHubProvider
) -> None:
    """allstar#314, renovate-ce-ee#391, codecov/shared#237: crashes, and "not found" for a reason."""
    suspended = refusal(403, "This installation has been suspended")
    for request in (MINT, LIST, "GET /repositories/7/branches"):
        github.answers(request, suspended)

    with pytest.raises(InstallationSuspended):
        await provider.mint_token("41")
    with pytest.raises(InstallationSuspended):
        _ = [page async for page in provider.repositories(ACCESS)]
    with pytest.raises(InstallationSuspended):
        await provider.branches(ACCESS, RepoId("7"), prefix="", limit=5)


async def test_a_refresh_token_is_never_shown_twice(github: ScriptedGitHub, provider: GitHubProvider) -> None:
    """appwrite#12972, bloop#208, calkit-cloud#317: it works once, and a retry locked the person out."""
    github.answers(TRADE, refusal(502, "Server Error"), reply({"access_token": "ghu_1"}))

    with pytest.raises(ProviderUnavailable):
        await provider.refresh(Secret("ghr_once"))

    assert len(github.received) == 1


async def test_a_refused_refresh_token_is_told_apart_from_an_outage(
    github: ScriptedGitHub, provider: GitHubProvider
) -> None:
    """codecov/shared#52: the refusal comes with status 200 and was taken for tokens."""
    github.answers(TRADE, reply({"error": "bad_refresh_token", "error_description": "..."}))

    with pytest.raises(CredentialRefused):
        await provider.refresh(Secret("ghr_used"))


async def test_a_token_made_a_moment_ago_may_be_refused_for_a_moment(
    github: ScriptedGitHub, provider: GitHubProvider, time: Time
) -> None:
    """octokit/auth-app.js#65, kargo#6630: GitHub knows it everywhere a few seconds later."""
    bad = refusal(401, "Bad credentials")
    github.answers(MINT, minted())
    github.answers(LIST, bad, bad, reply(answers.repositories(1)))
    access = InstallationAccess("41", (await provider.mint_token("41")).token)

    found = [one async for page in provider.repositories(access) for one in page.repositories]

    assert (len(found), time.slept) == (1, [1.0, 2.0])


async def test_a_token_another_process_made_a_moment_ago_may_be_too(
    github: ScriptedGitHub, provider: GitHubProvider, time: Time
) -> None:
    """kargo#6630: whoever mints again instead makes more tokens that are not known yet."""
    github.answers(LIST, refusal(401, "Bad credentials"), reply(answers.repositories(1)))

    found = [one async for page in provider.repositories(ACCESS) for one in page.repositories]

    assert (len(found), time.slept) == (1, [1.0])


async def test_a_persons_new_token_may_be_refused_for_a_moment(
    github: ScriptedGitHub, provider: GitHubProvider, time: Time
) -> None:
    """coder#8956: 401 right after a refresh, far from GitHub."""
    github.answers(TRADE, reply({"access_token": "ghu_new"}))
    github.answers("GET /user", refusal(401, "Bad credentials"), reply({"id": 7, "login": "mara"}))
    token = (await provider.refresh(Secret("ghr_1"))).access_token

    assert (await provider.person(token)).id == "7"
    assert time.slept == [1.0]


async def test_a_token_that_stays_refused_is_dead_after_seconds(
    github: ScriptedGitHub, provider: GitHubProvider, time: Time
) -> None:
    """Nobody waits for one that was revoked."""
    github.answers(MINT, minted())
    github.answers(LIST, refusal(401, "Bad credentials"))
    access = InstallationAccess("41", (await provider.mint_token("41")).token)

    with pytest.raises(CredentialRefused):
        _ = [page async for page in provider.repositories(access)]
    assert sum(time.slept) <= 6
    slept = len(time.slept)
    with pytest.raises(CredentialRefused):
        _ = [page async for page in provider.repositories(access)]
    assert len(time.slept) == slept


@pytest.mark.parametrize("skew", [timedelta(minutes=11), timedelta(minutes=-2)])
async def test_a_host_with_a_wrong_clock_works(
    skew: timedelta, github: ScriptedGitHub, provider: GitHubProvider
) -> None:
    """octokit/auth-app.js#698, AL-Go#2289, probot#967: 401 for ever on hosts that run fast or slow."""
    wrong = refusal(401, "'Issued at' claim", date=format_datetime(NOW + skew, usegmt=True))
    github.answers("GET /app", wrong, reply(answers.APP))

    assert (await provider.app()).slug == "crewkit"
    await provider.app()
    assert len(github.received) == 3


async def test_a_403_is_not_always_a_rate_limit_nor_a_permission(
    github: ScriptedGitHub, provider: GitHubProvider
) -> None:
    """backstage#33932, backstage-plugin-dora-scorecard#7: one was taken for the other."""
    github.answers("GET /repositories/1", refusal(403, "Resource not accessible by integration"))
    github.answers("GET /repositories/2", refusal(403, "API rate limit exceeded", x_ratelimit_remaining="0"))

    with pytest.raises(PermissionMissing):
        await provider.repository(ACCESS, RepoId("1"))
    with pytest.raises(RateLimited):
        await provider.repository(ACCESS, RepoId("2"))


async def test_no_quota_is_burnt_on_looking_up_installations(github: ScriptedGitHub, provider: GitHubProvider) -> None:
    """backstage#33821: all installations were listed for every token."""
    github.answers(MINT, minted())
    await provider.mint_token("41")

    assert [(one.method, one.path) for one in github.received] == [("POST", "/app/installations/41/access_tokens")]


async def test_tokens_of_the_new_long_form_pass_unchanged(github: ScriptedGitHub, provider: GitHubProvider) -> None:
    """lock-threads#55, amplify-hosting#4106, trivy#10826: 520 letters with dots broke validators."""
    github.answers(MINT, minted(STATELESS))
    github.answers(LIST, reply(answers.repositories(1)))
    access = InstallationAccess("41", (await provider.mint_token("41")).token)
    _ = [page async for page in provider.repositories(access)]

    assert access.token.reveal() == STATELESS
    assert github.asked(LIST)[0].headers["authorization"] == f"Bearer {STATELESS}"


async def test_a_key_rotated_away_is_one_problem_not_one_for_each_customer(
    github: ScriptedGitHub, provider: GitHubProvider
) -> None:
    """Every mint is refused then; the app itself is asked before anyone is blamed."""
    for request in ("GET /app", MINT):
        github.answers(request, refusal(401, "A JSON web token could not be decoded"))

    with pytest.raises(AppRefused):
        await provider.mint_token("41")


def test_a_key_of_limits_is_not_a_token() -> None:
    """What is kept of tokens in memory for limits lets nobody in."""
    assert TOKEN.reveal() not in repr(vars(TokenCredential(TOKEN, ages=None)))  # type: ignore[arg-type]
