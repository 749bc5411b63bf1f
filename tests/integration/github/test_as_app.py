"""What is asked as our app."""

import json
from contextlib import aclosing
from datetime import UTC, datetime
from uuid import UUID

import pytest
from starlette.responses import Response

from adapters.github.provider import GitHubProvider
from core.domain.deliveries import QuotedDelivery
from core.domain.identifiers import IntegrationId, OrganizationId, RepoId
from core.domain.organizations import Organization
from core.domain.provider import (
    AppRefused,
    CredentialRefused,
    InstallationGone,
    InstallationSuspended,
    NotVisible,
    PermissionMissing,
    ProviderUnavailable,
)
from tests.support import github_answers as answers
from tests.support.builders import an_integration
from tests.support.github import ScriptedGitHub, Time, github_provider, refusal, reply

INSTALLATION = "GET /app/installations/41"
MINT = "POST /app/installations/41/access_tokens"
REMOVE = "DELETE /app/installations/41"
MINTED = {"token": "ghs_x", "expires_at": "2026-11-23T13:00:00Z", "permissions": {"contents": "read"}}


@pytest.fixture
def known(github: ScriptedGitHub) -> ScriptedGitHub:
    """Give a GitHub that accepts our app."""
    github.answers("GET /app", reply(answers.APP))
    return github


async def test_our_app_is_told_whole(known: ScriptedGitHub, provider: GitHubProvider) -> None:
    """What `doctor` compares with what we need."""
    app = await provider.app()

    assert (app.id, app.slug, app.client_id) == ("1236", "crewkit", "Iv1.8a61f9b3a7aba766")
    assert app.permissions == {"contents": "read", "metadata": "read"}
    assert app.events == {"push", "repository"}
    assert known.received[0].headers["authorization"].startswith("Bearer eyJ")


async def test_an_app_of_another_id_is_refused(github: ScriptedGitHub, provider: GitHubProvider) -> None:
    """GitHub answers 404 to a claim of an app it does not know."""
    github.answers("GET /app", refusal(404, "Integration not found"))

    with pytest.raises(AppRefused):
        await provider.app()


async def test_an_installation_is_told_whole(known: ScriptedGitHub, provider: GitHubProvider) -> None:
    """With the page where its owner manages it, and suspended or not."""
    known.answers(INSTALLATION, reply(answers.installation(suspended_at="2026-11-01T00:00:00Z")))
    found = await provider.installation("41")

    assert (found.provider_id, found.account_id, found.account_login) == ("41", "9", "acme")
    assert (found.account_type, found.repository_selection) == ("Organization", "selected")
    assert found.manage_url == "https://github.com/organizations/acme/settings/installations/41"
    assert found.suspended_at == datetime(2026, 11, 1, tzinfo=UTC)
    assert found.updated_at == datetime(2026, 2, 3, 8, 5, 6, tzinfo=UTC)


@pytest.mark.parametrize(
    ("account", "login"),
    [({"id": 9, "slug": "big", "name": "Big"}, "big"), (None, "")],
    ids=["enterprise", "none"],
)
async def test_an_enterprises_installation_has_a_slug_for_a_login(
    account: dict[str, object] | None, login: str, known: ScriptedGitHub, provider: GitHubProvider
) -> None:
    """GitHub describes accounts that are no users, and even none."""
    known.answers(INSTALLATION, reply(answers.installation(account=account, target_type="Enterprise")))
    found = await provider.installation("41")

    assert (found.account_id, found.account_login, found.account_type) == ("9", login, "Enterprise")


@pytest.mark.parametrize(
    ("account_type", "page"),
    [
        ("Organization", "/organizations/acme/settings/installations/41"),
        ("User", "/settings/installations/41"),
    ],
)
def test_where_an_installation_is_managed_is_known_without_asking(
    account_type: str, page: str, github: ScriptedGitHub, provider: GitHubProvider
) -> None:
    """Also while GitHub is down; as GitHub itself tells it in `html_url`."""
    organization = Organization(OrganizationId(1), UUID(int=1), "Acme")
    integration = an_integration(
        IntegrationId(1), organization, provider_id="41", provider_name="acme", account_type=account_type
    )

    assert provider.manage_url(integration) == github.url + page


@pytest.mark.parametrize("provider_id", ["", "0", "../app", "41?x", "41/access_tokens", "٤١"])
async def test_an_id_that_is_none_of_githubs_is_gone(
    provider_id: str, github: ScriptedGitHub, provider: GitHubProvider
) -> None:
    """And asks for no other path."""
    for call in (provider.installation, provider.mint_token, provider.uninstall):
        with pytest.raises(InstallationGone):
            await call(provider_id)

    assert github.received == []


async def test_requests_come_from_all_pages(known: ScriptedGitHub, provider: GitHubProvider) -> None:
    """Each with the ids by which its approval is recognised."""
    path = "/app/installation-requests"
    request = {
        "id": 1,
        "account": answers.account(),
        "requester": answers.account(7, "mara", "User"),
        "created_at": "2026-11-22T08:00:00Z",
    }
    known.answers(
        f"GET {path}",
        reply([request], link=f'<{known.url}{path}?per_page=100&page=2>; rel="next"'),
        reply([{**request, "requester": answers.account(8, "noor", "User")}]),
    )

    found = await provider.installation_requests()

    assert [(one.requester_id, one.account_id) for one in found] == [("7", "9"), ("8", "9")]
    assert known.asked(f"GET {path}")[0].query == {"per_page": "100"}


async def test_a_token_of_the_whole_installation_is_asked_for_without_a_body(
    known: ScriptedGitHub, provider: GitHubProvider
) -> None:
    """A body would narrow it."""
    known.answers(MINT, reply(MINTED, 201))
    minted = await provider.mint_token("41")

    assert minted.token.reveal() == "ghs_x"
    assert minted.expires_at == datetime(2026, 11, 23, 13, tzinfo=UTC)
    assert minted.permissions == {"contents": "read"}
    assert known.received[0].body == b""


async def test_a_token_is_narrowed_as_asked(known: ScriptedGitHub, provider: GitHubProvider) -> None:
    """To repositories by number and to permissions."""
    known.answers(MINT, reply(MINTED, 201))
    await provider.mint_token("41", repo_ids=[RepoId("7"), RepoId("8")], permissions={"contents": "read"})

    assert known.received[0].json == {"repository_ids": [7, 8], "permissions": {"contents": "read"}}
    assert known.received[0].headers["content-type"] == "application/json"


@pytest.mark.parametrize("count", [0, 501])
async def test_a_token_for_no_repository_is_never_asked_for(
    count: int, github: ScriptedGitHub, provider: GitHubProvider
) -> None:
    """GitHub would take the empty list for all of them; more than 500 it refuses."""
    with pytest.raises(ValueError, match="1 to 500"):
        await provider.mint_token("41", repo_ids=[RepoId(str(number)) for number in range(count)])

    assert github.received == []


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (refusal(403, "This installation has been suspended"), InstallationSuspended),
        (refusal(403, "Resource not accessible by integration"), PermissionMissing),
        (refusal(422, "The permissions requested are not granted to this installation."), PermissionMissing),
        (refusal(422, "There is at least one repository that does not exist"), NotVisible),
        (refusal(404, "Not Found"), InstallationGone),
        (refusal(401, "A JSON web token could not be decoded"), CredentialRefused),
    ],
    ids=["suspended", "forbidden", "not granted", "not covered", "gone", "refused"],
)
async def test_a_refused_token_is_the_installations_while_the_app_is_accepted(
    answer: Response, error: type[Exception], known: ScriptedGitHub, provider: GitHubProvider
) -> None:
    """The app asks for itself with the same key before anyone is blamed."""
    known.answers(MINT, answer)

    with pytest.raises(error) as refused:
        await provider.mint_token("41")

    assert not isinstance(refused.value, AppRefused)


@pytest.mark.parametrize("status", [401, 404])
async def test_a_refused_app_blames_no_installation(
    status: int, github: ScriptedGitHub, provider: GitHubProvider
) -> None:
    """To an app with a wrong key or id every installation looks refused or gone."""
    for request in ("GET /app", INSTALLATION, MINT, REMOVE):
        github.answers(request, refusal(status, "no"))

    for call in (provider.mint_token, provider.installation, provider.uninstall):
        with pytest.raises(AppRefused):
            await call("41")


async def test_a_missing_installation_is_not_gone_while_github_is_down(
    github: ScriptedGitHub, provider: GitHubProvider
) -> None:
    """A 404 in the midst of an outage proves nothing."""
    github.answers("GET /app", refusal(500, "Server Error"))
    for request in (INSTALLATION, MINT):
        github.answers(request, refusal(404, "Not Found"))

    for call in (provider.mint_token, provider.installation):
        with pytest.raises(ProviderUnavailable):
            await call("41")


@pytest.mark.parametrize("status", [202, 204, 404])
async def test_an_installation_is_removed_at_once_later_or_before(
    status: int, known: ScriptedGitHub, provider: GitHubProvider
) -> None:
    """GitHub's newer version takes its time, and one that is gone already is fine."""
    known.answers(REMOVE, Response(status_code=status))

    await provider.uninstall("41")

    assert len(known.asked(REMOVE)) == 1


async def test_the_log_of_deliveries_is_read_as_far_as_wanted(
    known: ScriptedGitHub, provider: GitHubProvider
) -> None:
    """Newest first, by cursor; a page nobody wants is not asked for."""
    path = "/app/hook/deliveries"
    next_page = f'<{known.url}{path}?per_page=100&cursor=v1_5>; rel="next"'
    timed_out = answers.delivery(
        4, status="timed out", status_code=0, installation_id=None, repository_id=None, action="opened"
    )
    known.answers(
        f"GET {path}", reply([answers.delivery(6), answers.delivery(5)], link=next_page), reply([timed_out])
    )

    async with aclosing(provider.deliveries()) as log:
        newest = await anext(log)
        assert len(known.received) == 1
        rest = [logged async for logged in log]

    assert [newest.id, *(logged.id for logged in rest)] == [6, 5, 4]
    assert (newest.guid, newest.event_type, newest.installation_id) == (
        "0b989ba4-242f-11e5-81e1-000000000006",
        "push",
        41,
    )
    assert newest.repo_id == "7"
    assert newest.succeeded
    assert not rest[-1].succeeded
    assert (rest[-1].installation_id, rest[-1].repo_id, rest[-1].action) == (None, None, "opened")
    assert known.received[1].query == {"per_page": "100", "cursor": "v1_5"}


async def test_a_logged_delivery_comes_with_the_payloads_own_text(
    known: ScriptedGitHub, provider: GitHubProvider
) -> None:
    """Numbers, order and escapes stay as GitHub writes them."""
    text = b'{"b": 1.50, "a": "\\u00fc", "n": 12345678901234567890}'
    detail = b'{"id": 6, "guid": "g-6", "event": "push", "request": {"headers": null, "payload": %b}}' % text
    known.answers("GET /app/hook/deliveries/6", Response(detail, media_type="application/json"))

    assert await provider.delivery_payload(6) == QuotedDelivery("github", "g-6", "push", text)


async def test_a_payload_quoted_as_text_is_unquoted(known: ScriptedGitHub, provider: GitHubProvider) -> None:
    """As forms are logged."""
    detail = {"guid": "g-6", "event": "push", "request": {"payload": "payload=%7B%7D"}}
    known.answers("GET /app/hook/deliveries/6", reply(detail))

    assert (await provider.delivery_payload(6)).body == b"payload=%7B%7D"


async def test_large_payloads_are_read(known: ScriptedGitHub, provider: GitHubProvider) -> None:
    """GitHub sends up to 25 MB, far more than any list."""
    text = json.dumps({"blob": "x" * 25_000_000}).encode()
    detail = b'{"guid": "g-6", "event": "push", "request": {"payload": %b}}' % text
    known.answers("GET /app/hook/deliveries/6", Response(detail, media_type="application/json"))

    assert (await provider.delivery_payload(6)).body == text


@pytest.mark.parametrize(
    ("told", "left"),
    [({}, None), ({"limit": "5000", "remaining": "1250"}, 0.25), ({"limit": "0", "remaining": "0"}, None)],
)
async def test_what_is_left_of_the_hours_calls_is_known(
    told: dict[str, str], left: float | None, known: ScriptedGitHub, provider: GitHubProvider
) -> None:
    """By the last answer about the log; servers without limits say nothing."""
    detail = {"guid": "g-6", "event": "push", "request": {"payload": {}}}
    answer = reply(detail)
    answer.headers.update({f"x-ratelimit-{name}": value for name, value in told.items()})
    known.answers("GET /app/hook/deliveries/6", answer)
    assert provider.calls_left() is None

    await provider.delivery_payload(6)

    assert provider.calls_left() == left


@pytest.mark.parametrize(
    "answer",
    [refusal(404, "Not Found"), refusal(422, "no"), reply({"guid": "g-6", "event": "push", "request": {}})],
)
async def test_a_delivery_that_is_no_longer_logged_is_not_visible(
    answer: Response, known: ScriptedGitHub, provider: GitHubProvider
) -> None:
    """After three days it is gone."""
    known.answers("GET /app/hook/deliveries/6", answer)

    with pytest.raises(NotVisible):
        await provider.delivery_payload(6)


async def test_a_delivery_is_sent_again(known: ScriptedGitHub, provider: GitHubProvider) -> None:
    """Once for each time it is asked for."""
    known.answers("POST /app/hook/deliveries/6/attempts", reply({}, 202))

    await provider.redeliver(6)

    assert len(known.received) == 1


async def test_the_webhook_is_told_without_its_secret(
    known: ScriptedGitHub, provider: GitHubProvider
) -> None:
    """GitHub masks it anyway."""
    config = {"url": "https://git.example/hooks", "content_type": "form", "secret": "********"}
    known.answers("GET /app/hook/config", reply(config))

    found = await provider.webhook_config()

    assert (found.url, found.content_type) == ("https://git.example/hooks", "form")


async def test_people_install_on_the_apps_own_page(known: ScriptedGitHub, provider: GitHubProvider) -> None:
    """With state, and with the account chosen already where it is known."""
    known.answers("GET /app", reply({**answers.APP, "html_url": f"{known.url}/apps/crewkit"}))
    page = f"{known.url}/apps/crewkit/installations/new"

    assert await provider.install_url(state="a b") == f"{page}?state=a+b"
    assert await provider.install_url(state="s", account_id="9") == f"{page}/permissions?target_id=9&state=s"
    assert len(known.received) == 1


async def test_a_renamed_apps_new_page_is_found(
    known: ScriptedGitHub, provider: GitHubProvider, time: Time
) -> None:
    """The old one is gone at once, and nobody wants to change settings for it."""
    await provider.install_url(state="s")
    known.answers("GET /app", reply({**answers.APP, "slug": "newkit"}))
    time.pass_by(600)

    assert await provider.install_url(state="s") == f"{known.url}/apps/newkit/installations/new?state=s"


async def test_the_page_is_known_from_settings_while_github_is_down(
    github: ScriptedGitHub, time: Time, provider: GitHubProvider
) -> None:
    """Without that, there is nowhere to send people."""
    github.answers("GET /app", refusal(502, "Server Error"))

    assert await provider.install_url(state="s") == f"{github.url}/apps/crewkit/installations/new?state=s"
    async with github_provider(github.url, time, slug=None) as nameless:
        with pytest.raises(ProviderUnavailable):
            await nameless.install_url(state="s")


async def test_people_are_sent_to_no_page_but_githubs(
    known: ScriptedGitHub, provider: GitHubProvider
) -> None:
    """Whatever the answer says."""
    known.answers("GET /app", reply({**answers.APP, "html_url": "https://evil.example/apps/crewkit"}))

    assert (await provider.install_url(state="s")).startswith(f"{known.url}/apps/crewkit/")
