"""Connecting an organization, with real browsers' cookies, HTTP and a sandbox GitHub.

Each complaint of users of such integrations that is about installing has its test here.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from html import unescape

import httpx
import pytest

from entrypoints.sandbox.faults import Fault, FaultKind
from entrypoints.sandbox.state.seed import ORBITAL
from tests.support.deliveries import REPOSITORY
from tests.support.install_site import HTML, JSON, Browser, Landing, Site, install_site, landing
from tests.support.sandbox import INSTALLATION, JONAS, MARA, OONA, PRIYA

ORBITAL_ACCOUNT = "orbital-works"
CALLBACK = "/api/v1/git/github/callback"


@pytest.fixture
async def site(database_url: str, redis_url: str) -> AsyncIterator[Site]:
    """Serve everything."""
    async with install_site(database_url, redis_url) as site:
        yield site


@pytest.fixture
async def oona(site: Site) -> AsyncIterator[Browser]:
    """Give the browser of Oona, who owns Orbital Works here and its account there."""
    async with site.browser("outsider", OONA) as browser:
        yield browser


def refused(answer: httpx.Response, status: int, code: str) -> str:
    """Check a refusal, and return its words."""
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (status, code), answer.text
    return str(problem["detail"])


async def bound(site: Site, organization: str | None = None) -> list[tuple[str, str]]:
    """Return what is bound to an organization that was not connected, and how."""
    rows = site.rows(
        "SELECT i.provider_id, i.status::text FROM git_integrations AS i "
        "JOIN organizations AS o ON o.id = i.organization_id WHERE o.external_id = %s",
        (organization or site.orbital,),
    )
    return [(provider_id, status) for provider_id, status in rows]


async def begun_by_oona(site: Site, oona: Browser) -> Landing:
    """Let Oona install the app, and return with what her browser was sent back."""
    return await oona.install(await oona.begin(site.orbital, return_to="/integrations"), ORBITAL_ACCOUNT)


async def test_installed_it_works_and_installed_again_too(site: Site, oona: Browser) -> None:
    """Install, catalog, import, push; uninstall keeps the link; installing again gives all of it back."""
    landed = await begun_by_oona(site, oona)
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
    [(first, _)] = await bound(site)
    await site.sandbox.act(OONA, "uninstall", installation=int(first))
    await site.settle()
    gone = await site.show(site.orbital, "outsider")
    assert (gone["status"], gone["reason"]) == ("revoked", "uninstalled_on_provider")
    assert site.rows("SELECT count(*) FROM project_repositories WHERE repo_id = %s", (repository["id"],)) == [
        (1,)
    ]

    # What is left of it leads to installing anew: looked for first, and not there.
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


async def test_a_foreign_installation_is_not_visible(site: Site, oona: Browser) -> None:
    """Installation ids are small numbers that stand in URLs."""
    site.rows("DELETE FROM project_repositories")
    landed = await begun_by_oona(site, oona)
    answer = await oona.arrive(landed.but(installation_id=str(INSTALLATION)))
    refused(answer, 403, "installation_not_visible")
    state = (await oona.begin(site.orbital)).partition("state=")[2]
    back = Landing(CALLBACK, {"state": state, "code": await code_of(oona), "installation_id": "999"})
    refused(await oona.arrive(back), 409, "installation_gone")
    assert await bound(site) == []


@pytest.mark.parametrize("administers", [False, True])
async def test_members_and_administrators_of_one_repository_prove_nothing(
    site: Site, *, administers: bool
) -> None:
    """Seeing an installation is not owning it, nor is administering a part of it."""
    await site.ask("DELETE", f"/{site.acme}/git-integrations/github", "owner")
    account = site.sandbox.world.account(PRIYA)
    assert account is not None
    if administers:
        site.sandbox.world.repositories[REPOSITORY].collaborators[account.id] = "admin"
    async with site.browser("outsider", PRIYA) as browser:
        page = await browser.begin(site.orbital, mode="existing")
        landed = await browser.authorize(page)
        onward = (await browser.arrive(landed)).json()
        # Nothing of theirs is found, so they are told, and sent to install it.
        assert (onward["outcome"], onward["reason"]) == ("continue", "installation_not_proven")
        state = onward["redirect_url"].partition("state=")[2]
        code = await code_of(browser)
        back = Landing(CALLBACK, {"state": state, "code": code, "installation_id": str(INSTALLATION)})
        refused(await browser.arrive(back), 403, "installation_not_proven")
    assert await bound(site) == []


async def test_choosing_repositories_there_leads_back_to_where_one_was(site: Site) -> None:
    """The provider's page takes no state along, so the browser does; once, and to a path here alone."""
    async with site.browser("member", MARA) as mara:
        for wish, expected in (("/kit/import?a=ü&b", "/"), ("/kit/import?a=b&c", "/kit/import?a=b&c")):
            query = {"organization_id": site.acme, "return_to": wish}
            answer = await mara.here.get("/api/v1/git/github/manage", params=query, headers=HTML)
            assert answer.status_code == 302, answer.text
            page = httpx.URL(answer.headers["location"])
            assert page.path.endswith(f"/installations/{INSTALLATION}")
            saved = landing(await mara.there.post(page.path, data={"selection": "all"}))
            assert (saved.query["setup_action"], "state" in saved.query) == ("update", False)
            back = await mara.arrive(saved, HTML)
            assert (back.status_code, back.headers["location"]) == (302, f"{site.url}{expected}")
            again = await mara.arrive(saved, HTML)
            assert "Your changes are saved" in again.text
        told = await mara.here.get("/api/v1/git/github/manage", params=query, headers=JSON)
        assert told.json() == {"redirect_url": str(page)}
        own = await mara.arrive(saved.but(setup_action="install"), HTML)
        assert (own.status_code, "The app is installed" in own.text) == (200, True)
    async with site.browser("nobody", MARA) as other:
        other.here.cookies.set("crewkit_git_place", "//evil.example")
        led = await other.arrive(saved, HTML)
        assert led.headers["location"] == f"{site.url}/"


async def test_there_is_no_page_of_what_is_not_connected(site: Site) -> None:
    """Nor one of others."""
    for organization, person, status, code in (
        (site.orbital, "outsider", 404, "integration_not_found"),
        (site.acme, "outsider", 404, "organization_not_found"),
    ):
        query = {"organization_id": organization}
        answer = await site.ask("GET", "/git/github/manage", person, params=query)
        refused(answer, status, code)
    await site.ask("DELETE", f"/{site.acme}/git-integrations/github", "owner")
    answer = await site.ask("GET", "/git/github/manage", "member", params={"organization_id": site.acme})
    refused(answer, 409, "integration_not_active")


async def code_of(browser: Browser) -> str:
    """Let someone have a code as installing gives one: without PKCE."""
    client_id = browser.site.sandbox.app.client_id
    page = f"{browser.site.sandbox.url}/login/oauth/authorize?client_id={client_id}"
    return (await browser.authorize(page)).query["code"]


async def test_what_another_organization_has_is_refused_without_naming_it(site: Site) -> None:
    """Mara proves that the installation is hers, and it is Acme's already."""
    async with site.browser("outsider", MARA) as browser:
        landed = await browser.authorize(await browser.begin(site.orbital, mode="existing"))
        words = refused(await browser.arrive(landed), 409, "installation_bound_elsewhere")
    assert "acme" not in words.lower()
    assert await bound(site) == []


async def test_a_connected_organization_begins_nothing(site: Site) -> None:
    """It is managed at the provider, or disconnected first."""
    answer = await site.ask("GET", "/git/github/install", "owner", params={"organization_id": site.acme})
    refused(answer, 409, "organization_already_connected")


async def test_a_state_works_once_in_its_own_browser(site: Site, oona: Browser) -> None:
    """From another browser, or made up, it is refused, and the owner can go on; replayed it does nothing."""
    landed = await begun_by_oona(site, oona)
    async with site.browser("nobody", OONA) as other:
        refused(await other.arrive(landed), 409, "flow_invalid")
    refused(await oona.arrive(landed.but(state="x" * 43)), 409, "flow_invalid")
    assert await bound(site) == []
    assert (await oona.arrive(landed)).json()["outcome"] == "connected"
    [before] = await bound(site)
    # The same person in the same browser reloads the page, or someone else put another number into it.
    for again in (landed, landed.but(installation_id=str(INSTALLATION))):
        assert (await oona.arrive(again)).json()["outcome"] == "connected"
    assert await bound(site) == [before]
    async with site.browser("nobody", OONA) as other:
        refused(await other.arrive(landed), 409, "flow_invalid")


async def test_a_late_return_binds_nothing(site: Site, oona: Browser) -> None:
    """Ten minutes are long enough."""
    landed = await begun_by_oona(site, oona)
    site.rows("UPDATE git_flows SET expires_at = now() - interval '1 second'")
    refused(await oona.arrive(landed), 409, "flow_expired")
    assert await bound(site) == []


async def test_a_session_of_someone_else_binds_nothing(site: Site, oona: Browser) -> None:
    """Who was signed in over in the meantime would connect for another."""
    landed = await begun_by_oona(site, oona)
    other = site.facts.users["owner"]["token"]
    answer = await oona.here.get(
        landed.path, params=landed.query, headers={"authorization": f"Bearer {other}"}
    )
    refused(answer, 409, "flow_invalid")
    assert await bound(site) == []


async def test_a_role_that_was_lost_on_the_way_counts(site: Site, oona: Browser) -> None:
    """It is looked at again when the browser comes back."""
    landed = await begun_by_oona(site, oona)
    site.rows(
        "UPDATE memberships SET role = 'member' FROM users WHERE users.id = user_id AND email LIKE 'oona%%'"
    )
    refused(await oona.arrive(landed), 403, "action_forbidden")
    assert await bound(site) == []


async def test_who_may_not_install_begins_nothing(site: Site) -> None:
    """Members, strangers and services."""
    for person, status, code in (
        ("member", 403, "action_forbidden"),
        ("viewer", 403, "action_forbidden"),
        ("outsider", 404, "organization_not_found"),
    ):
        query = {"organization_id": site.acme}
        refused(await site.ask("GET", "/git/github/install", person, params=query), status, code)
    token = site.facts.services["operator"]["token"]
    async with httpx.AsyncClient(base_url=site.url, headers={"authorization": f"Bearer {token}"}) as client:
        answer = await client.get("/api/v1/git/github/install", params={"organization_id": site.acme})
        refused(answer, 403, "user_required")
    assert site.rows("SELECT count(*) FROM git_flows") == [(0,)]


async def test_without_a_code_the_person_is_asked_who_they_are(site: Site, oona: Browser) -> None:
    """An installation in the URL proves nothing; after authorizing it is bound, after denying it is not."""
    site.sandbox.world.apps[site.sandbox.app.id].request_oauth_on_install = False
    landed = await begun_by_oona(site, oona)
    assert "code" not in landed.query
    onward = (await oona.arrive(landed)).json()
    assert onward["outcome"] == "continue"
    assert await bound(site) == []
    denied = await oona.authorize(onward["redirect_url"], "deny")
    refused(await oona.arrive(denied), 409, "authorization_denied")
    assert await bound(site) == []

    landed = await oona.authorize(await oona.begin(site.orbital, mode="existing"))
    assert (await oona.arrive(landed)).json()["outcome"] == "connected"
    assert [status for _, status in await bound(site)] == ["0"]


async def test_nobody_is_sent_elsewhere(site: Site, oona: Browser) -> None:
    """Only to a path of the dashboard's."""
    page = await oona.begin(site.orbital, return_to="/\\evil.example")
    answer = await oona.arrive(await oona.install(page, ORBITAL_ACCOUNT), HTML)
    assert answer.headers["location"] == f"{site.url}/"


@pytest.mark.parametrize("delivering", ["before_return", "held"])
async def test_browser_and_webhook_come_in_either_order(site: Site, oona: Browser, delivering: str) -> None:
    """The event that came first waits and is routed; the one that comes later finds it bound."""
    await site.sandbox.control("PATCH", "/behaviour", delivering=delivering)
    landed = await begun_by_oona(site, oona)
    for lane in range(32):
        await site.application.drain_lane(lane)
    assert (await oona.arrive(landed)).json()["outcome"] == "connected"
    await site.sandbox.control("POST", "/deliveries/release")
    await site.settle()
    assert site.rows(
        "SELECT status, verdicts->0->>'reason' FROM git_webhook_events "
        "WHERE event_type = 'installation' AND action = 'created'"
    ) == [("processed", "already_bound")]
    assert [status for _, status in await bound(site)] == ["0"]


async def test_two_clicks_at_once_connect_once(site: Site, oona: Browser) -> None:
    """One goes on with its code, the others wait for what comes of it."""
    landed = await begun_by_oona(site, oona)
    answers = await asyncio.gather(*(oona.arrive(landed) for _ in range(5)))
    assert [answer.json()["outcome"] for answer in answers] == ["connected"] * 5
    assert len(await bound(site)) == 1
    assert site.rows(
        "SELECT count(*) FROM versions WHERE item_type = 'integration' AND actor LIKE 'user:%%'"
    ) == [(1,)]


async def test_an_owner_approves_what_someone_asked_for(site: Site) -> None:
    """The requester waits, the owner sees a friendly page, and it connects by itself."""
    await site.ask("DELETE", f"/{site.acme}/git-integrations/github", "owner")
    async with site.browser("owner", MARA) as mara, site.browser("nobody", OONA) as owner:
        page = await mara.begin(site.acme, mode="new")
        landed = await mara.install(page, ORBITAL_ACCOUNT)
        assert landed.query["setup_action"] == "request"
        onward = (await mara.arrive(landed)).json()
        waiting = (await mara.arrive(await mara.authorize(onward["redirect_url"]))).json()
        assert (waiting["outcome"], waiting["account"]) == ("awaiting_approval", ORBITAL_ACCOUNT)
        shown = await site.show(site.acme, "owner")
        assert (shown["status"], shown["action"]["code"]) == ("pending", "await_approval")
        request = max(site.sandbox.world.requests)
        approved = await owner.there.post(f"/settings/requests/{request}/approve")
        at = httpx.URL(approved.headers["location"])
        friendly = await owner.here.get(at.raw_path.decode(), headers=HTML)
        assert friendly.status_code == 200
        assert "The app is installed" in friendly.text
    await site.settle()
    shown = await site.show(site.acme, "owner")
    assert (shown["status"], shown["account"]) == ("active", ORBITAL_ACCOUNT)


async def test_a_requester_finishes_in_the_browser_what_no_webhook_did(site: Site) -> None:
    """The delivery that names them as requester is proof, also when the flow that asked is over."""
    await site.ask("DELETE", f"/{site.acme}/git-integrations/github", "owner")
    async with site.browser("owner", MARA) as mara:
        landed = await mara.install(await mara.begin(site.acme, mode="new"), ORBITAL_ACCOUNT)
        onward = (await mara.arrive(landed)).json()
        await mara.arrive(await mara.authorize(onward["redirect_url"]))
        site.rows("UPDATE git_flows SET status = 'ended'")
        site.sandbox.world.accounts[ORBITAL].members_read = True
        await site.sandbox.act(OONA, "approve_request", request=max(site.sandbox.world.requests))
        await site.settle()
        assert (await site.show(site.acme, "owner"))["status"] == "revoked"
        # Acme's own installation is Mara's to show as well, so that she has to choose.
        chosen = (await mara.arrive(await mara.authorize(await mara.begin(site.acme)))).json()
        assert chosen["outcome"] == "choose"
        [wanted] = [one for one in chosen["installations"] if one["account"] == ORBITAL_ACCOUNT]
        form = {"state": chosen["state"], "installation_id": wanted["installation_id"]}
        wrong = await mara.here.post(
            CALLBACK, data={**form, "state": "x"}, headers={"accept": "application/json"}
        )
        refused(wrong, 409, "flow_invalid")
        done = await mara.here.post(CALLBACK, data=form, headers={"accept": "application/json"})
        assert done.json()["outcome"] == "connected", done.text
    shown = await site.show(site.acme, "owner")
    assert (shown["status"], shown["account"]) == ("active", ORBITAL_ACCOUNT)


async def test_only_what_was_offered_can_be_chosen(site: Site) -> None:
    """A number added to the form is none of them."""
    await site.ask("DELETE", f"/{site.acme}/git-integrations/github", "owner")
    await site.sandbox.act(MARA, "install", account=MARA)
    await site.sandbox.act(OONA, "install", account=ORBITAL_ACCOUNT)
    foreign = max(site.sandbox.world.installations)
    async with site.browser("owner", MARA) as mara:
        page = await mara.arrive(await mara.authorize(await mara.begin(site.acme)), HTML)
        assert "Which account?" in page.text
        state = page.text.partition('name="state" value="')[2].partition('"')[0]
        form = {"state": state, "installation_id": str(foreign)}
        answer = await mara.here.post(CALLBACK, data=form, headers={"accept": "application/json"})
        refused(answer, 400, "installation_choice_invalid")
    assert [status for _, status in await bound(site, site.acme)] == ["2"]


async def test_what_is_suspended_there_is_suspended_here(site: Site, oona: Browser) -> None:
    """It is bound as it is, and works when the suspension is lifted."""
    landed = await begun_by_oona(site, oona)
    [installation] = [one for one in site.sandbox.world.installations if one != INSTALLATION]
    await site.sandbox.act(OONA, "suspend", installation=installation)
    assert (await oona.arrive(landed)).json()["outcome"] == "connected"
    shown = await site.show(site.orbital, "outsider")
    assert (shown["status"], shown["reason"]) == ("suspended", "suspended_on_provider")
    await site.sandbox.act(OONA, "unsuspend", installation=installation)
    await site.settle()
    assert (await site.show(site.orbital, "outsider"))["status"] == "active"


async def test_returns_that_nobody_here_began_are_met_with_words(site: Site) -> None:
    """Installed from the provider's side, saved there, or opened by hand: nothing is bound or breaks."""
    async with site.browser("nobody", JONAS) as browser:
        for query, words in (
            ({"setup_action": "install", "installation_id": str(INSTALLATION), "code": "x"}, "installed"),
            ({"setup_action": "update", "installation_id": str(INSTALLATION)}, "saved"),
            ({"setup_action": "request"}, "asked"),
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


async def test_the_provider_being_down_is_said_and_binds_nothing(site: Site, oona: Browser) -> None:
    """The same flow goes on as soon as it is back: the page says where."""
    landed = await begun_by_oona(site, oona)
    site.sandbox.sandbox.faults.active = [Fault(FaultKind.ERROR)]
    answer = await oona.arrive(landed, HTML)
    assert answer.status_code == 503
    assert "Code provider_unavailable" in answer.text
    assert "retry-after" in answer.headers
    assert await bound(site) == []
    site.sandbox.sandbox.faults.active = []
    answer = await oona.arrive(await oona.authorize(link_of(answer, "Try again")), HTML)
    assert answer.status_code == 302
    assert len(await bound(site)) == 1


async def test_who_denied_may_think_again(site: Site, oona: Browser) -> None:
    """As may who came back with a code that is worth nothing: the page leads to the provider once more."""
    denied = await oona.authorize(await oona.begin(site.orbital, mode="existing"), "deny")
    answer = await oona.arrive(denied, HTML)
    assert (answer.status_code, "Code authorization_denied" in answer.text) == (409, True)
    landed = await oona.authorize(link_of(answer, "Try again"))
    answer = await oona.arrive(landed.but(code="worthless"), HTML)
    assert (answer.status_code, "Code provider_credential_refused" in answer.text) == (409, True)
    landed = await oona.authorize(link_of(answer, "Try again"))
    answer = await oona.arrive(landed.but(code=None), HTML)
    assert (answer.status_code, "Code authorization_code_missing" in answer.text) == (400, True)
    assert await bound(site) == []


def link_of(page: httpx.Response, words: str) -> str:
    """Return where the link with these words leads."""
    found = [href for href, said in re.findall(r'href="([^"]*)">([^<]*)</a>', page.text) if said == words]
    assert len(found) == 1, page.text
    return unescape(found[0])


async def test_a_link_elsewhere_begins_nothing_unasked(site: Site) -> None:
    """Or it could quietly connect someone's account to a team they also belong to."""
    path, query = "/api/v1/git/github/install", {"organization_id": site.orbital, "mode": "existing"}
    token = site.facts.users["outsider"]["token"]
    cookies = {"crewkit_session": token}
    async with httpx.AsyncClient(base_url=site.url, cookies=cookies, trust_env=False) as here:
        for sent in (
            {"sec-fetch-site": "cross-site"},
            {"sec-fetch-site": "cross-site", "referer": "https://evil.example/"},
            {"referer": f"{site.url}.evil.example/"},
        ):
            page = await here.get(path, params=query, headers={**HTML, **sent})
            assert (page.status_code, "set-cookie" in page.headers) == (200, False)
            assert f"Connect {site.facts.second_organization['name']}?" in page.text
        assert site.rows("SELECT count(*) FROM git_flows") == [(0,)]
        foreign = {**query, "organization_id": site.acme}
        page = await here.get(path, params=foreign, headers={**HTML, "sec-fetch-site": "cross-site"})
        assert (page.status_code, "Code organization_not_found" in page.text) == (404, True)

        page = await here.get(path, params=query, headers={**HTML, "sec-fetch-site": "cross-site"})
        for sent in (
            {"sec-fetch-site": "same-origin", "referer": f"{site.url}/"},
            {"sec-fetch-site": "same-site"},
            {"sec-fetch-site": "none"},
            {"sec-fetch-site": "cross-site", "referer": f"{site.url}/integrations"},
            {},
        ):
            answer = await here.get(link_of(page, "Go on"), headers={**HTML, **sent})
            assert (answer.status_code, "set-cookie" in answer.headers) == (302, True)


async def test_a_browser_chooses_with_its_session_cookie(site: Site) -> None:
    """The form is posted as a browser does: with the cookies, and with the origin of the page."""
    await site.ask("DELETE", f"/{site.acme}/git-integrations/github", "owner")
    await site.sandbox.act(MARA, "install", account=MARA)
    async with site.browser("nobody", MARA) as mara:
        mara.here.cookies.set("crewkit_session", site.facts.users["owner"]["token"])
        page = await mara.arrive(await mara.authorize(await mara.begin(site.acme)), HTML)
        assert page.headers["referrer-policy"] == "strict-origin"  # with none the origin would be null
        assert f"form-action 'self' {site.url};" in page.headers["content-security-policy"]
        state = page.text.partition('name="state" value="')[2].partition('"')[0]
        form = {"state": state, "installation_id": str(INSTALLATION)}
        elsewhere = await mara.here.post(
            CALLBACK, data=form, headers={**JSON, "origin": "https://evil.example"}
        )
        refused(elsewhere, 403, "origin_not_allowed")
        garbage = await mara.here.post(CALLBACK, content=b"a=1&" * 40, headers={**JSON, "origin": site.url})
        refused(garbage, 409, "flow_invalid")
        for _ in range(2):  # the second click finds it done
            done = await mara.here.post(CALLBACK, data=form, headers={**HTML, "origin": site.url})
            assert (done.status_code, done.headers["location"]) == (303, f"{site.url}/")
        other = await mara.here.get(link_of(page, "Install on another account"), headers=HTML)
        assert (other.status_code, "Code organization_already_connected" in other.text) == (409, True)
    assert await bound(site, site.acme) == [(str(INSTALLATION), "0")]


async def test_no_token_or_verifier_can_be_read_from_the_database(site: Site, oona: Browser) -> None:
    """States and cookies are hashed, verifiers encrypted, people's tokens ended and kept nowhere."""
    page = await oona.begin(site.orbital, mode="existing")
    state = page.partition("state=")[2].partition("&")[0]
    [(row,)] = site.rows("SELECT row_to_json(f)::text FROM git_flows AS f")
    assert state not in row
    assert all(cookie.value not in row for cookie in oona.here.cookies.jar if cookie.value)
    assert '"pkce_verifier":"v1.' in row
    await oona.arrive(await oona.authorize(page))
    assert not site.sandbox.world.user_tokens


async def test_requests_that_are_gone_are_ended(site: Site) -> None:
    """Denied or withdrawn ones, of which no webhook tells; one that still waits goes on waiting."""
    await site.ask("DELETE", f"/{site.acme}/git-integrations/github", "owner")
    async with site.browser("owner", MARA) as mara:
        landed = await mara.install(await mara.begin(site.acme, mode="new"), ORBITAL_ACCOUNT)
        onward = (await mara.arrive(landed)).json()
        await mara.arrive(await mara.authorize(onward["redirect_url"]))
    site.rows("UPDATE git_flows SET created_at = created_at - interval '2 hours'")
    assert await site.application.end_lapsed_flows() == 0
    await site.sandbox.act(OONA, "deny_request", request=max(site.sandbox.world.requests))
    assert await site.application.end_lapsed_flows() == 1
    # For an hour an approval may still be recovered.
    assert (await site.show(site.acme, "owner"))["status"] == "pending"
    site.rows("UPDATE git_flows SET expires_at = expires_at - interval '61 minutes'")
    assert (await site.show(site.acme, "owner"))["status"] == "revoked"
    assert await site.application.end_lapsed_flows() == 1
    assert site.rows("SELECT DISTINCT status FROM git_flows") == [("ended",)]
