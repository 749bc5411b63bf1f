"""A user can send each form of the sandbox's pages, and each form has its effect."""

import hmac
import re
from html import unescape

import httpx
import pytest

from tests.support.fakes.webhook_receiver import Receiver
from tests.support.servers.sandbox import INSTALLATION, MARA, OONA, PRIYA, RunningSandbox

PAD = "acme-rockets/launchpad"


async def press(browser: httpx.AsyncClient, path: str, action: str, **fields: str) -> httpx.Response:
    """Fill the form of this page that leads to this action, and send it."""
    page = (await browser.get(path)).text
    found = [
        (body, inputs)
        for target, body in re.findall(r'<form[^>]* action="([^"]+)"[^>]*>(.*?)</form>', page, re.DOTALL)
        if unescape(target) == action
        and fields.keys() <= (inputs := dict(_inputs(body))).keys()
        and all(fields.get(name, value) == value for name, value in inputs.items() if _is_hidden(body, name))
    ]
    assert found, f"{path} has no form for {action} with {sorted(fields)}"
    return await browser.post(action, data={**found[0][1], **fields})


def _inputs(form: str) -> list[tuple[str, str]]:
    """Read a form's fields with their values as a browser would send them, boxes unchecked left out."""
    found = []
    for tag in re.findall(r"<(?:input|select)[^>]*>", form):
        name = re.search(r'name="([^"]*)"', tag)
        value = re.search(r'value="([^"]*)"', tag)
        unchecked = re.search(r'type="(radio|checkbox)"', tag) and " checked" not in tag
        if name and not unchecked:
            found.append((name[1], unescape(value[1]) if value else ""))
    return found


def _is_hidden(form: str, name: str) -> bool:
    return f'type="hidden" name="{name}"' in form


async def test_forms_of_a_repository_work(running: RunningSandbox, receiver: Receiver) -> None:
    """Push, tag, pull request, settings: each has its effect, webhook and page."""
    async with running.browser(MARA) as browser:
        for path, action, fields in (
            (f"/{PAD}", "/do/push", {"branch": "feature/click", "messages": "By hand", "authors": PRIYA}),
            (f"/{PAD}", "/do/push", {"tag": "v9"}),
            (f"/{PAD}", "/do/open_pull_request", {"title": "Click", "head": "feature/click", "base": "main"}),
            (f"/{PAD}", "/do/merge_pull_request", {"number": "1"}),
            (f"/{PAD}", "/do/give_role", {"person": "sporter-contrib", "role": "admin"}),
            (f"/{PAD}", "/do/set_default_branch", {"branch": "feature/click"}),
            (f"/{PAD}", "/do/archive_repository", {}),
            (f"/{PAD}", "/do/unarchive_repository", {}),
            (f"/{PAD}", "/do/privatize_repository", {}),
            (f"/{PAD}", "/do/rename_repository", {"name": "pad"}),
        ):
            answer = await press(browser, path, action, **fields)
            assert answer.status_code == 303, answer.text
        assert answer.headers["location"] == "/acme-rockets/pad"
        assert (await browser.get(f"/{PAD}")).headers["location"] == "/acme-rockets/pad"
        assert (await browser.get("/acme-rockets/pad/pull/1")).headers["location"] == "/acme-rockets/pad"
        page = (await browser.get("/acme-rockets/pad")).text
    await running.wait_for_deliveries()
    assert "feature/click (default)" in page
    assert "Private, id 700000001" in page
    assert "merged" in page
    assert {one.payload["ref"] for one in receiver.received if one.event == "push"} == {
        "refs/heads/feature/click",
        "refs/heads/main",
        "refs/tags/v9",
    }


async def test_creates_moves_and_deletes_a_repository(running: RunningSandbox) -> None:
    """The browser follows it to its new names."""
    async with running.browser(MARA) as browser:
        made = await press(browser, "/repositories", "/do/create_repository", owner="acme-rockets", name="by-hand")
        assert made.headers["location"] == "/acme-rockets/by-hand"
        moved = await press(browser, "/acme-rockets/by-hand", "/do/transfer_repository", owner=MARA)
        assert moved.headers["location"] == f"/{MARA}/by-hand"
        gone = await press(browser, f"/{MARA}/by-hand", "/do/delete_repository")
        assert gone.headers["location"] == "/repositories"
        renamed = await press(browser, "/acme-rockets", "/do/rename_account", login="acme-aero")
        assert renamed.status_code == 303
    assert running.data.account("acme-aero") is not None
    assert running.data.repository(f"{MARA}/by-hand") is None


async def test_manages_an_installation(running: RunningSandbox) -> None:
    """Suspend, unsuspend, change permissions, remove."""
    page = f"/organizations/acme-rockets/settings/installations/{INSTALLATION}"
    running.data.apps[running.app.id].permissions["issues"] = "read"
    one = running.data.installations[INSTALLATION]
    async with running.browser(MARA) as browser:
        await press(browser, page, "/do/suspend")
        assert one.suspended_by_id == 900_000_001
        await press(browser, page, "/do/unsuspend")
        assert one.suspended_at is None
        await press(browser, page, "/do/accept_permissions")
        assert one.permissions["issues"] == "read"
        await press(browser, page, "/do/uninstall")
    assert running.data.installations == {}


async def test_user_manages_their_account(running: RunningSandbox) -> None:
    """Adds, verifies and removes addresses, and revokes authorizations."""
    running.user_token(MARA)
    async with running.browser(MARA) as browser:
        await press(browser, "/settings/profile", "/do/add_email", address="mara@new.example")
        mara = running.data.account(MARA)
        assert mara is not None
        assert [(one.address, one.verified) for one in mara.emails][1:] == [("mara@new.example", False)]
        await press(browser, "/settings/profile", "/do/verify_email", address="mara@new.example")
        assert mara.emails[1].verified
        await press(browser, "/settings/profile", "/do/remove_email", address="mara@new.example")
        assert len(mara.emails) == 1
        await press(browser, "/settings/profile", "/do/revoke_authorization")
    assert running.data.user_tokens == {}


async def test_shows_deliveries_and_redelivers(running: RunningSandbox, receiver: Receiver) -> None:
    """With request and response."""
    receiver.status = 500
    await running.act(MARA, "push", repository=PAD, messages=["Look at this"])
    await running.wait_for_deliveries()
    page = f"/settings/apps/crewkit/deliveries/{max(running.data.deliveries)}"
    async with running.browser(OONA) as browser:
        listed = (await browser.get("/settings/apps/crewkit")).text
        assert page in listed
        assert "Invalid HTTP Response: 500" in listed
        shown = (await browser.get(page)).text
        assert "Look at this" in shown
        assert "thanks" in shown
        again = await press(browser, page, page)
        await running.wait_for_deliveries()
        assert "redelivery" in (await browser.get("/settings/apps/crewkit")).text
    assert again.headers["location"] != page
    assert len({one.guid for one in receiver.received}) == 1


async def test_changes_the_options_of_an_app(running: RunningSandbox) -> None:
    """Unchecked options are off."""
    app = running.data.apps[running.app.id]
    async with running.browser(OONA) as browser:
        saved = await browser.post(
            "/settings/apps/crewkit",
            data={
                "webhook_url": "http://elsewhere.example/",
                "callback_urls": "http://one.example/ http://two.example/",
                "permissions": "metadata:read contents:read",
                "events": "push",
                "setup_on_update": "true",
            },
        )
    assert saved.status_code == 303
    assert (app.webhook_url, app.setup_url) == ("http://elsewhere.example/", None)
    assert app.callback_urls == ["http://one.example/", "http://two.example/"]
    assert (app.permissions, app.events) == ({"metadata": "read", "contents": "read"}, ["push"])
    assert (app.webhook_active, app.request_oauth_on_install, app.setup_on_update) == (False, False, True)


@pytest.mark.parametrize("owner", ["", "/organizations/orbital-works"])
async def test_replaces_a_webhook_secret(running: RunningSandbox, receiver: Receiver, owner: str) -> None:
    """It is never shown, an empty field keeps it, and the next delivery uses the new secret."""
    page, first = f"{owner}/settings/apps/crewkit", running.app.webhook_secret
    app = running.data.apps[running.app.id]
    kept = {"webhook_url": receiver.url, "webhook_active": "true", "events": "push"}
    kept |= {"permissions": "metadata:read contents:read"}
    async with running.browser(OONA) as browser:
        saved = await browser.post(page, data=kept)
        assert (saved.headers["location"], app.webhook_secret) == (page, first)
        await browser.post(page, data={**kept, "webhook_secret": "the new one"})
        shown = (await browser.get(page)).text
        assert f'action="{page}"' in shown
        assert 'name="webhook_secret"' in shown
        assert [secret for secret in (first, "the new one") if secret in shown] == []
    await running.act(MARA, "push", repository=PAD, messages=["Signed again"])
    await running.wait_for_deliveries()
    one = receiver.received[-1]
    signature = hmac.new(b"the new one", one.body, "sha256").hexdigest()
    assert one.headers["x-hub-signature-256"] == f"sha256={signature}"


@pytest.mark.parametrize("permissions", ["zzz", "a:b:c", "contents:", ":read"])
async def test_invalid_permissions_save_nothing(running: RunningSandbox, permissions: str) -> None:
    """The page explains the format; other invalid forms do not crash either."""
    app = running.data.apps[running.app.id]
    before = (app.webhook_url, dict(app.permissions))
    async with running.browser(MARA) as browser:
        page = "/settings/apps/crewkit"
        refused = await browser.post(page, data={"webhook_url": "http://else", "permissions": permissions})
        assert (refused.status_code, "name:level" in refused.text) == (422, True)
        assert (app.webhook_url, dict(app.permissions)) == before
        form = {"content-type": "application/x-www-form-urlencoded"}
        odd = await browser.post("/sandbox/faults", content=b"kind=\xff\xfe", headers=form)
        assert odd.status_code < 500


async def test_manages_faults(running: RunningSandbox) -> None:
    """Adds, shows and clears faults, ends tokens, releases held deliveries, and resets all."""
    token, user_token = await running.installation_token(), running.user_token(MARA)
    async with running.browser(MARA) as browser:
        await press(browser, "/sandbox", "/sandbox/faults", kind="error", status="500", times="3")
        assert [(one.kind, one.status, one.times) for one in running.sandbox.faults.active] == [("error", 500, 3)]
        assert "error" in (await browser.get("/sandbox")).text
        await press(browser, "/sandbox", "/sandbox/faults/clear")
        assert running.sandbox.faults.active == []
        await browser.post("/sandbox/behaviour", data={"delivering": "held", "code_on_request": "true"})
        behaviour = running.sandbox.behaviour
        assert (behaviour.delivering, behaviour.code_on_request) == ("held", True)
        assert behaviour.stateless_tokens is False
        await running.act(MARA, "push", repository=PAD, messages=["Wait"])
        await press(browser, "/sandbox", "/sandbox/release")
        assert running.sandbox.outbox.held == []
        await press(browser, "/sandbox", "/sandbox/expire", installations="true")
        assert (await running.api("GET", "/installation/repositories", token)).status_code == 401
        await browser.post("/sandbox/expire", data={"users": "true"})
        assert (await running.api("GET", "/user", user_token)).status_code == 401
        refused = await browser.post("/sandbox/faults", data={"kind": "flood"})
        assert refused.status_code == 422
        await press(browser, "/sandbox", "/sandbox/reset")
    assert running.data.user_tokens == {}
