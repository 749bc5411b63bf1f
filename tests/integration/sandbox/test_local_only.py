"""Pages of other web sites cannot use the sandbox through a visitor's browser."""

import pytest

from tests.support.servers.sandbox import MARA, PAD, RunningSandbox

FOREIGN_ORIGINS = ["https://evil.example", "http://127.0.0.1:1", "http://localhost.evil.example", "null"]
FOREIGN_HOSTS = ["evil.example", "evil.example:3060", "127.0.0.1.evil.example", "localhost.evil.example:80", ""]


@pytest.mark.parametrize("origin", FOREIGN_ORIGINS)
@pytest.mark.parametrize(("method", "path"), [("GET", ""), ("POST", "/reset"), ("POST", f"/as/{MARA}/push")])
async def test_control_api_refuses_a_foreign_origin(
    running: RunningSandbox, origin: str, method: str, path: str
) -> None:
    """Neither reading nor acting is possible from another origin, and nothing changes."""
    world = running.data
    response = await running.client.request(
        method, f"/_sandbox{path}", json={"repository": PAD, "messages": ["Foreign"]}, headers={"origin": origin}
    )
    assert (response.status_code, response.json()["code"]) == (403, "origin_not_allowed")
    assert running.data is world
    assert not running.data.deliveries


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
async def test_control_api_refuses_a_cross_site_request_without_origin(running: RunningSandbox, site: str) -> None:
    """A browser names no origin when a foreign page links here; it still says that the page is foreign."""
    response = await running.client.get("/_sandbox", headers={"sec-fetch-site": site})
    assert (response.status_code, response.json()["code"]) == (403, "origin_not_allowed")


@pytest.mark.parametrize("host", FOREIGN_HOSTS)
@pytest.mark.parametrize("path", ["/_sandbox", "/", "/api/v3/app"])
async def test_refuses_a_foreign_host(running: RunningSandbox, host: str, path: str) -> None:
    """A name that an attacker points at this machine is refused on every path."""
    response = await running.client.get(path, headers={"host": host})
    assert (response.status_code, response.json()["code"]) == (403, "host_not_allowed")


async def test_pages_refuse_foreign_forms(running: RunningSandbox) -> None:
    """A foreign page cannot act as the person who is signed in."""
    async with running.browser(MARA) as browser:
        response = await browser.post("/sandbox/faults", headers={"origin": "https://evil.example"})
    assert (response.status_code, response.json()["code"]) == (403, "origin_not_allowed")


async def test_own_pages_and_scripts_work(running: RunningSandbox) -> None:
    """Its own origin, a loopback name, and a script without origin are accepted."""
    port = running.url.rpartition(":")[2]
    for headers in ({}, {"origin": running.url}, {"host": f"localhost:{port}"}, {"host": f"[::1]:{port}"}):
        response = await running.client.get("/_sandbox", headers=headers)
        assert response.status_code == 200, headers
    own = {"host": f"localhost:{port}", "origin": f"http://localhost:{port}", "sec-fetch-site": "same-origin"}
    assert (await running.client.post("/_sandbox/reset", headers=own)).status_code == 200
