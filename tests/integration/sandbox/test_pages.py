"""A person can click through everything: each page is there, and its forms do what they say."""

import pytest

from tests.support.servers.sandbox import INSTALLATION, JONAS, MARA, OONA, PRIYA, RunningSandbox

PAD = "acme-rockets/launchpad"
PAGES = [
    "/",
    "/login",
    "/repositories",
    "/acme-rockets",
    f"/{PAD}",
    "/acme-rockets/new-idea",
    "/settings/installations",
    f"/organizations/acme-rockets/settings/installations/{INSTALLATION}",
    "/settings/profile",
    "/settings/apps",
    "/settings/apps/crewkit",
    "/organizations/orbital-works/settings/apps/crewkit",
    "/sandbox",
    "/apps/crewkit",
    "/apps/crewkit/installations/new",
    "/apps/crewkit/installations/select_target",
    "/apps/crewkit/installations/new/permissions?target_id=900000200",
]
GONE = [
    "/nobody",
    "/nobody/nothing",
    "/apps/nothing",
    "/apps/nothing/installations/new",
    "/settings/apps/nothing",
    "/organizations/orbital-works/settings/apps/nothing",
    "/organizations/acme-rockets/settings/apps/crewkit",
    "/organizations/nobody/settings/apps/crewkit",
    "/settings/apps/crewkit/deliveries/1",
    "/settings/installations/1",
    "/orbital-works/docking",
    "/login/oauth/authorize?client_id=nobody",
    "/avatars/u/1",
]


@pytest.mark.parametrize("path", PAGES)
async def test_shows_a_page(running: RunningSandbox, path: str) -> None:
    """With the signed-in user, and without content from other hosts."""
    async with running.browser(MARA) as browser:
        page = await browser.get(path)
    assert page.status_code == 200
    assert MARA in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "<script" not in page.text


@pytest.mark.parametrize("path", GONE)
async def test_missing_and_forbidden_pages_are_not_found(running: RunningSandbox, path: str) -> None:
    """Their responses are equal."""
    async with running.browser(PRIYA) as browser:
        assert (await browser.get(path)).status_code == 404


async def test_only_owners_see_an_installation(running: RunningSandbox) -> None:
    """Neither members of the organization nor administrators of a repository."""
    page = f"/organizations/acme-rockets/settings/installations/{INSTALLATION}"
    for login, status in ((PRIYA, 404), (JONAS, 404), (MARA, 200)):
        async with running.browser(login) as browser:
            assert (await browser.get(page)).status_code == status


async def test_sign_in_returns_to_the_previous_page(running: RunningSandbox) -> None:
    """A page that needs a user redirects to sign-in, which never redirects to another host."""
    redirect = await running.client.get("/settings/profile?tab=1")
    assert redirect.headers["location"] == "/login?return_to=%2Fsettings%2Fprofile%3Ftab%3D1"
    for wanted, way in (("/settings/profile?tab=1", "/settings/profile?tab=1"), ("//evil.example", "/")):
        signed_in = await running.client.post("/login", data={"login": OONA, "return_to": wanted})
        assert signed_in.headers["location"] == way
        assert "HttpOnly" in signed_in.headers["set-cookie"]


async def test_explains_a_missing_permission(running: RunningSandbox) -> None:
    """Nothing changes."""
    async with running.browser(PRIYA) as browser:
        refused = await browser.post("/do/push", data={"repository": PAD, "messages": "x"})
        assert refused.status_code == 422
        assert f"{PRIYA} has no push access to {PAD}." in refused.text
        assert (await browser.post("/do/nothing")).status_code == 404


async def test_escapes_text(running: RunningSandbox) -> None:
    """A title with markup is shown as text."""
    title = "<b>&amp;</b>"
    await running.act(MARA, "open_pull_request", repository=PAD, title=title, head="feature/fuel-gauge")
    async with running.browser(MARA) as browser:
        page = (await browser.get(f"/{PAD}")).text
    assert title not in page
    assert "&lt;b&gt;&amp;amp;&lt;/b&gt;" in page


async def test_users_have_avatars(running: RunningSandbox) -> None:
    """The sandbox serves the pictures."""
    shown = (await running.api("GET", "/user", running.user_token(MARA))).json()["avatar_url"]
    picture = await running.client.get(shown)
    assert picture.headers["content-type"].startswith("image/svg+xml")
