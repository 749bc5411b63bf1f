"""What holds for every operation alike, those of tomorrow included: who may call, and who learns what."""

import base64
import hashlib
import hmac
import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import jwt
import pytest
from psycopg import AsyncCursor

from adapters.postgres.connection.session import Parameters, Row, Session
from adapters.postgres.queries.directory import _USER
from core.domain.attribution.git_authors import to_author_key
from entrypoints.development.tokens import DEVELOPMENT_AUDIENCE, DEVELOPMENT_ISSUER, TokenSigner
from tests.support.builders import tokens
from tests.support.clients.operations import BY_CALLER, CHANGING, FINITE, IN_ORGANIZATION, OPERATIONS, STRICT, Call
from tests.support.scenarios.whole_api import Tenants

UNKNOWN_NUMBER = "799999999"


@pytest.fixture(scope="module")
def anyone(owner: httpx.Client) -> Iterator[httpx.Client]:
    """Give a client of nobody in particular."""
    with httpx.Client(base_url=owner.base_url, timeout=10) as client:
        yield client


@pytest.fixture(scope="module")
def refused(tenants: Tenants) -> dict[str, dict[str, str]]:
    """Give headers that name the owner without proof of it."""
    key = Path(tenants.environment["CREWKIT_GIT_HOME"], "dev-keys", "auth_private.pem").read_bytes()
    public = Path(tenants.environment["CREWKIT_GIT_HOME"], "dev-keys", "auth_public.pem").read_text()
    now = datetime.now(UTC).timestamp()
    sound = {
        "sub": tenants.facts.users["owner"]["id"],
        "iss": DEVELOPMENT_ISSUER,
        "aud": DEVELOPMENT_AUDIENCE,
        "exp": now + 600,
    }
    signed = {
        "expired": {**sound, "exp": now - 60},
        "of another issuer": {**sound, "iss": "https://elsewhere.example"},
        "for another audience": {**sound, "aud": "crewkit-billing"},
        "without an end": {name: value for name, value in sound.items() if name != "exp"},
    }
    found = {name: jwt.encode(claims, key, algorithm="RS256") for name, claims in signed.items()}
    found |= {
        "garbage": "garbage",
        "unsigned": _assemble({"alg": "none"}, sound, lambda _: b""),
        # The public key is public: as the secret of an HMAC it would let everyone sign.
        "signed with the public key": _assemble(
            {"alg": "HS256"}, sound, lambda text: hmac.digest(public.encode(), text, hashlib.sha256)
        ),
        "signed with another key": jwt.encode(sound, tokens.rsa_key(), algorithm="RS256"),
    }
    headers = {name: {"authorization": f"Bearer {token}"} for name, token in found.items()}
    return {"nothing": {}, "cookie": {"cookie": "crewkit_session=garbage"}, **headers}


def _assemble(header: dict[str, str], claims: dict[str, Any], sign: Any) -> str:
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (header, claims)]
    text = b".".join(parts)
    return b".".join([text, base64.urlsafe_b64encode(sign(text)).rstrip(b"=")]).decode()


def code(answer: httpx.Response) -> tuple[int, str]:
    """Check the form of a refusal and give its status and code."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    assert answer.json()["request_id"] == answer.headers["x-request-id"]
    return answer.status_code, answer.json()["code"]


@pytest.mark.parametrize("name", BY_CALLER)
def test_rejects_invalid_tokens(
    tenants: Tenants, anyone: httpx.Client, refused: dict[str, dict[str, str]], name: str
) -> None:
    """With the same text for each reason, before any other check."""
    call = Call(OPERATIONS[name], tenants.own)
    for kind, headers in refused.items():
        answer = call.send(anyone, headers=headers, query={"nonsense": "1"})
        expected = (401, "token_invalid")
        if kind == "cookie" and OPERATIONS[name].method != "GET":
            expected = (403, "origin_not_allowed")
        assert code(answer) == expected, kind
        if expected[0] == 401:
            assert answer.headers["www-authenticate"] == 'Bearer realm="crewkit"'


@pytest.mark.parametrize("name", [name for name in BY_CALLER if OPERATIONS[name].method != "GET"])
def test_rejects_changes_from_other_sites(tenants: Tenants, anyone: httpx.Client, name: str) -> None:
    """A browser sends the session cookie with requests of any page."""
    call = Call(OPERATIONS[name], tenants.own)
    session = {"cookie": f"crewkit_session={tenants.facts.users['owner']['token']}"}
    for origin in ({}, {"origin": "https://evil.example"}, {"origin": "null"}):
        assert code(call.send(anyone, headers={**session, **origin})) == (403, "origin_not_allowed")


@pytest.mark.parametrize("name", STRICT)
def test_names_an_unknown_parameter(tenants: Tenants, owner: httpx.Client, name: str) -> None:
    """Before any change: a typo is never ignored."""
    answer = Call(OPERATIONS[name], tenants.own).send(owner, query={"pgae": "2"})
    assert code(answer) == (400, "query_invalid")
    assert answer.json()["errors"] == [{"field": "pgae", "message": "Unknown parameter. Remove it."}]


@pytest.mark.parametrize("name", IN_ORGANIZATION)
def test_outsider_gets_not_found(tenants: Tenants, anyone: httpx.Client, name: str) -> None:
    """Without a hint that the organization exists."""
    answer = Call(OPERATIONS[name], tenants.own).send(anyone, headers=tenants.bearer("outsider"))
    assert code(answer) == (404, "organization_not_found")


@pytest.mark.parametrize("name", CHANGING)
def test_viewer_cannot_change_anything(tenants: Tenants, anyone: httpx.Client, name: str) -> None:
    answer = Call(OPERATIONS[name], tenants.own).send(anyone, headers=tenants.bearer("viewer"))
    assert code(answer) == (403, "action_forbidden")


@pytest.mark.parametrize("name", IN_ORGANIZATION)
def test_service_without_scopes_cannot_do_anything(tenants: Tenants, anyone: httpx.Client, name: str) -> None:
    """Even for a user with permission."""
    home = Path(tenants.environment["CREWKIT_GIT_HOME"])
    key = (home / "dev-keys" / "auth_private.pem").read_bytes()
    signer = TokenSigner(key, issuer=DEVELOPMENT_ISSUER, audience=DEVELOPMENT_AUDIENCE)
    service = {"authorization": f"Bearer {signer.for_service('nobody', [])}"}
    for acting in ({}, {"x-acting-user": tenants.facts.users["owner"]["id"]}):
        answer = Call(OPERATIONS[name], tenants.own).send(anyone, headers={**service, **acting})
        assert code(answer) == (403, "action_forbidden")


class Statements:
    """What is asked of the database, by text, while a request is answered."""

    def __init__(self) -> None:
        self.statements: Counter[str] = Counter()

    def of(self, call: Call, client: httpx.Client) -> tuple[Counter[str], httpx.Response]:
        """Give the statements of one call and its answer; once before, so that what is cached is cached."""
        call.send(client)
        self.statements.clear()
        answer = call.send(client)
        return self.statements.copy(), answer


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> Statements:
    """Note every statement a request asks of the database, but who calls."""
    found = Statements()
    execute = Session._execute

    async def recorded(session: Session, statement: str, parameters: Parameters) -> AsyncCursor[Row]:
        # The caller is cached for a while, whatever the request is for.
        if statement != _USER:
            found.statements[statement] += 1
        return await execute(session, statement, parameters)

    monkeypatch.setattr(Session, "_execute", recorded)
    return found


ODD = ["x", "0", "-1", "9" * 40, "%C3%A9", "%20", "a" * 200, "null", "..;", "%27--"]
IDS = [(name, id_name) for name in OPERATIONS for id_name in Call(OPERATIONS[name], {}).names]


def _create_absent(tenants: Tenants, id_name: str) -> str:
    """Return a valid id that nothing has."""
    if id_name == "author_key":
        return to_author_key("nobody@another.example")
    return UNKNOWN_NUMBER if tenants.own[id_name].isdigit() else str(uuid4())


@pytest.mark.parametrize(("name", "id_name"), IDS)
def test_foreign_object_equals_a_missing_one(
    tenants: Tenants, owner: httpx.Client, statements: Statements, name: str, id_name: str
) -> None:
    """Status, body and the number of database statements are equal."""
    own = Call(OPERATIONS[name], tenants.own)
    path_name = "org_id" if id_name == "organization_id" else id_name
    absent = _create_absent(tenants, path_name)
    seen = []
    for value in (tenants.foreign[path_name], absent):
        statement_count, answer = statements.of(own.with_id(id_name, value), owner)
        status, said = code(answer)
        assert status == 404
        assert said.endswith("_not_found")
        body = answer.json()
        del body["request_id"]
        headers = sorted(set(answer.headers) - {"x-request-id"})
        seen.append((status, body, headers, answer.headers["content-length"], statement_count))
    assert seen[0] == seen[1]
    assert seen[0][-1]


@pytest.mark.parametrize(("name", "id_name"), [one for one in IDS if one[1] != "organization_id"])
@pytest.mark.parametrize("odd", ["x", "0", "-1", "9" * 40, "%C3%A9", "%20", "a" * 200, "null", "..;", "%27--"])
def test_malformed_id_is_not_found(tenants: Tenants, owner: httpx.Client, name: str, id_name: str, odd: str) -> None:
    status, said = code(Call(OPERATIONS[name], tenants.own).with_id(id_name, odd).send(owner))
    assert (status, said.endswith("not_found")) == (404, True)


WITH_BODY = [name for name in BY_CALLER if OPERATIONS[name].body is not None]
BODIES: dict[str, tuple[bytes, str, int, str]] = {
    "none": (b"", "application/json", 400, "body_invalid"),
    "no JSON": (b"{", "application/json", 400, "body_invalid"),
    "no object": (b"[]", "application/json", 400, "body_invalid"),
    "an unknown field": (b'{"pgae":1}', "application/json", 400, "body_invalid"),
    "a form": (b"a=b", "application/x-www-form-urlencoded", 415, "unsupported_media_type"),
    "no type": (b"{}", "", 415, "unsupported_media_type"),
    "too much": (b" " * 70_000, "application/json", 413, "body_too_large"),
}


@pytest.mark.parametrize("name", WITH_BODY)
def test_rejects_an_invalid_body(tenants: Tenants, owner: httpx.Client, name: str) -> None:
    """Before any change."""
    path = Call(OPERATIONS[name], tenants.own).path
    for kind, (body, media_type, status, expected) in BODIES.items():
        headers = {"content-type": media_type}
        answer = owner.request(OPERATIONS[name].method, path, content=body, headers=headers)
        assert code(answer) == (status, expected), kind


# Its organization is connected already, and begins nothing (tests/integration/installing/test_flow.py);
# nobody has been sent whose return would lead anywhere (tests/integration/events/test_people.py).
OF_BROWSERS = {"install_app", "return_from_connecting"}
READING = [name for name in FINITE if OPERATIONS[name].method == "GET" and name not in OF_BROWSERS]


@pytest.mark.parametrize("name", READING)
def test_response_matches_the_description(tenants: Tenants, owner: httpx.Client, name: str) -> None:
    """For the owner of an organization with all features in use."""
    answer = Call(OPERATIONS[name], tenants.own).send(owner)
    assert answer.status_code in {one.status.value for one in OPERATIONS[name].responses}, answer.text


@pytest.mark.parametrize("name", [name for name in FINITE if OPERATIONS[name].method == "GET"])
def test_head_equals_get_without_a_body(tenants: Tenants, owner: httpx.Client, name: str) -> None:
    """With the same status and type."""
    call = Call(OPERATIONS[name], tenants.own)
    path = call.send(owner).request.url
    got, headed = owner.get(path), owner.head(path)
    assert headed.content == b""
    assert headed.status_code == got.status_code
    assert headed.headers.get("content-type") == got.headers.get("content-type")
