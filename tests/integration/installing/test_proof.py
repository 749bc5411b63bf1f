"""Who proves to own an installation, and what proves nothing."""

import pytest

from tests.support.builders.deliveries import REPOSITORY
from tests.support.scenarios.install_site import HTML, Browser, Landing, Site
from tests.support.scenarios.install_steps import (
    CALLBACK,
    ORBITAL_ACCOUNT,
    check_error,
    code_of,
    list_connected,
    start_as_oona,
)
from tests.support.servers.sandbox import INSTALLATION, MARA, OONA, PRIYA


async def test_foreign_installation_is_not_visible(site: Site, oona: Browser) -> None:
    """Installation ids are small numbers in URLs."""
    site.rows("DELETE FROM project_repositories")
    landed = await start_as_oona(site, oona)
    answer = await oona.arrive(landed.but(installation_id=str(INSTALLATION)))
    check_error(answer, 403, "installation_not_visible")
    state = (await oona.begin(site.orbital)).partition("state=")[2]
    back = Landing(CALLBACK, {"state": state, "code": await code_of(oona), "installation_id": "999"})
    check_error(await oona.arrive(back), 409, "installation_gone")
    assert await list_connected(site) == []


@pytest.mark.parametrize("administers", [False, True])
async def test_members_and_repository_administrators_have_no_proof(site: Site, *, administers: bool) -> None:
    """Neither seeing an installation nor administering a part of it is enough."""
    await site.ask("DELETE", f"/{site.acme}/git-integrations/github", "owner")
    account = site.sandbox.data.account(PRIYA)
    assert account is not None
    if administers:
        site.sandbox.data.repositories[REPOSITORY].collaborators[account.id] = "admin"
    async with site.browser("outsider", PRIYA) as browser:
        page = await browser.begin(site.orbital, mode="existing")
        landed = await browser.authorize(page)
        onward = (await browser.arrive(landed)).json()
        # The user has no installation, so the page says so and links to the installation.
        assert (onward["outcome"], onward["reason"]) == ("continue", "installation_not_proven")
        state = onward["redirect_url"].partition("state=")[2]
        code = await code_of(browser)
        back = Landing(CALLBACK, {"state": state, "code": code, "installation_id": str(INSTALLATION)})
        check_error(await browser.arrive(back), 403, "installation_not_proven")
    assert await list_connected(site) == []


async def test_rejects_the_installation_of_another_organization(site: Site) -> None:
    """Without naming it, even if the user proves access."""
    async with site.browser("outsider", MARA) as browser:
        landed = await browser.authorize(await browser.begin(site.orbital, mode="existing"))
        words = check_error(await browser.arrive(landed), 409, "installation_bound_elsewhere")
    assert "acme" not in words.lower()
    assert await list_connected(site) == []


async def test_requests_authorization_without_a_code(site: Site, oona: Browser) -> None:
    """An installation in the URL proves nothing. It is connected after authorization only."""
    site.sandbox.data.apps[site.sandbox.app.id].request_oauth_on_install = False
    landed = await start_as_oona(site, oona)
    assert "code" not in landed.query
    onward = (await oona.arrive(landed)).json()
    assert onward["outcome"] == "continue"
    assert await list_connected(site) == []
    denied = await oona.authorize(onward["redirect_url"], "deny")
    check_error(await oona.arrive(denied), 409, "authorization_denied")
    assert await list_connected(site) == []

    landed = await oona.authorize(await oona.begin(site.orbital, mode="existing"))
    assert (await oona.arrive(landed)).json()["outcome"] == "connected"
    assert [status for _, status in await list_connected(site)] == ["0"]


async def test_rejects_a_choice_that_was_not_offered(site: Site) -> None:
    """A number added to the form."""
    await site.ask("DELETE", f"/{site.acme}/git-integrations/github", "owner")
    await site.sandbox.act(MARA, "install", account=MARA)
    await site.sandbox.act(OONA, "install", account=ORBITAL_ACCOUNT)
    foreign = max(site.sandbox.data.installations)
    async with site.browser("owner", MARA) as mara:
        page = await mara.arrive(await mara.authorize(await mara.begin(site.acme)), HTML)
        assert "Choose an account" in page.text
        state = page.text.partition('name="state" value="')[2].partition('"')[0]
        form = {"state": state, "installation_id": str(foreign)}
        answer = await mara.here.post(CALLBACK, data=form, headers={"accept": "application/json"})
        check_error(answer, 400, "installation_choice_invalid")
    assert [status for _, status in await list_connected(site, site.acme)] == ["2"]
