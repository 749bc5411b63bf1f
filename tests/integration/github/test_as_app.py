"""What GitHub tells our App of itself and of where it is installed."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from starlette.responses import Response

from adapters.github.provider import GitHubProvider
from core.domain.identifiers import IntegrationId, OrganizationId
from core.domain.organizations import Organization
from core.domain.provider import AppRefused, InstallationGone, ProviderUnavailable
from testing.builders.entities import an_integration
from tests.support.builders import github_answers as answers
from tests.support.builders.github_answers import INSTALLATION, REMOVE
from tests.support.fakes.github import ScriptedGitHub, Time, github_provider, refusal, reply


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
    ("account", "login"), [({"id": 9, "slug": "big", "name": "Big"}, "big"), (None, "")], ids=["enterprise", "none"]
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
    [("Organization", "/organizations/acme/settings/installations/41"), ("User", "/settings/installations/41")],
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


async def test_the_page_that_github_names_is_followed_on_its_host_alone(
    github: ScriptedGitHub, provider: GitHubProvider
) -> None:
    """An enterprise's page is its own; an address elsewhere is replaced by the usual one."""
    organization = Organization(OrganizationId(1), UUID(int=1), "Acme")
    integration = an_integration(
        IntegrationId(1), organization, provider_id="41", provider_name="acme", account_type="Enterprise"
    )
    usual = f"{github.url}/enterprises/acme/settings/installations/41"
    assert provider.manage_url(integration) == usual
    said = f"{github.url}/enterprises/acme-2/settings/installations/41"
    assert provider.manage_url(integration.with_manage_url(said)) == said
    for foreign in ("https://evil.example/settings", "javascript:alert(1)"):
        assert provider.manage_url(integration.with_manage_url(foreign)) == usual


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


@pytest.mark.parametrize("status", [202, 204, 404])
async def test_an_installation_is_removed_at_once_later_or_before(
    status: int, known: ScriptedGitHub, provider: GitHubProvider
) -> None:
    """GitHub's newer version takes its time, and one that is gone already is fine."""
    known.answers(REMOVE, Response(status_code=status))

    await provider.uninstall("41")

    assert len(known.asked(REMOVE)) == 1


async def test_people_install_on_the_apps_own_page(known: ScriptedGitHub, provider: GitHubProvider) -> None:
    """With state, and with the account chosen already where it is known."""
    known.answers("GET /app", reply({**answers.APP, "html_url": f"{known.url}/apps/crewkit"}))
    page = f"{known.url}/apps/crewkit/installations/new"

    assert await provider.install_url(state="a b") == f"{page}?state=a+b"
    assert await provider.install_url(state="s", account_id="9") == f"{page}/permissions?target_id=9&state=s"
    assert len(known.received) == 1


async def test_a_renamed_apps_new_page_is_found(known: ScriptedGitHub, provider: GitHubProvider, time: Time) -> None:
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


async def test_people_are_sent_to_no_page_but_githubs(known: ScriptedGitHub, provider: GitHubProvider) -> None:
    """Whatever the answer says."""
    known.answers("GET /app", reply({**answers.APP, "html_url": "https://evil.example/apps/crewkit"}))

    assert (await provider.install_url(state="s")).startswith(f"{known.url}/apps/crewkit/")
