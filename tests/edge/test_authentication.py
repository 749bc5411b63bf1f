"""Who calls: by token or cookie, and by cookie only from pages of ours."""

import httpx
import pytest
from starlette.requests import Request

from adapters.secrets.keys import PinnedKey
from adapters.secrets.tokens import JwtVerifier
from core.domain.actors import Actor, ServiceActor, UserActor
from core.use_cases.account import Identify
from entrypoints.rest.http.authentication import Authentication, OriginRefused
from tests.support.builders import tokens
from tests.support.fakes.people import MARA
from tests.support.scenarios.rest import API, COOKIE, DASHBOARD, Edge, bearer, session


async def test_a_bearer_token_tells_who_i_am() -> None:
    """The dashboard's first question: the user, and the role in each organization."""
    async with Edge().client() as client:
        answer = await client.get("/api/v1/user", headers=bearer())

    assert answer.status_code == 200
    assert answer.json() == {
        "id": str(MARA.external_id),
        "email": "mara@acme-rockets.example",
        "name": "Mara Okafor",
        "organizations": [
            {"id": "11111111-1111-4111-8111-111111111111", "name": "Acme Rockets", "role": "owner"},
            {"id": "22222222-2222-4222-8222-222222222222", "name": "Zenith", "role": "viewer"},
        ],
    }


async def test_the_session_cookie_does_as_well() -> None:
    """Browsers hold the token where scripts cannot read it."""
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
async def test_anyone_else_is_asked_to_sign_in(headers: dict[str, str]) -> None:
    """401 with the scheme to use, the same words whatever was wrong, and no trace of the token."""
    async with Edge().client() as client:
        answer = await client.get("/api/v1/user", headers=headers)

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="crewkit"'
    problem = answer.json()
    assert problem["code"] == "token_invalid"
    assert problem["detail"] == "The access token is missing, expired or not valid. Sign in again."


async def test_of_two_headers_none_is_believed() -> None:
    """Whoever stands before us may have looked at the other."""
    async with Edge().client() as client:
        answer = await client.get("/api/v1/user", headers=[*bearer().items(), *bearer().items()])

    assert (answer.status_code, answer.json()["code"]) == (401, "token_invalid")


async def test_a_scheme_is_read_in_any_case() -> None:
    """https://www.rfc-editor.org/rfc/rfc9110#section-11.1."""
    async with Edge().client() as client:
        answer = await client.get("/api/v1/user", headers={"authorization": f"bEARER {session()}"})

    assert answer.status_code == 200


async def test_a_token_of_a_user_crewkit_no_longer_has_is_refused() -> None:
    """A sound token outlives its account by hours."""
    edge = Edge()
    edge.people.users = []
    async with edge.client() as client:
        answer = await client.get("/api/v1/user", headers=bearer())

    assert answer.status_code == 401
    assert answer.json()["code"] == "user_unknown"


async def test_a_service_has_no_account() -> None:
    """It is told so instead of being shown someone's."""
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


async def authenticated(method: str, headers: dict[str, str]) -> Actor:
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
async def test_pages_of_ours_may_act_with_the_cookie(method: str, origin: str) -> None:
    """The dashboard's and the API's own."""
    actor = await authenticated(method, {"cookie": f"{COOKIE}={session()}", "origin": origin})

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
async def test_no_other_page_may_act_with_the_cookie(method: str, origin: str | None) -> None:
    """A browser sends the cookie whoever makes it ask; without an origin it is not known who did."""
    headers = {"cookie": f"{COOKIE}={session()}", **({} if origin is None else {"origin": origin})}

    with pytest.raises(OriginRefused):
        await authenticated(method, headers)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_reading_by_cookie_needs_no_origin(method: str) -> None:
    """Browsers send none when a person follows a link; other pages cannot read the answer."""
    assert isinstance(await authenticated(method, {"cookie": f"{COOKIE}={session()}"}), UserActor)


@pytest.mark.parametrize("method", UNSAFE)
async def test_a_bearer_token_needs_no_origin(method: str) -> None:
    """No page can make a browser send one by accident."""
    actor = await authenticated(method, {**bearer(), "origin": "https://evil.example"})

    assert isinstance(actor, UserActor)


async def test_a_service_may_act_for_a_user() -> None:
    """Both are named wherever it acts."""
    for name in (str(MARA.external_id), str(MARA.external_id).upper()):
        headers = {**bearer(service="deployer", scope="git.read"), "x-acting-user": name}
        actor = await authenticated("POST", headers)

        assert isinstance(actor, ServiceActor)
        assert actor.acting_user is not None
        assert actor.acting_user.user_id == MARA.id
        assert actor.name == f"service:deployer for user:{MARA.external_id}"


async def test_a_service_sees_the_account_of_the_user_it_acts_for() -> None:
    """As that user would."""
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
async def test_a_user_named_wrongly_is_refused(claims: dict[str, object], named: list[str]) -> None:
    """Ignoring it would give the service more than it asked for; a user acts for nobody else."""
    headers = [("x-acting-user", name) for name in named]
    async with Edge().client() as client:
        answer = await client.get("/api/v1/user", headers=[*bearer(**claims).items(), *headers])

    assert (answer.status_code, answer.json()["code"]) == (400, "acting_user_invalid")


async def test_a_service_acts_under_its_scopes() -> None:
    """And is named as such wherever it acts, with the request that asked."""
    actor = await authenticated("POST", {**bearer(service="deployer", scope="git.read"), "x-request-id": "request-1"})

    assert actor == ServiceActor("deployer", frozenset({"git.read"}), request_id="request-1")
    assert actor.name == "service:deployer"
