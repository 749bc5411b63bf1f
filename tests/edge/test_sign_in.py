"""Signing in as one of the demo's people, in development alone."""

import json
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from entrypoints.development.running_demo import DemoUser
from entrypoints.development.tokens import TokenSigner
from entrypoints.rest.browser.sign_in import SignIn, development_sign_in
from entrypoints.settings.settings import Settings
from tests.support.builders import tokens
from tests.support.fakes.people import MARA
from tests.support.scenarios.rest import API, COOKIE, DASHBOARD, Edge

OWN = {"origin": API}
PEOPLE = {"owner": DemoUser(MARA.external_id, MARA.email), "<b>": DemoUser(UUID(int=1), '"><script>@example')}


def edge(people: dict[str, DemoUser] | None = None) -> Edge:
    """Give an edge with signing in, at the present time, which the signer goes by."""
    signer = TokenSigner(tokens.private_pem(tokens.rsa_key()), issuer=tokens.ISSUER, audience=tokens.AUDIENCE)
    made = Edge(sign_in=SignIn(lambda: PEOPLE if people is None else people, signer))
    made.clock.set(tokens.now())
    return made


async def sign_in(client: httpx.AsyncClient, return_to: str = "/", email: str = MARA.email) -> httpx.Response:
    """Choose a person."""
    return await client.post("/dev/sign-in", data={"email": email, "return_to": return_to}, headers=OWN)


async def test_page_lists_the_users() -> None:
    """By role and email address, as text, without scripts."""
    async with edge().client() as client:
        answer = await client.get("/dev/sign-in?return_to=/projects")

    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert MARA.email in answer.text
    assert 'value="/projects"' in answer.text
    assert "<script>" not in answer.text
    assert "<b>" not in answer.text
    assert "script-src" not in answer.headers["content-security-policy"]
    assert "default-src 'none'" in answer.headers["content-security-policy"]


async def test_page_lets_the_browser_send_its_origin() -> None:
    """Under `no-referrer` a browser posts the form with `Origin: null`, and sign-in would fail."""
    async with edge().client() as client:
        page = await client.get("/dev/sign-in")
    assert page.headers["referrer-policy"] == "same-origin"


async def test_page_reports_that_the_demo_is_not_ready() -> None:
    """The API starts before `up` has published the users."""
    async with edge({}).client() as client:
        answer = await client.get("/dev/sign-in")

    assert "not running yet" in answer.text


async def test_choosing_a_user_signs_in() -> None:
    """Scripts cannot read the cookie, and the API accepts it."""
    async with edge().client() as client:
        answer = await sign_in(client)
        cookie = answer.headers["set-cookie"]
        user = await client.get("/api/v1/user")

    assert answer.status_code == 303
    assert answer.headers["location"] == "/"
    assert cookie.startswith(f"{COOKIE}=")
    assert {"HttpOnly", "SameSite=lax", "Path=/", "Max-Age=28800"} <= set(cookie.split("; "))
    assert "Secure" not in cookie
    assert user.json()["email"] == MARA.email


async def test_cookie_is_secure_over_https() -> None:
    """Development machines may be behind a tunnel."""
    async with edge().client("https://demo.example") as client:
        answer = await client.post("/dev/sign-in", data={"email": MARA.email}, headers={"origin": DASHBOARD})

    assert "Secure" in answer.headers["set-cookie"].split("; ")


@pytest.mark.parametrize(
    ("return_to", "location"),
    [
        ("/projects?page=2#top", "/projects?page=2#top"),
        ("https://evil.example", "/"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("/\t/evil.example", "/%09/evil.example"),
        ("/a\r\nset-cookie: x=1", "/a%0D%0Aset-cookie%3A%20x=1"),
        ("javascript:alert(1)", "/"),
        ("", "/"),
    ],
)
async def test_returns_only_to_a_path_of_this_service(return_to: str, location: str) -> None:
    """A link to the page cannot send the user to another site."""
    async with edge().client() as client:
        answer = await sign_in(client, return_to=return_to)

    assert answer.headers["location"] == location


@pytest.mark.parametrize("email", ["", "nobody@example", MARA.email.upper()])
async def test_rejects_unknown_users(email: str) -> None:
    """A client can send any value."""
    async with edge().client() as client:
        answer = await sign_in(client, email=email)

    assert (answer.status_code, answer.json()["code"]) == (400, "demo_user_unknown")
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("headers", [{}, {"origin": "https://evil.example"}])
async def test_page_of_another_site_cannot_sign_in(headers: dict[str, str]) -> None:
    """Otherwise it could choose the account that the user works in."""
    async with edge().client() as client:
        answer = await client.post("/dev/sign-in", data={"email": MARA.email}, headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (403, "origin_not_allowed")


async def test_host_header_does_not_define_the_origin() -> None:
    """An attacker's name can resolve to this machine and would then be in both headers."""
    async with edge().client("http://rebound.example:3050") as client:
        headers = {"origin": "http://rebound.example:3050"}
        answer = await client.post("/dev/sign-in", data={"email": MARA.email}, headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (403, "origin_not_allowed")


async def test_dashboard_origin_can_sign_in() -> None:
    """In development it may have another origin."""
    async with edge().client() as client:
        answer = await client.post("/dev/sign-in", data={"email": MARA.email}, headers={"origin": DASHBOARD})

    assert answer.status_code == 303


async def test_rejects_a_form_over_the_limit() -> None:
    """With the error format of the API."""
    async with edge().client() as client:
        answer = await client.post("/dev/sign-in", content=b"x" * 10_000, headers=OWN)

    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


async def test_unsupported_method_lists_the_supported_ones() -> None:
    """Two routes share the path."""
    async with edge().client() as client:
        answer = await client.delete("/dev/sign-in")

    assert answer.headers["allow"] == "GET, HEAD, OPTIONS, POST"


DEVELOPMENT = {
    "CREWKIT_GIT_ENVIRONMENT": "development",
    "CREWKIT_GIT_AUTH_ISSUER": tokens.ISSUER,
    "CREWKIT_GIT_AUTH_AUDIENCE": tokens.AUDIENCE,
}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Give a home with the development key and published people."""
    (tmp_path / "dev-keys").mkdir()
    (tmp_path / "dev-keys" / "auth_private.pem").write_bytes(tokens.private_pem(tokens.rsa_key()))
    owner = {"id": str(MARA.external_id), "email": MARA.email, "token": "t"}
    (tmp_path / "demo.json").write_text(json.dumps({"http_url": "x", "users": {"owner": owner}}))
    return tmp_path


def test_development_signs_in_published_users(home: Path) -> None:
    """Those that `up` wrote."""
    found = development_sign_in(Settings.from_environment({**DEVELOPMENT, "CREWKIT_GIT_HOME": str(home)}))

    assert found is not None
    assert found.people() == {"owner": DemoUser(MARA.external_id, MARA.email)}


def test_production_has_no_demo_sign_in(home: Path) -> None:
    """Even if the key file exists."""
    environment = {**DEVELOPMENT, "CREWKIT_GIT_HOME": str(home), "CREWKIT_GIT_ENVIRONMENT": "production"}
    settings = Settings.from_environment(
        {**environment, "CREWKIT_GIT_DATABASE_URL": "postgresql://h/d"}, process="migrate"
    )

    assert development_sign_in(settings) is None


def test_sign_in_needs_the_development_key(tmp_path: Path) -> None:
    """A development API with another issuer accepts the tokens of that issuer."""
    settings = Settings.from_environment({**DEVELOPMENT, "CREWKIT_GIT_HOME": str(tmp_path)})

    assert development_sign_in(settings) is None
