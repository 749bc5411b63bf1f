"""Calls as the App: the App itself and its installations."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from starlette.responses import Response

from adapters.github.provider import GitHubProvider
from core.domain.identifiers import IntegrationId, OrganizationId
from core.domain.organizations import Organization
from core.domain.provider_errors import AppRefused, InstallationGone, ProviderUnavailable
from testing.builders.entities import build_integration
from tests.support.builders import github_answers as answers
from tests.support.builders.github_answers import INSTALLATION, REMOVE
from tests.support.fakes.github import ScriptedGitHub, Time, github_provider, refusal, reply


async def test_returns_the_app(known: ScriptedGitHub, provider: GitHubProvider) -> None:
    """`doctor` compares it with the required configuration."""
    app = await provider.get_app()

    assert (app.id, app.slug, app.client_id) == ("1236", "crewkit", "Iv1.8a61f9b3a7aba766")
    assert app.permissions == {"contents": "read", "metadata": "read"}
    assert app.events == {"push", "repository"}
    assert known.received[0].headers["authorization"].startswith("Bearer eyJ")


async def test_rejects_an_unknown_app_id(github: ScriptedGitHub, provider: GitHubProvider) -> None:
    """GitHub answers 404 to a JWT of an app that it does not know."""
    github.answers("GET /app", refusal(404, "Integration not found"))

    with pytest.raises(AppRefused):
        await provider.get_app()


async def test_returns_an_installation(known: ScriptedGitHub, provider: GitHubProvider) -> None:
    """With the page where its owner manages it, and whether it is suspended."""
    known.answers(INSTALLATION, reply(answers.installation(suspended_at="2026-11-01T00:00:00Z")))
    found = await provider.get_installation("41")

    assert (found.provider_id, found.account_id, found.account_login) == ("41", "9", "acme")
    assert (found.account_type, found.repository_selection) == ("Organization", "selected")
    assert found.manage_url == "https://github.com/organizations/acme/settings/installations/41"
    assert found.suspended_at == datetime(2026, 11, 1, tzinfo=UTC)
    assert found.updated_at == datetime(2026, 2, 3, 8, 5, 6, tzinfo=UTC)


@pytest.mark.parametrize(
    ("account", "login"), [({"id": 9, "slug": "big", "name": "Big"}, "big"), (None, "")], ids=["enterprise", "none"]
)
async def test_uses_the_slug_of_an_enterprise_as_login(
    account: dict[str, object] | None, login: str, known: ScriptedGitHub, provider: GitHubProvider
) -> None:
    """GitHub also installs apps for accounts that are not users, or without an account."""
    known.answers(INSTALLATION, reply(answers.installation(account=account, target_type="Enterprise")))
    found = await provider.get_installation("41")

    assert (found.account_id, found.account_login, found.account_type) == ("9", login, "Enterprise")


@pytest.mark.parametrize(
    ("account_type", "page"),
    [("Organization", "/organizations/acme/settings/installations/41"), ("User", "/settings/installations/41")],
)
def test_builds_the_management_url_without_a_request(
    account_type: str, page: str, github: ScriptedGitHub, provider: GitHubProvider
) -> None:
    """Also during an outage. It equals GitHub's `html_url`."""
    organization = Organization(OrganizationId(1), UUID(int=1), "Acme")
    integration = build_integration(
        IntegrationId(1), organization, provider_id="41", provider_name="acme", account_type=account_type
    )

    assert provider.build_manage_url(integration) == github.url + page


async def test_accepts_management_urls_only_on_the_configured_host(
    github: ScriptedGitHub, provider: GitHubProvider
) -> None:
    """An enterprise's page may differ; a URL on another host is replaced."""
    organization = Organization(OrganizationId(1), UUID(int=1), "Acme")
    integration = build_integration(
        IntegrationId(1), organization, provider_id="41", provider_name="acme", account_type="Enterprise"
    )
    usual = f"{github.url}/enterprises/acme/settings/installations/41"
    assert provider.build_manage_url(integration) == usual
    said = f"{github.url}/enterprises/acme-2/settings/installations/41"
    assert provider.build_manage_url(integration.with_manage_url(said)) == said
    for foreign in ("https://evil.example/settings", "javascript:alert(1)"):
        assert provider.build_manage_url(integration.with_manage_url(foreign)) == usual


@pytest.mark.parametrize("provider_id", ["", "0", "../app", "41?x", "41/access_tokens", "٤١"])
async def test_invalid_installation_id_is_gone(
    provider_id: str, github: ScriptedGitHub, provider: GitHubProvider
) -> None:
    """No request is sent, since the id would lead to another path."""
    for call in (provider.get_installation, provider.mint_token, provider.uninstall):
        with pytest.raises(InstallationGone):
            await call(provider_id)

    assert github.received == []


async def test_lists_installation_requests_of_all_pages(known: ScriptedGitHub, provider: GitHubProvider) -> None:
    """Each with the ids that identify its approval."""
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

    found = await provider.list_installation_requests()

    assert [(one.requester_id, one.account_id) for one in found] == [("7", "9"), ("8", "9")]
    assert known.requests_of(f"GET {path}")[0].query == {"per_page": "100"}


@pytest.mark.parametrize("status", [202, 204, 404])
async def test_deletes_an_installation(status: int, known: ScriptedGitHub, provider: GitHubProvider) -> None:
    """GitHub may take a while (202), and an installation that is already deleted is not an error."""
    known.answers(REMOVE, Response(status_code=status))

    await provider.uninstall("41")

    assert len(known.requests_of(REMOVE)) == 1


async def test_install_url_has_state_and_account(known: ScriptedGitHub, provider: GitHubProvider) -> None:
    """The account is preselected if it is known."""
    known.answers("GET /app", reply({**answers.APP, "html_url": f"{known.url}/apps/crewkit"}))
    page = f"{known.url}/apps/crewkit/installations/new"

    assert await provider.build_install_url(state="a b") == f"{page}?state=a+b"
    assert await provider.build_install_url(state="s", account_id="9") == f"{page}/permissions?target_id=9&state=s"
    assert len(known.received) == 1


async def test_finds_the_page_of_a_renamed_app(known: ScriptedGitHub, provider: GitHubProvider, time: Time) -> None:
    """The former page is gone, and no setting has to change."""
    await provider.build_install_url(state="s")
    known.answers("GET /app", reply({**answers.APP, "slug": "newkit"}))
    time.pass_by(600)

    assert await provider.build_install_url(state="s") == f"{known.url}/apps/newkit/installations/new?state=s"


async def test_uses_the_configured_slug_during_an_outage(
    github: ScriptedGitHub, time: Time, provider: GitHubProvider
) -> None:
    """Without this setting there is no page to redirect to."""
    github.answers("GET /app", refusal(502, "Server Error"))

    assert await provider.build_install_url(state="s") == f"{github.url}/apps/crewkit/installations/new?state=s"
    async with github_provider(github.url, time, slug=None) as nameless:
        with pytest.raises(ProviderUnavailable):
            await nameless.build_install_url(state="s")


async def test_redirects_only_to_github(known: ScriptedGitHub, provider: GitHubProvider) -> None:
    """Whatever the response contains."""
    known.answers("GET /app", reply({**answers.APP, "html_url": "https://evil.example/apps/crewkit"}))

    assert (await provider.build_install_url(state="s")).startswith(f"{known.url}/apps/crewkit/")
