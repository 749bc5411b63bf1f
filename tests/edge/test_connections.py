"""The connections of a user over REST, in a browser and for a program."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import parse_qs, quote, urlsplit

import httpx
import pytest
from starlette.applications import Starlette

from adapters.secrets.keys import PinnedKey
from adapters.secrets.tokens import JwtVerifier
from core.domain.flows.flow import LIFETIME
from core.domain.identifiers import ProviderUserId
from core.domain.provider_errors import ProviderUnavailable
from core.use_cases.account import Identify
from entrypoints.rest.browser.browser_flow import BrowserFlow, FlowCookies
from entrypoints.rest.browser.pages import Pages
from entrypoints.rest.http.authentication import Authentication
from entrypoints.rest.http.envelope import Envelope
from entrypoints.rest.http.operations import routes
from entrypoints.rest.http.problems import EXCEPTION_HANDLERS
from entrypoints.rest.resources.connections import operations
from testing.builders.entities import PROVIDER
from testing.memory.directory import MemoryDirectory
from tests.support.builders import tokens
from tests.support.scenarios.connect_world import Browser, ConnectingWorld
from tests.support.scenarios.rest import API, COOKIE, DASHBOARD, KeptAlerts

PATH = "/api/v1/user/git-connections"
PAGE = {"accept": "text/html,application/xhtml+xml"}


@pytest.fixture
async def world() -> ConnectingWorld:
    """Return two users and a provider."""
    world = ConnectingWorld()
    await world.populate()
    return world


@asynccontextmanager
async def browser(
    world: ConnectingWorld, person: Browser | None, sign_in_url: str | None = None
) -> AsyncIterator[httpx.AsyncClient]:
    """Open a browser with the session of this user, or without a session."""
    key = tokens.rsa_key()
    verifier = JwtVerifier(
        PinnedKey(tokens.public_pem(key)), world.clock, issuer=tokens.ISSUER, audience=tokens.AUDIENCE
    )
    authentication = Authentication(
        verifier, Identify(MemoryDirectory(world.database)), COOKIE, {DASHBOARD}, sign_in_url
    )
    flow = BrowserFlow(
        authentication,
        FlowCookies(is_encrypted=False),
        Pages(DASHBOARD, API, sign_in_url, {PROVIDER: world.provider.capabilities}),
    )
    mounted = routes(operations(flow, world.people), authentication)
    framework = Starlette(routes=mounted, exception_handlers=EXCEPTION_HANDLERS)
    cookies = {}
    if person:
        claims = tokens.claims(world.clock.now(), sub=str(person.person.external_id))
        cookies[COOKIE] = tokens.sign_token(claims, key)
    transport = httpx.ASGITransport(Envelope(framework, KeptAlerts()))
    async with httpx.AsyncClient(transport=transport, base_url=API, cookies=cookies) as client:
        yield client


async def authorize_account(world: ConnectingWorld, client: httpx.AsyncClient, account: str = "7") -> dict[str, str]:
    """Authorize the app at the provider, and return the parameters of its redirect."""
    own = {**PAGE, "sec-fetch-site": "same-origin"}
    answer = await client.get(f"{PATH}/github/authorize?return_to=/settings", headers=own)
    assert answer.status_code == 302, answer.text
    parameters = {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}
    returned = world.authorize(account, parameters)
    assert returned.code is not None
    return {"state": parameters["state"], "code": returned.code.reveal()}


async def came_back(client: httpx.AsyncClient, query: dict[str, str]) -> httpx.Response:
    """Follow the provider's redirect."""
    return await client.get(f"{PATH}/github/callback", params=query, headers=PAGE)


async def test_connects_in_a_browser(world: ConnectingWorld) -> None:
    """By redirects, with a cookie of the flow. Afterwards the connection is listed."""
    async with browser(world, world.mara) as client:
        [before] = (await client.get(PATH)).json()["data"]
        assert (before["status"], before["action"]["code"]) == ("not_connected", "connect")
        assert before["action"]["url"] == f"{PATH}/github/authorize"
        query = await authorize_account(world, client)
        [name] = [name for name in client.cookies if name.startswith("crewkit_git_flow_")]
        assert client.cookies[name]
        answer = await came_back(client, query | {"unheard_of": "1"})
        assert (answer.status_code, answer.headers["location"]) == (302, f"{DASHBOARD}/settings")
        [after] = (await client.get(PATH)).json()["data"]
    assert after == {
        "provider": "github",
        "status": "active",
        "reason": None,
        "action": None,
        "username": "mara",
        "avatar_url": None,
        "emails": ["m@home.example", "mara@acme.example"],
        "connected_at": after["connected_at"],
    }


async def test_returns_the_authorization_url_to_a_program(world: ConnectingWorld) -> None:
    """As JSON, with the cookie."""
    async with browser(world, world.mara) as client:
        answer = await client.get(f"{PATH}/github/authorize", headers={"accept": "application/json"})
        assert answer.status_code == 200
        parameters = parse_qs(urlsplit(answer.json()["redirect_url"]).query)
        assert "httponly" in answer.headers["set-cookie"].lower()
        assert "samesite=lax" in answer.headers["set-cookie"].lower()
        code = world.authorize("7", {name: values[0] for name, values in parameters.items()}).code
        assert code is not None
        query = {"state": parameters["state"][0], "code": code.reveal()}
        answer = await client.get(f"{PATH}/github/callback", params=query)
        assert answer.json() == {"redirect_url": f"{DASHBOARD}/"}


async def page(answer: httpx.Response, status: int, code: str, *words: str, back: str = "/settings") -> None:
    """Check a page that a person can read: what happened, its code, and a way back to where they began."""
    assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (status, "text/html")
    for expected in (code, f'href="{DASHBOARD}{back}?refused={code}"', *words):
        assert expected in answer.text, answer.text


async def test_each_failure_has_a_code_and_a_page(world: ConnectingWorld) -> None:
    """Denied, unknown, without a code, expired, replayed, already connected, without addresses, timeout."""
    async with browser(world, world.mara) as client:
        query = await authorize_account(world, client)
        denied = await came_back(client, {"state": query["state"], "error": "access_denied"})
        await page(denied, 409, "authorization_denied", "You did not authorize crewkit")
        query = await authorize_account(world, client)
        refused = await came_back(client, {"state": query["state"], "error": "application_suspended"})
        await page(refused, 503, "provider_app_refused", "Start again")
        used = await came_back(client, query)
        await page(used, 409, "flow_used", "Check in crewkit whether you are connected", "Start again")
        await page(
            await came_back(client, {"state": "guessed", "code": "x"}), 409, "flow_invalid", "Start again", back="/kit"
        )
        await page(await came_back(client, {}), 409, "flow_invalid", back="/kit")
        query = await authorize_account(world, client)
        await page(await came_back(client, {"state": query["state"]}), 400, "authorization_code_missing")
        query = await authorize_account(world, client)
        world.clock.advance(LIFETIME)
        await page(await came_back(client, query), 409, "flow_expired", "took longer", "Start again")
    async with browser(world, world.mara) as client:
        world.provider.fail(
            "exchange_code", ProviderUnavailable("The provider does not respond. Try again later.", retry_after=5)
        )
        silent = await came_back(client, await authorize_account(world, client))
        await page(silent, 503, "provider_unavailable", "does not respond")
        assert silent.headers["retry-after"] == "5"
        world.provider.state.people[ProviderUserId("7")].emails = None
        missing = await came_back(client, await authorize_account(world, client))
        await page(missing, 409, "email_permission_missing", "Ask your crewkit operator")
        world.provider.state.people[ProviderUserId("7")].emails = []
        assert (await came_back(client, await authorize_account(world, client))).status_code == 302
        other = await came_back(client, await authorize_account(world, client, "8"))
        await page(other, 409, "other_account_connected", "connected the account mara")
    async with browser(world, world.jonas) as client:
        taken = await came_back(client, await authorize_account(world, client))
        await page(taken, 409, "provider_account_taken", "another crewkit user")
        # The same to a program.
        query = await authorize_account(world, client)
        answer = await client.get(f"{PATH}/github/callback", params=query)
        assert (answer.status_code, answer.json()["code"]) == (409, "provider_account_taken")


async def test_another_browser_or_user_cannot_continue(world: ConnectingWorld) -> None:
    """Another user's state in a link connects nothing."""
    async with browser(world, world.mara) as client, browser(world, None) as stranger:
        query = await authorize_account(world, client)
        await page(await came_back(stranger, query), 409, "flow_invalid", back="/kit")
        async with browser(world, world.jonas) as jonas:
            jonas.cookies.update({name: value for name, value in client.cookies.items() if name != COOKIE})
            await page(await came_back(jonas, query), 409, "flow_invalid", back="/kit")
        assert (await came_back(client, query)).status_code == 302


@pytest.mark.parametrize(
    "sent",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "cross-site", "referer": f"{DASHBOARD}/kit"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "none"},
        {"sec-fetch-site": "same-origin", "referer": f"{DASHBOARD}/login?return_to=%2Fapi"},
        {"referer": f"{DASHBOARD}.evil.example/"},
        {},
    ],
)
async def test_another_site_cannot_connect_without_a_click(world: ConnectingWorld, sent: dict[str, str]) -> None:
    """The user confirms on a page whose form no other site can send (S6)."""
    path = f"{PATH}/github/authorize?return_to=/settings"
    async with browser(world, world.mara, f"{DASHBOARD}/login") as client:
        confirmation = await client.get(path, headers={**PAGE, **sent})
        assert (confirmation.status_code, "set-cookie" in confirmation.headers) == (200, False), confirmation.headers
        assert "Connect your account?" in confirmation.text
        assert "the account that you use at GitHub is connected" in confirmation.text
        assert 'method="post"' in confirmation.text
        assert (
            "form-action 'self' https://app.crewkit.example https://provider.example;"
            in (confirmation.headers["content-security-policy"])
        )
        foreign = await client.post(path, headers={**PAGE, "origin": "https://evil.example"})
        await page(foreign, 403, "origin_not_allowed", back="/kit")
        opaque = await client.post(path, headers={**PAGE, "origin": "null"})
        await page(opaque, 403, "origin_not_allowed", back="/kit")
        assert not world.database.committed.flows
        agreed = await client.post(path, headers={**PAGE, "origin": DASHBOARD})
        assert (agreed.status_code, "set-cookie" in agreed.headers) == (303, True)
        assert agreed.headers["location"].startswith("https://provider.example/authorize?")


async def test_script_on_another_site_cannot_start_a_flow(world: ConnectingWorld) -> None:
    """The dashboard's path is JSON: scripts on other sites are rejected, programs with a token are not."""
    path, wanted = f"{PATH}/github/authorize", {"accept": "application/json"}
    async with browser(world, world.mara) as client:
        for sent in (
            {"sec-fetch-site": "cross-site"},
            {"sec-fetch-site": "same-site"},
            {"sec-fetch-site": "cross-site", "origin": "https://evil.example"},
            {"origin": "https://evil.example"},
        ):
            for accept in (wanted, {"accept": "*/*"}):
                answer = await client.get(path, headers={**accept, **sent})
                assert (answer.status_code, answer.json()["code"]) == (403, "origin_not_allowed")
        assert not world.database.committed.flows
        for sent in ({"sec-fetch-site": "same-origin"}, {"sec-fetch-site": "cross-site", "origin": DASHBOARD}):
            assert (await client.get(path, headers={**wanted, **sent})).status_code == 200


@pytest.mark.parametrize("sign_in", ["/login", "https://crewkit.example/login?to=git"])
async def test_visitor_without_a_session_signs_in_and_returns(world: ConnectingWorld, sign_in: str) -> None:
    """The return address is always a path of this service, whatever the query contains."""
    async with browser(world, None, sign_in) as client:
        for return_to in ("/kit/account?a=b", "//evil.example", "https://evil.example"):
            path = f"{PATH}/github/authorize?return_to={quote(return_to, safe='')}"
            answer = await client.get(path, headers=PAGE)
            assert answer.status_code == 303, answer.text
            location = answer.headers["location"]
            assert location.startswith(sign_in)
            [returned] = parse_qs(urlsplit(location).query)["return_to"]
            assert returned == (path if sign_in == "/login" else API + path)
        # A session that is refused must not go round in circles.
        client.cookies.set(COOKIE, "stale")
        answer = await client.get(f"{PATH}/github/authorize", headers=PAGE)
        assert answer.status_code == 401
        assert "Sign in to crewkit first" in answer.text
        assert f'href="{sign_in}' in answer.text


async def test_code_of_an_attacker_connects_nothing(world: ConnectingWorld) -> None:
    """A link with an attacker's code, with or without their state, has no flow in this browser."""
    async with browser(world, world.jonas) as attacker, browser(world, world.mara) as client:
        stolen = await authorize_account(world, attacker, "8")
        own = await authorize_account(world, client, "7")
        for query in (stolen, {"code": stolen["code"]}, {"code": stolen["code"], "state": ""}):
            await page(await came_back(client, query), 409, "flow_invalid", back="/kit")
        assert (await came_back(client, own)).status_code == 302
        found = await world.connection(world.mara)
        assert found is not None
        assert found.provider_user_id == ProviderUserId("7")


async def test_disconnects(world: ConnectingWorld) -> None:
    """At once. A second request changes nothing."""
    async with browser(world, world.mara) as client:
        await came_back(client, await authorize_account(world, client))
        headers = {"origin": DASHBOARD}
        for _ in range(2):
            assert (await client.delete(f"{PATH}/github", headers=headers)).status_code == 204
        [after] = (await client.get(PATH)).json()["data"]
        assert after["status"] == "not_connected"
        foreign = await client.delete(f"{PATH}/github", headers={"origin": "https://evil.example"})
        assert (foreign.status_code, foreign.json()["code"]) == (403, "origin_not_allowed")


async def test_rejects_callers_without_a_user_session(world: ConnectingWorld) -> None:
    """Without a session, as a service, or for an unknown provider."""
    async with browser(world, None) as client:
        for method, path in (("GET", PATH), ("GET", f"{PATH}/github/authorize"), ("DELETE", f"{PATH}/github")):
            assert (await client.request(method, path)).status_code == 401
        claims = tokens.claims(world.clock.now(), sub="x", service="reader", scope="git.admin")
        bearer = {"authorization": f"Bearer {tokens.sign_token(claims, tokens.rsa_key())}"}
        for method, path in (("GET", PATH), ("GET", f"{PATH}/github/authorize"), ("DELETE", f"{PATH}/github")):
            answer = await client.request(method, path, headers=bearer)
            assert (answer.status_code, answer.json()["code"]) == (403, "user_required")
    async with browser(world, world.mara) as client:
        for method, path in (("GET", "authorize"), ("GET", "callback"), ("DELETE", "")):
            url = f"{PATH}/gitlab/{path}".rstrip("/")
            answer = await client.request(method, url, headers={"origin": DASHBOARD})
            assert (answer.status_code, answer.json()["code"]) == (404, "provider_unknown")
