"""Identification of callers by token or cookie; a cookie works only on pages of this service."""

import httpx
import pytest
from starlette.requests import Request

from adapters.secrets.keys import PinnedKey
from adapters.secrets.tokens import JwtVerifier
from core.domain.actors import Actor, ServiceActor, UserActor
from core.use_cases.account import Identify
from entrypoints.rest.http.authentication import Authentication, OriginNotAllowed
from tests.support.builders import tokens
from tests.support.fakes.people import MARA
from tests.support.scenarios.rest import API, COOKIE, DASHBOARD, Edge, bearer, session

OWNER_PERMISSIONS = [
    *("read", "link", "sync", "install", "disconnect", "read_payload", "retry", "audit", "assign", "stream"),
    "revoke_token",
]


async def test_returns_the_user_of_a_token_with_the_permissions_of_each_role() -> None:
    """The dashboard disables what a role must not do, without a copy of the policy."""
    async with Edge().client() as client:
        answer = await client.get("/api/v1/user", headers=bearer())

    assert answer.status_code == 200
    assert answer.json() == {
        "id": str(MARA.external_id),
        "email": "mara@acme-rockets.example",
        "name": "Mara Okafor",
        "organizations": [
            {
                "id": "11111111-1111-4111-8111-111111111111",
                "name": "Acme Rockets",
                "role": "owner",
                "permissions": OWNER_PERMISSIONS,
            },
            {
                "id": "22222222-2222-4222-8222-222222222222",
                "name": "Zenith",
                "role": "viewer",
                "permissions": ["read", "stream"],
            },
        ],
    }


async def test_session_cookie_identifies_the_user() -> None:
    """Browsers keep the token where scripts cannot read it."""
    async with Edge().client() as client:
        answer = await client.get("/api/v1/user", headers={"cookie": f"other=1; {COOKIE}={session()}"})

    assert answer.json()["email"] == MARA.email


REFUSED: dict[str, dict[str, str]] = {
    "nothing": {},
    "another scheme": {"authorization": "Basic bWFyYTptYXJh"},
    "no token": {"authorization": "Bearer "},
    "no scheme": {"authorization": session()},
    "two tokens": {"authorization": f"Bearer {session()} {session()}"},
    "expired": bearer(exp=1),
    "another issuer": bearer(iss="https://elsewhere.example"),
    "another audience": bearer(aud="crewkit-billing"),
    "expired cookie": {"cookie": f"{COOKIE}={session(exp=1)}"},
    "cookie of another name": {"cookie": f"x{COOKIE}={session()}"},
    "a bad token beside a good cookie": {"authorization": "Bearer a.b.c", "cookie": f"{COOKIE}={session()}"},
}


@pytest.mark.parametrize("headers", REFUSED.values(), ids=REFUSED.keys())
async def test_rejects_invalid_credentials(headers: dict[str, str]) -> None:
    """401 with the scheme to use, the same text for each reason, and without the token."""
    async with Edge().client() as client:
        answer = await client.get("/api/v1/user", headers=headers)

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="crewkit"'
    problem = answer.json()
    assert problem["code"] == "token_invalid"
    assert problem["detail"] == "The access token is missing, expired or not valid. Sign in again."


async def test_rejects_two_authorization_headers() -> None:
    """A proxy may have checked the other header."""
    async with Edge().client() as client:
        answer = await client.get("/api/v1/user", headers=[*bearer().items(), *bearer().items()])

    assert (answer.status_code, answer.json()["code"]) == (401, "token_invalid")


async def test_scheme_is_case_insensitive() -> None:
    """https://www.rfc-editor.org/rfc/rfc9110#section-11.1."""
    async with Edge().client() as client:
        answer = await client.get("/api/v1/user", headers={"authorization": f"bEARER {session()}"})

    assert answer.status_code == 200


async def test_rejects_a_token_of_a_deleted_user() -> None:
    """A token is valid for hours after its account is deleted."""
    edge = Edge()
    edge.people.users = []
    async with edge.client() as client:
        answer = await client.get("/api/v1/user", headers=bearer())

    assert answer.status_code == 401
    assert answer.json()["code"] == "user_unknown"


async def test_a_service_gets_only_the_permissions_that_it_shares_with_the_user() -> None:
    """The scope `git.read` allows less than the role of an owner."""
    headers = bearer(service="deployer", scope="git.read") | {"x-acting-user": str(MARA.external_id)}
    async with Edge().client() as client:
        answer = await client.get("/api/v1/user", headers=headers)

    assert [organization["permissions"] for organization in answer.json()["organizations"]] == [["read"], ["read"]]


async def test_service_has_no_account() -> None:
    """The response says so, and shows no user's account."""
    async with Edge().client() as client:
        answer = await client.get("/api/v1/user", headers=bearer(service="deployer", scope="git.read"))

    assert answer.status_code == 403
    assert answer.json()["code"] == "user_required"


def request(method: str, headers: dict[str, str]) -> Request:
    """Give a request as the framework hands it to a route."""
    built = httpx.Request(method, f"{API}/api/v1/x", headers=headers)
    return Request(
        {
            "type": "http",
            "method": method,
            "scheme": "http",
            "path": "/api/v1/x",
            "query_string": b"",
            "headers": [(name.lower(), value) for name, value in built.headers.raw],
        }
    )


async def authenticate(method: str, headers: dict[str, str]) -> Actor:
    """Authenticate one request."""
    edge = Edge()
    verifier = JwtVerifier(
        PinnedKey(tokens.public_pem(tokens.rsa_key())), edge.clock, issuer=tokens.ISSUER, audience=tokens.AUDIENCE
    )
    authentication = Authentication(verifier, Identify(edge.people), COOKIE, {DASHBOARD, API})
    return await authentication(request(method, headers))


UNSAFE = ["POST", "PUT", "PATCH", "DELETE"]


@pytest.mark.parametrize("method", UNSAFE)
@pytest.mark.parametrize("origin", [DASHBOARD, API, DASHBOARD.upper().replace("HTTPS", "https")])
async def test_pages_of_this_service_can_use_the_cookie(method: str, origin: str) -> None:
    """Those of the dashboard and the API."""
    actor = await authenticate(method, {"cookie": f"{COOKIE}={session()}", "origin": origin})

    assert isinstance(actor, UserActor)


FOREIGN = [
    None,
    "",
    "null",
    "https://evil.example",
    "http://app.crewkit.example",
    "https://app.crewkit.example.evil.example",
    "https://app.crewkit.example:444",
    "https://api.crewkit.example",
    f"{DASHBOARD}, https://evil.example",
]


@pytest.mark.parametrize("method", UNSAFE)
@pytest.mark.parametrize("origin", FOREIGN)
async def test_other_pages_cannot_use_the_cookie(method: str, origin: str | None) -> None:
    """A browser sends the cookie for every page; without an origin the page is unknown."""
    headers = {"cookie": f"{COOKIE}={session()}", **({} if origin is None else {"origin": origin})}

    with pytest.raises(OriginNotAllowed):
        await authenticate(method, headers)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_reading_with_the_cookie_needs_no_origin(method: str) -> None:
    """Browsers send none when a user follows a link; other pages cannot read the response."""
    assert isinstance(await authenticate(method, {"cookie": f"{COOKIE}={session()}"}), UserActor)


@pytest.mark.parametrize("method", UNSAFE)
async def test_bearer_token_needs_no_origin(method: str) -> None:
    """A page cannot make a browser send a token by accident."""
    actor = await authenticate(method, {**bearer(), "origin": "https://evil.example"})

    assert isinstance(actor, UserActor)


async def test_service_can_act_for_a_user() -> None:
    """Each record names both."""
    for name in (str(MARA.external_id), str(MARA.external_id).upper()):
        headers = {**bearer(service="deployer", scope="git.read"), "x-acting-user": name}
        actor = await authenticate("POST", headers)

        assert isinstance(actor, ServiceActor)
        assert actor.acting_user is not None
        assert actor.acting_user.user_id == MARA.id
        assert actor.name == f"service:deployer for user:{MARA.external_id}"


async def test_service_sees_the_account_of_its_acting_user() -> None:
    """Like that user."""
    headers = {**bearer(service="deployer", scope="git.read"), "x-acting-user": str(MARA.external_id)}
    async with Edge().client() as client:
        answer = await client.get("/api/v1/user", headers=headers)

    assert answer.json()["email"] == MARA.email


SERVICE = {"service": "deployer", "scope": "git.read"}


@pytest.mark.parametrize(
    ("claims", "named"),
    [
        (SERVICE, [""]),
        (SERVICE, ["mara"]),
        (SERVICE, ["00000000-0000-4000-8000-000000000000"]),
        (SERVICE, [f"{{{MARA.external_id}}}"]),
        (SERVICE, [str(MARA.external_id), str(MARA.external_id)]),
        ({}, [str(MARA.external_id)]),
        ({}, [""]),
    ],
)
async def test_rejects_an_invalid_acting_user(claims: dict[str, object], named: list[str]) -> None:
    """Ignoring it would give the service too much access. A user cannot act for another user."""
    headers = [("x-acting-user", name) for name in named]
    async with Edge().client() as client:
        answer = await client.get("/api/v1/user", headers=[*bearer(**claims).items(), *headers])

    assert (answer.status_code, answer.json()["code"]) == (400, "acting_user_invalid")


async def test_service_acts_under_its_scopes() -> None:
    """Each record names the service and the request."""
    actor = await authenticate("POST", {**bearer(service="deployer", scope="git.read"), "x-request-id": "request-1"})

    assert actor == ServiceActor("deployer", frozenset({"git.read"}), request_id="request-1")
    assert actor.name == "service:deployer"
