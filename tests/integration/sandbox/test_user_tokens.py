"""User tokens are made, refreshed and refused as GitHub does, errors with status 200."""

import base64
import hashlib
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest

from tests.support.servers.sandbox import JONAS, MARA, RunningSandbox

VERIFIER = "a-verifier-of-the-length-that-is-required-0123456789"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
NO_JSON = {"accept": "*/*"}


async def authorize(
    running: RunningSandbox, login: str = MARA, decision: str = "authorize", **parameters: str
) -> dict[str, str]:
    """Decide on the App's page as this person, and give what the browser brings back."""
    form = {"client_id": running.app.client_id, "decision": decision, **parameters}
    async with running.browser(login) as browser:
        answer = await browser.post("/login/oauth/authorize", data=form)
    assert answer.status_code == 303, answer.text
    return {
        "": answer.headers["location"].partition("?")[0],
        **dict(parse_qsl(urlsplit(answer.headers["location"]).query)),
    }


async def trade(running: RunningSandbox, **given: str) -> dict[str, Any]:
    """Ask for tokens as the App."""
    form = {"client_id": running.app.client_id, "client_secret": running.app.client_secret, **given}
    headers = {"accept": "application/json"}
    answer = await running.client.post("/login/oauth/access_token", data=form, headers=headers)
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def callbacks(running: RunningSandbox) -> list[str]:
    """Give the App's callback URLs."""
    return running.data.apps[running.app.id].callback_urls


async def test_exchanges_a_code_once(running: RunningSandbox) -> None:
    """The token belongs to the user who authorized; the code is invalid after its first use."""
    back = await authorize(running, JONAS, state="s", redirect_uri=callbacks(running)[1])
    assert (back[""], back["state"]) == (callbacks(running)[1], "s")
    made = await trade(running, code=back["code"])
    assert (made["expires_in"], made["refresh_token_expires_in"]) == (28_800, 15_811_200)
    assert (made["token_type"], made["scope"]) == ("bearer", "")
    assert made["access_token"].startswith("ghu_")
    assert made["refresh_token"].startswith("ghr_")
    assert (await running.api("GET", "/user", made["access_token"])).json()["login"] == JONAS
    assert (await trade(running, code=back["code"]))["error"] == "bad_verification_code"


async def test_code_with_pkce_needs_its_verifier(running: RunningSandbox) -> None:
    """A wrong or missing verifier is rejected and invalidates the code."""
    parameters = {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}
    for verifier in (None, "another"):
        back = await authorize(running, **parameters)
        given = {} if verifier is None else {"code_verifier": verifier}
        assert (await trade(running, code=back["code"], **given))["error"] == "bad_verification_code"
    back = await authorize(running, **parameters)
    assert "access_token" in await trade(running, code=back["code"], code_verifier=VERIFIER)


async def test_refreshing_ends_both_former_tokens(running: RunningSandbox) -> None:
    """A refresh token works once; a second use restores nothing."""
    first = await trade(running, code=(await authorize(running))["code"])
    form = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
    second = await trade(running, **form)
    assert (await running.api("GET", "/user", first["access_token"])).status_code == 401
    assert (await running.api("GET", "/user", second["access_token"])).status_code == 200
    assert (await trade(running, **form))["error"] == "bad_refresh_token"
    await running.control("POST", "/tokens/expire", users=True)
    assert (await running.api("GET", "/user", second["access_token"])).status_code == 401
    third = await trade(running, grant_type="refresh_token", refresh_token=second["refresh_token"])
    await running.control("POST", "/tokens/expire", refresh=True)
    dead = await trade(running, grant_type="refresh_token", refresh_token=third["refresh_token"])
    assert dead["error"] == "bad_refresh_token"


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"client_secret": "wrong"}, "incorrect_client_credentials"),
        ({"client_id": "Iv23linobody"}, "incorrect_client_credentials"),
        ({"code": "made-up"}, "bad_verification_code"),
        ({"redirect_uri": "http://elsewhere.example/"}, "redirect_uri_mismatch"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": "refresh_token", "refresh_token": "ghr_made_up"}, "bad_refresh_token"),
    ],
)
async def test_errors_have_status_200(running: RunningSandbox, given: dict[str, str], error: str) -> None:
    """Only the body shows the error."""
    code = (await authorize(running))["code"]
    answer = await trade(running, **{"code": code, **given})
    assert answer["error"] == error
    assert answer["error_description"]
    assert answer["error_uri"]


async def test_code_needs_ten_minutes_and_a_verified_address(running: RunningSandbox) -> None:
    """An expired code, or a user without a verified address, gets no token."""
    back = await authorize(running)
    running.data.codes[back["code"]].created_at -= timedelta(minutes=10)
    assert (await trade(running, code=back["code"]))["error"] == "bad_verification_code"
    mara = running.data.account(MARA)
    assert mara is not None
    mara.emails[0].verified = False
    back = await authorize(running)
    assert (await trade(running, code=back["code"]))["error"] == "unverified_user_email"


async def test_returns_a_form_unless_json_is_requested(running: RunningSandbox) -> None:
    """Clients often forget this."""
    code = (await authorize(running))["code"]
    given = {"client_id": running.app.client_id, "client_secret": running.app.client_secret, "code": code}
    answer = await running.client.post("/login/oauth/access_token", data=given, headers=NO_JSON)
    assert parse_qs(answer.text)["access_token"][0].startswith("ghu_")


async def test_accepts_a_form_or_json(running: RunningSandbox) -> None:
    """Unreadable parameters count as missing."""
    headers = {"accept": "application/json", "content-type": "application/json"}
    body = {
        "client_id": running.app.client_id,
        "client_secret": running.app.client_secret,
        "code": (await authorize(running))["code"],
    }
    path = "/login/oauth/access_token"
    assert "access_token" in (await running.client.post(path, json=body, headers=headers)).json()
    unreadable = await running.client.post(path, content=b"{", headers=headers)
    assert unreadable.json()["error"] == "incorrect_client_credentials"


async def test_user_can_deny(running: RunningSandbox) -> None:
    """The browser returns with an error and the state."""
    back = await authorize(running, decision="deny", state="s")
    assert (back["error"], back["state"]) == ("access_denied", "s")
    assert "code" not in back
    assert (running.app.id, 900_000_001) not in running.data.grants


@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        ({"redirect_uri": "http://elsewhere.example/"}, "redirect_uri_mismatch"),
        ({"code_challenge": CHALLENGE, "code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": "short", "code_challenge_method": "S256"}, "invalid_request"),
    ],
)
async def test_invalid_request_returns_to_the_first_callback(
    running: RunningSandbox, parameters: dict[str, str], error: str
) -> None:
    """The browser is never sent to an address that is not registered."""
    back = await authorize(running, **parameters)
    assert (back[""], back["error"]) == (callbacks(running)[0], error)


async def test_authorized_user_sees_no_page_again(running: RunningSandbox) -> None:
    """Unless the request selects an account."""
    question = f"/login/oauth/authorize?client_id={running.app.client_id}&state=s"
    async with running.browser(MARA) as browser:
        assert (await browser.get(question)).status_code == 200
        running.user_token(MARA)
        back = await browser.get(question)
        assert back.headers["location"].endswith("&state=s")
        assert (await browser.get(f"{question}&prompt=select_account")).status_code == 200
    parameters = await running.client.get(question)
    assert parameters.headers["location"].startswith("/login?return_to=")


async def test_at_most_ten_tokens_are_valid(running: RunningSandbox) -> None:
    """A new token ends the oldest."""
    tokens = [running.user_token(MARA) for _ in range(11)]
    assert (await running.api("GET", "/user", tokens[0])).status_code == 401
    assert (await running.api("GET", "/user", tokens[1])).status_code == 200


async def test_app_revokes_its_tokens_and_grants(running: RunningSandbox) -> None:
    """Another client cannot."""
    first, second = running.user_token(MARA), running.user_token(MARA)
    path = f"/api/v3/applications/{running.app.client_id}"
    credentials = (running.app.client_id, running.app.client_secret)
    wrong = await running.client.request(
        "DELETE", f"{path}/token", json={"access_token": first}, auth=(running.app.client_id, "wrong")
    )
    assert wrong.status_code == 401
    await running.client.request("DELETE", f"{path}/token", json={"access_token": first}, auth=credentials)
    assert (await running.api("GET", "/user", first)).status_code == 401
    assert (await running.api("GET", "/user", second)).status_code == 200
    third = running.user_token(MARA)
    await running.client.request("DELETE", f"{path}/grant", json={"access_token": second}, auth=credentials)
    assert (await running.api("GET", "/user", third)).status_code == 401
    assert running.data.grants == set()
