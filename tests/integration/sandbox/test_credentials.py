"""Credentials are taken and refused as GitHub does, in its words."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx
import jwt
import pytest

from sandbox.state.sandbox_app import new_private_key
from tests.support.servers.sandbox import ACME, INSTALLATION, MARA, PRIYA, RunningSandbox

TOKENS = f"/app/installations/{INSTALLATION}/access_tokens"
FUTURE = (
    "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the "
    "assertion expires"
)
ISSUED = "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued"


def message(answer: httpx.Response) -> str:
    """Give what a refusal says."""
    said: str = answer.json()["message"]
    return said


@pytest.mark.parametrize("issuer", ["client id", "app id"])
async def test_app_has_two_ids(running: RunningSandbox, issuer: str) -> None:
    """The client id is recommended; the app id still works, as text."""
    iss = running.app.client_id if issuer == "client id" else str(running.app.id)
    assert (await running.api("GET", "/app", running.jwt(iss=iss))).json()["id"] == running.app.id


@pytest.mark.parametrize(
    ("claim", "seconds", "said"),
    [
        ("exp", 660, "'Expiration time' claim ('exp') is too far in the future"),
        ("exp", -1, FUTURE),
        ("exp", None, "Missing 'Expiration time' claim ('exp') in assertion"),
        ("iat", 30, ISSUED),
        ("iat", None, "Missing 'Issued at' claim ('iat') in assertion"),
        ("iss", None, "Missing 'issuer' claim ('iss') in assertion"),
    ],
)
async def test_rejects_a_jwt_with_a_wrong_claim(
    running: RunningSandbox, claim: str, seconds: int | None, said: str
) -> None:
    """Each claim has its own message, so a client can recognize a wrong clock."""
    now = int(running.sandbox.now().timestamp())
    token = running.jwt(**{claim: None if seconds is None else now + seconds})
    answer = await running.api("GET", "/app", token)
    assert (answer.status_code, message(answer)) == (401, said)


async def test_rejects_a_jwt_of_another_key(running: RunningSandbox) -> None:
    """A wrong signature, an unknown app, and text that is not a JWT."""
    now = int(running.sandbox.now().timestamp())
    claims = {"iss": running.app.client_id, "iat": now, "exp": now + 60}
    forged = jwt.encode(claims, new_private_key(), algorithm="RS256")
    for token in (forged, "ey.no.jwt", "ghs_unknown", "anything"):
        assert (await running.api("GET", "/app", token)).status_code == 401
    stranger = await running.api("GET", "/app", running.jwt(iss="Iv23linobody"))
    assert (stranger.status_code, message(stranger)) == (404, "Integration not found")
    headers = {"authorization": f"token {running.jwt()}"}
    assert (await running.client.get("/api/v3/app", headers=headers)).status_code == 401


async def test_date_header_shows_the_clock_of_the_server(running: RunningSandbox) -> None:
    """A client that corrects by the `Date` header is accepted."""
    token = running.jwt()
    await running.client.put("/_sandbox/faults", json=[{"kind": "skewed_clock", "seconds": 1200}])
    refused = await running.api("GET", "/app", token)
    assert (refused.status_code, message(refused)) == (401, FUTURE)
    server_time = parsedate_to_datetime(refused.headers["date"])
    assert 1190 < (server_time - datetime.now(UTC)).total_seconds() <= 1200
    assert (await running.api("GET", "/app", running.jwt())).status_code == 200


async def test_issues_both_forms_of_token(running: RunningSandbox) -> None:
    """A header selects the form, other values are ignored, and both forms work."""
    forms = {
        "enabled": rf"ghs_{running.app.id}_[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+",
        "disabled": r"ghs_[A-Za-z0-9]{36}",
        "whatever": rf"ghs_{running.app.id}_.+",
    }
    for body, form in forms.items():
        answer = await running.api("POST", TOKENS, headers={"x-github-stateless-s2s-token": body})
        token = answer.json()["token"]
        assert re.fullmatch(form, token)
        assert (await running.api("GET", "/installation/repositories", token)).status_code == 200
    await running.control("PATCH", "/behaviour", stateless_tokens=False)
    assert re.fullmatch(forms["disabled"], await running.installation_token())


async def test_narrows_a_token_to_repositories_and_permissions(running: RunningSandbox) -> None:
    """Other repositories are 404; missing permissions are 403 with their name."""
    answer = await running.api(
        "POST", TOKENS, json={"repository_ids": [700000002], "permissions": {"metadata": "read"}}
    )
    body = answer.json()
    assert [one["name"] for one in body["repositories"]] == ["guidance"]
    assert (body["repository_selection"], body["permissions"]) == ("selected", {"metadata": "read"})
    listed = (await running.api("GET", "/installation/repositories", body["token"])).json()
    assert [one["id"] for one in listed["repositories"]] == [700000002]
    refused = await running.api("GET", "/repos/acme-rockets/guidance/branches", body["token"])
    assert (refused.status_code, message(refused)) == (403, "Resource not accessible by integration")
    assert refused.headers["x-accepted-github-permissions"] == "contents=read"
    other = await running.installation_token(repositories=["launchpad"])
    assert (await running.api("GET", "/repositories/700000002", other)).status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        {"repositories": ["telemetry"]},
        {"repository_ids": [1]},
        {"repository_ids": list(range(501))},
        {"permissions": {"contents": "write"}},
        {"permissions": {"issues": "read"}},
        {"permissions": "all"},
    ],
)
async def test_rejects_a_token_with_too_many_permissions(running: RunningSandbox, body: dict[str, object]) -> None:
    assert (await running.api("POST", TOKENS, json=body)).status_code == 422
    assert running.data.installation_tokens == {}


async def test_rejects_invalid_json(running: RunningSandbox) -> None:
    """GitHub distinguishes invalid JSON from invalid content."""
    answer = await running.api("POST", TOKENS, content=b"{")
    assert (answer.status_code, message(answer)) == (400, "Problems parsing JSON")


async def test_token_ends(running: RunningSandbox) -> None:
    """By revocation, expiry, suspension (with its message) and deletion of the installation."""
    revoked = await running.installation_token()
    assert (await running.api("DELETE", "/installation/token", revoked)).status_code == 204
    assert (await running.api("GET", "/installation/repositories", revoked)).status_code == 401
    token = await running.installation_token()
    await running.act(MARA, "suspend", installation=INSTALLATION)
    suspended = await running.api("GET", "/installation/repositories", token)
    assert (suspended.status_code, message(suspended)) == (403, "This installation has been suspended")
    await running.act(MARA, "unsuspend", installation=INSTALLATION)
    assert (await running.api("GET", "/installation/repositories", token)).status_code == 200
    await running.control("POST", "/tokens/expire", installations=True)
    expired = await running.api("GET", "/installation/repositories", token)
    assert (expired.status_code, message(expired)) == (401, "Bad credentials")
    token = await running.installation_token()
    await running.act(MARA, "uninstall", installation=INSTALLATION)
    assert (await running.api("GET", "/installation/repositories", token)).status_code == 401


async def test_rejects_a_request_without_a_user_agent(running: RunningSandbox) -> None:
    answer = await running.api("GET", "/app", headers={"user-agent": ""})
    assert answer.status_code == 403
    assert "User-Agent" in answer.text


async def test_supports_versions_of_the_api(running: RunningSandbox) -> None:
    """An unknown version is rejected, the next one has the announced changes."""
    unknown = await running.api("GET", "/app", headers={"x-github-api-version": "2020-01-01"})
    assert unknown.status_code == 400
    newer = {"x-github-api-version": "2026-03-10"}
    assert "rate" not in (await running.api("GET", "/rate_limit", headers=newer)).json()
    token = await running.installation_token()
    shown = (await running.api("GET", "/repositories/700000001", token, headers=newer)).json()
    assert "has_downloads" not in shown
    removed = await running.api("DELETE", f"/app/installations/{INSTALLATION}", headers=newer)
    assert removed.status_code == 202


async def test_user_sees_repositories_shared_with_the_installation(running: RunningSandbox) -> None:
    """A plain member sees the installation, too, but administers nothing."""
    await running.act(MARA, "install", account=MARA)
    mine = running.user_token(MARA)
    shown = (await running.api("GET", "/user/installations", mine)).json()
    assert {one["account"]["id"] for one in shown["installations"]} == {ACME, 900_000_001}
    server_time = running.user_token(PRIYA)
    shown = (await running.api("GET", "/user/installations", server_time)).json()
    assert [one["id"] for one in shown["installations"]] == [INSTALLATION]
    listed = await running.api("GET", f"/user/installations/{INSTALLATION}/repositories", server_time)
    roles = [one["permissions"] for one in listed.json()["repositories"]]
    assert [(one["admin"], one["push"], one["pull"]) for one in roles] == [(False, False, True)] * 2
    assert (await running.api("GET", "/repos/acme-rockets/telemetry", server_time)).status_code == 404
    assert (await running.api("GET", "/repos/acme-rockets/guidance", server_time)).status_code == 200
    stranger = running.user_token("sporter-contrib")
    assert (await running.api("GET", "/user/installations", stranger)).json()["total_count"] == 0
