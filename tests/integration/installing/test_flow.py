"""A flow is one person's, in one browser, once: what was begun elsewhere, by others or long ago is not."""

import httpx

from tests.support.scenarios.install_site import HTML, JSON, Browser, Site
from tests.support.scenarios.install_steps import CALLBACK, check_error, link_of, list_connected, start_as_oona
from tests.support.servers.sandbox import INSTALLATION, MARA, OONA


async def test_connected_organization_cannot_start_a_flow(site: Site) -> None:
    """It is managed at the provider, or disconnected first."""
    answer = await site.ask("GET", "/git/github/install", "owner", params={"organization_id": site.acme})
    check_error(answer, 409, "organization_already_connected")


async def test_state_works_once_in_its_own_browser(site: Site, oona: Browser) -> None:
    """Rejected in another browser or if forged, without ending the flow. A replay does nothing."""
    landed = await start_as_oona(site, oona)
    async with site.browser("nobody", OONA) as other:
        check_error(await other.arrive(landed), 409, "flow_invalid")
    check_error(await oona.arrive(landed.but(state="x" * 43)), 409, "flow_invalid")
    assert await list_connected(site) == []
    assert (await oona.arrive(landed)).json()["outcome"] == "connected"
    [before] = await list_connected(site)
    # The same person in the same browser reloads the page, or someone else put another number into it.
    for again in (landed, landed.but(installation_id=str(INSTALLATION))):
        assert (await oona.arrive(again)).json()["outcome"] == "connected"
    assert await list_connected(site) == [before]
    async with site.browser("nobody", OONA) as other:
        check_error(await other.arrive(landed), 409, "flow_invalid")


async def test_expired_flow_connects_nothing(site: Site, oona: Browser) -> None:
    """It is valid for ten minutes."""
    landed = await start_as_oona(site, oona)
    site.rows("UPDATE git_flows SET expires_at = now() - interval '1 second'")
    check_error(await oona.arrive(landed), 409, "flow_expired")
    assert await list_connected(site) == []


async def test_session_of_another_user_connects_nothing(site: Site, oona: Browser) -> None:
    """Another user may have signed in meanwhile."""
    landed = await start_as_oona(site, oona)
    other = site.facts.users["owner"]["token"]
    answer = await oona.here.get(landed.path, params=landed.query, headers={"authorization": f"Bearer {other}"})
    check_error(answer, 409, "flow_invalid")
    assert await list_connected(site) == []


async def test_checks_the_role_again_at_the_return(site: Site, oona: Browser) -> None:
    landed = await start_as_oona(site, oona)
    site.rows("UPDATE memberships SET role = 'member' FROM users WHERE users.id = user_id AND email LIKE 'oona%%'")
    check_error(await oona.arrive(landed), 403, "action_forbidden")
    assert await list_connected(site) == []


async def test_starting_needs_permission(site: Site) -> None:
    """Members, other users and services are rejected."""
    for person, status, code in (
        ("member", 403, "action_forbidden"),
        ("viewer", 403, "action_forbidden"),
        ("outsider", 404, "organization_not_found"),
    ):
        query = {"organization_id": site.acme}
        check_error(await site.ask("GET", "/git/github/install", person, params=query), status, code)
    token = site.facts.services["operator"]["token"]
    async with httpx.AsyncClient(base_url=site.url, headers={"authorization": f"Bearer {token}"}) as client:
        answer = await client.get("/api/v1/git/github/install", params={"organization_id": site.acme})
        check_error(answer, 403, "user_required")
    assert site.rows("SELECT count(*) FROM git_flows") == [(0,)]


async def test_link_on_another_site_needs_a_confirmation(site: Site) -> None:
    """Otherwise it could connect a user's account to another of the user's teams without notice."""
    path, query = "/api/v1/git/github/install", {"organization_id": site.orbital, "mode": "existing"}
    token = site.facts.users["outsider"]["token"]
    cookies = {"crewkit_session": token}
    async with httpx.AsyncClient(base_url=site.url, cookies=cookies, trust_env=False) as here:
        for sent in (
            {"sec-fetch-site": "cross-site"},
            {"sec-fetch-site": "cross-site", "referer": "https://evil.example/"},
            {"sec-fetch-site": "cross-site", "referer": f"{site.url}/integrations"},
            {"sec-fetch-site": "same-site"},
            # A link in a mail that another site redirects arrives like an address typed by hand.
            {"sec-fetch-site": "none"},
            {"sec-fetch-site": "same-origin", "referer": f"{site.url}/dev/sign-in?return_to=%2Fapi"},
            {"referer": f"{site.url}.evil.example/"},
            {},
        ):
            page = await here.get(path, params=query, headers={**HTML, **sent})
            assert (page.status_code, "set-cookie" in page.headers) == (200, False)
            assert f"Connect {site.facts.second_organization['name']}?" in page.text
        assert site.rows("SELECT count(*) FROM git_flows") == [(0,)]
        foreign = {**query, "organization_id": site.acme}
        page = await here.get(path, params=foreign, headers={**HTML, "sec-fetch-site": "cross-site"})
        assert (page.status_code, "Code organization_not_found" in page.text) == (404, True)
        for origin in ("https://evil.example", "null"):
            page = await here.post(path, params=query, headers={**HTML, "origin": origin})
            assert (page.status_code, "Code origin_not_allowed" in page.text) == (403, True)
        check_error(
            await here.get(path, params=query, headers={**JSON, "sec-fetch-site": "cross-site"}),
            403,
            "origin_not_allowed",
        )
        assert site.rows("SELECT count(*) FROM git_flows") == [(0,)]

        agreed = await here.post(path, params=query, headers={**HTML, "origin": site.url})
        assert (agreed.status_code, "set-cookie" in agreed.headers) == (303, True)
        for own in (
            {"sec-fetch-site": "same-origin", "referer": f"{site.url}/"},
            {"referer": f"{site.url}/integrations"},
        ):
            answer = await here.get(path, params=query, headers={**HTML, **own})
            assert (answer.status_code, "set-cookie" in answer.headers) == (302, True)


async def test_visitor_without_a_session_signs_in_and_returns(site: Site) -> None:
    """To a path of this service, whatever `return_to` contains; a program gets 401."""
    query = {"organization_id": site.orbital, "return_to": "//evil.example"}
    async with httpx.AsyncClient(base_url=site.url, trust_env=False) as here:
        answer = await here.get("/api/v1/git/github/install", params=query, headers=HTML)
        assert answer.status_code == 303
        page = httpx.URL(answer.headers["location"])
        assert page.path == "/dev/sign-in"
        assert page.params["return_to"].startswith("/api/v1/git/github/install?organization_id=")
        check_error(await here.get("/api/v1/git/github/install", params=query, headers=JSON), 401, "token_invalid")


async def test_browser_chooses_with_its_session_cookie(site: Site) -> None:
    """The form is posted with the cookies and the origin of the page."""
    await site.ask("DELETE", f"/{site.acme}/git-integrations/github", "owner")
    await site.sandbox.act(MARA, "install", account=MARA)
    async with site.browser("nobody", MARA) as mara:
        mara.here.cookies.set("crewkit_session", site.facts.users["owner"]["token"])
        page = await mara.arrive(await mara.authorize(await mara.begin(site.acme)), HTML)
        assert page.headers["referrer-policy"] == "strict-origin"  # with none the origin would be null
        assert f"form-action 'self' {site.url} {site.sandbox.url};" in page.headers["content-security-policy"]
        state = page.text.partition('name="state" value="')[2].partition('"')[0]
        form = {"state": state, "installation_id": str(INSTALLATION)}
        elsewhere = await mara.here.post(CALLBACK, data=form, headers={**JSON, "origin": "https://evil.example"})
        check_error(elsewhere, 403, "origin_not_allowed")
        garbage = await mara.here.post(CALLBACK, content=b"a=1&" * 40, headers={**JSON, "origin": site.url})
        check_error(garbage, 409, "flow_invalid")
        for _ in range(2):  # the second click finds it done
            done = await mara.here.post(CALLBACK, data=form, headers={**HTML, "origin": site.url})
            landed = f"{site.url}/kit/{site.acme}/settings/integrations?connected=github"
            assert (done.status_code, done.headers["location"]) == (303, landed)
        own = {**HTML, "sec-fetch-site": "same-origin"}
        other = await mara.here.get(link_of(page, "Install on another account"), headers=own)
        assert (other.status_code, "Code organization_already_connected" in other.text) == (409, True)
    assert await list_connected(site, site.acme) == [(str(INSTALLATION), "0")]


async def test_database_has_no_readable_token_or_verifier(site: Site, oona: Browser) -> None:
    """States and cookies are hashed, verifiers encrypted, user tokens revoked and not stored."""
    page = await oona.begin(site.orbital, mode="existing")
    state = page.partition("state=")[2].partition("&")[0]
    [(row,)] = site.rows("SELECT row_to_json(f)::text FROM git_flows AS f")
    assert state not in row
    assert all(cookie.value not in row for cookie in oona.here.cookies.jar if cookie.value)
    assert '"pkce_verifier":"v1.' in row
    await oona.arrive(await oona.authorize(page))
    assert not site.sandbox.data.user_tokens
