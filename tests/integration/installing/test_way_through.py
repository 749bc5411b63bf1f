"""Connecting an organization from the first click to the first push, with real browsers' cookies.

Each complaint of users of such integrations that is about installing has its test in this folder.
"""

import asyncio

import httpx
import pytest

from sandbox.faults import Fault, FaultKind
from tests.support.scenarios.install_site import HTML, JSON, Browser, Landing, Site, landing_of
from tests.support.scenarios.install_steps import (
    CALLBACK,
    ORBITAL_ACCOUNT,
    check_error,
    link_of,
    list_connected,
    start_as_oona,
)
from tests.support.servers.sandbox import INSTALLATION, JONAS, MARA, OONA


async def test_works_after_installing_and_reinstalling(site: Site, oona: Browser) -> None:
    """Install, catalog, import, push; uninstall keeps the link; a reinstallation restores all."""
    landed = await start_as_oona(site, oona)
    answer = await oona.arrive(landed, HTML)
    assert (answer.status_code, answer.headers["location"]) == (302, f"{site.url}/integrations")
    shown = await site.show(site.orbital, "outsider")
    assert (shown["status"], shown["account"]) == ("active", ORBITAL_ACCOUNT)
    await site.settle()
    listed = await site.ask("GET", f"/{site.orbital}/git-integrations/github/repos", "outsider")
    repository = listed.json()["data"][0]
    imported = await site.ask(
        "POST", f"/{site.orbital}/projects/import", "outsider", json={"repo_id": repository["id"]}
    )
    assert imported.status_code == 201, imported.text

    async def pushes() -> int:
        await site.sandbox.act(OONA, "push", repository=repository["full_name"], messages=["Try"])
        await site.settle()
        return int(site.rows("SELECT count(*) FROM git_domain_events WHERE type = 'git.push'")[0][0])

    assert await pushes() == 1
    [(first, _)] = await list_connected(site)
    await site.sandbox.act(OONA, "uninstall", installation=int(first))
    await site.settle()
    gone = await site.show(site.orbital, "outsider")
    assert (gone["status"], gone["reason"]) == ("revoked", "uninstalled_on_provider")
    assert site.rows("SELECT count(*) FROM project_repositories WHERE repo_id = %s", (repository["id"],)) == [(1,)]

    # The row leads to a new installation: the search for an existing one has no result.
    page = await oona.begin(site.orbital)
    onward = await oona.arrive(await oona.authorize(page))
    assert onward.json()["outcome"] == "continue"
    landed = await oona.install(onward.json()["redirect_url"], ORBITAL_ACCOUNT)
    assert (await oona.arrive(landed)).json()["outcome"] == "connected"
    await site.settle()
    again = await site.show(site.orbital, "outsider")
    assert (again["status"], again["id"]) == ("active", shown["id"])
    assert again["installation_id"] != first
    assert await pushes() == 2


async def test_choosing_repositories_returns_to_the_previous_page(site: Site) -> None:
    """GitHub's page has no state, so a cookie has the path. It works once, for local paths only."""
    async with site.browser("member", MARA) as mara:
        for return_to, expected in (("/kit/import?a=ü&b", "/"), ("/kit/import?a=b&c", "/kit/import?a=b&c")):
            query = {"organization_id": site.acme, "return_to": return_to}
            answer = await mara.here.get("/api/v1/git/github/manage", params=query, headers=HTML)
            assert answer.status_code == 302, answer.text
            page = httpx.URL(answer.headers["location"])
            assert page.path.endswith(f"/installations/{INSTALLATION}")
            saved = landing_of(await mara.there.post(page.path, data={"selection": "all"}))
            assert (saved.query["setup_action"], "state" in saved.query) == ("update", False)
            back = await mara.arrive(saved, HTML)
            assert (back.status_code, back.headers["location"]) == (302, f"{site.url}{expected}")
            again = await mara.arrive(saved, HTML)
            assert "Your changes are saved" in again.text
        response = await mara.here.get("/api/v1/git/github/manage", params=query, headers=JSON)
        assert response.json() == {"redirect_url": str(page)}
        own = await mara.arrive(saved.but(setup_action="install"), HTML)
        assert (own.status_code, "The app is installed" in own.text) == (200, True)
    async with site.browser("nobody", MARA) as other:
        other.here.cookies.set("crewkit_git_place", "//evil.example")
        led = await other.arrive(saved, HTML)
        assert led.headers["location"] == f"{site.url}/"


async def test_settings_page_needs_an_integration(site: Site) -> None:
    """Of the same organization."""
    for organization, person, status, code in (
        (site.orbital, "outsider", 404, "integration_not_found"),
        (site.acme, "outsider", 404, "organization_not_found"),
    ):
        query = {"organization_id": organization}
        answer = await site.ask("GET", "/git/github/manage", person, params=query)
        check_error(answer, status, code)
    await site.ask("DELETE", f"/{site.acme}/git-integrations/github", "owner")
    answer = await site.ask("GET", "/git/github/manage", "member", params={"organization_id": site.acme})
    check_error(answer, 409, "integration_not_active")


async def test_redirects_only_to_the_dashboard(site: Site, oona: Browser) -> None:
    page = await oona.begin(site.orbital, return_to="/\\evil.example")
    answer = await oona.arrive(await oona.install(page, ORBITAL_ACCOUNT), HTML)
    landed = f"{site.url}/kit/{site.orbital}/settings/integrations?connected=github"
    assert answer.headers["location"] == landed


@pytest.mark.parametrize("delivering", ["before_return", "held"])
async def test_browser_and_webhook_can_arrive_in_any_order(site: Site, oona: Browser, delivering: str) -> None:
    """An early event waits until the integration is connected."""
    await site.sandbox.control("PATCH", "/behaviour", delivering=delivering)
    landed = await start_as_oona(site, oona)
    for lane in range(32):
        await site.application.deliveries.drain_lane(lane)
    assert (await oona.arrive(landed)).json()["outcome"] == "connected"
    await site.sandbox.control("POST", "/deliveries/release")
    await site.settle()
    assert site.rows(
        "SELECT status, verdicts->0->>'reason' FROM git_webhook_events "
        "WHERE event_type = 'installation' AND action = 'created'"
    ) == [("processed", "already_bound")]
    assert [status for _, status in await list_connected(site)] == ["0"]


async def test_two_returns_at_once_connect_once(site: Site, oona: Browser) -> None:
    """One exchanges its code, and the others wait for the result."""
    landed = await start_as_oona(site, oona)
    answers = await asyncio.gather(*(oona.arrive(landed) for _ in range(5)))
    assert [answer.json()["outcome"] for answer in answers] == ["connected"] * 5
    assert len(await list_connected(site)) == 1
    assert site.rows("SELECT count(*) FROM versions WHERE item_type = 'integration' AND actor LIKE 'user:%%'") == [(1,)]


async def test_connects_a_suspended_installation_as_suspended(site: Site, oona: Browser) -> None:
    """It works when the suspension ends."""
    landed = await start_as_oona(site, oona)
    [installation] = [one for one in site.sandbox.data.installations if one != INSTALLATION]
    await site.sandbox.act(OONA, "suspend", installation=installation)
    # Of a suspended one, nothing but the event of its creation shows who installed it.
    await site.sandbox.wait_for_deliveries()
    assert (await oona.arrive(landed)).json()["outcome"] == "connected"
    shown = await site.show(site.orbital, "outsider")
    assert (shown["status"], shown["reason"]) == ("suspended", "suspended_on_provider")
    await site.sandbox.act(OONA, "unsuspend", installation=installation)
    await site.settle()
    assert (await site.show(site.orbital, "outsider"))["status"] == "active"


async def test_explains_returns_without_a_flow(site: Site) -> None:
    """Installed or saved on GitHub, or opened by hand: nothing connects or fails."""
    async with site.browser("nobody", JONAS) as browser:
        for query, words in (
            ({"setup_action": "install", "installation_id": str(INSTALLATION), "code": "x"}, "installed"),
            ({"setup_action": "update", "installation_id": str(INSTALLATION)}, "saved"),
            ({"setup_action": "request"}, "Approval requested"),
            ({"setup_action": "of-the-future", "new_parameter": "1"}, "Nothing to do"),
            ({}, "Nothing to do"),
        ):
            answer = await browser.arrive(Landing(CALLBACK, query), HTML)
            assert (answer.status_code, words in answer.text) == (200, True), answer.text
            assert "default-src 'none'" in answer.headers["content-security-policy"]
        page = await browser.arrive(Landing(CALLBACK, {"state": "x", "error": "access_denied"}), HTML)
        assert page.status_code == 409
        assert "flow_invalid" in page.text
        assert "Start again" in page.text


async def test_outage_of_the_provider_connects_nothing(site: Site, oona: Browser) -> None:
    """The page links to the same flow, which continues after the outage."""
    landed = await start_as_oona(site, oona)
    site.sandbox.sandbox.faults.active = [Fault(FaultKind.ERROR)]
    answer = await oona.arrive(landed, HTML)
    assert answer.status_code == 503
    assert "Code provider_unavailable" in answer.text
    assert "GitHub is not responding" in answer.text
    assert "retry-after" in answer.headers
    assert await list_connected(site) == []
    site.sandbox.sandbox.faults.active = []
    answer = await oona.arrive(await oona.authorize(link_of(answer, "Try again")), HTML)
    assert answer.status_code == 302
    assert len(await list_connected(site)) == 1


async def test_denied_flow_can_be_retried(site: Site, oona: Browser) -> None:
    """Also after an invalid code: the page links to the provider."""
    denied = await oona.authorize(await oona.begin(site.orbital, mode="existing"), "deny")
    answer = await oona.arrive(denied, HTML)
    assert (answer.status_code, "Code authorization_denied" in answer.text) == (409, True)
    landed = await oona.authorize(link_of(answer, "Try again"))
    answer = await oona.arrive(landed.but(code="worthless"), HTML)
    assert (answer.status_code, "Code provider_credential_refused" in answer.text) == (409, True)
    landed = await oona.authorize(link_of(answer, "Try again"))
    answer = await oona.arrive(landed.but(code=None), HTML)
    assert (answer.status_code, "Code authorization_code_missing" in answer.text) == (400, True)
    assert await list_connected(site) == []
