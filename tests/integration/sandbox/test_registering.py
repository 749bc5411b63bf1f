"""An App can be registered from a manifest, and works afterwards."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.support.checks.webhook_schema import check_payload
from tests.support.fakes.webhook_receiver import Receiver
from tests.support.servers.sandbox import MARA, OONA, RunningSandbox

MANIFEST: dict[str, Any] = {
    "name": "Crewkit of Mara",
    "url": "https://crewkit.example",
    "hook_attributes": {"url": "http://127.0.0.1:9/hooks"},
    "redirect_url": "http://127.0.0.1:9/registered",
    "callback_urls": ["http://127.0.0.1:9/callback"],
    "public": False,
    "default_permissions": {"contents": "read", "pull_requests": "read", "emails": "read"},
    "default_events": ["push", "pull_request", "repository"],
    "request_oauth_on_install": True,
}


async def create(
    browser: httpx.AsyncClient, changes: Mapping[str, object] | None = None, **fields: str
) -> httpx.Response:
    """Press the button that makes the App."""
    form = {"manifest": json.dumps({**MANIFEST, **(changes or {})}), **fields}
    return await browser.post("/settings/apps/from-manifest", data=form)


@pytest.mark.parametrize("path", ["/settings/apps/new", "/organizations/acme-rockets/settings/apps/new"])
async def test_registers_an_app_from_a_manifest(running: RunningSandbox, receiver: Receiver, path: str) -> None:
    """The code returns the secrets once; the App can be installed and receives pushes."""
    owner = "acme-rockets" if "acme-rockets" in path else MARA
    async with running.browser(MARA) as browser:
        page = await browser.post(f"{path}?state=s", data={"manifest": json.dumps(MANIFEST)})
        assert f'name="owner" value="{owner}"' in page.text
        assert f"Create GitHub App as {MARA}" in page.text
        hook = {"hook_attributes": {"url": receiver.url}}
        returned = await create(browser, hook, person=MARA, owner=owner, state="s")
    way = urlsplit(returned.headers["location"])
    assert (way.path, parse_qs(way.query)["state"]) == ("/registered", ["s"])
    code = parse_qs(way.query)["code"][0]
    answer = await running.client.post(f"/api/v3/app-manifests/{code}/conversions")
    assert answer.status_code == 201
    made = answer.json()
    assert (made["slug"], made["owner"]["login"]) == ("crewkit-of-mara", owner)
    assert (await running.client.post(f"/api/v3/app-manifests/{code}/conversions")).status_code == 404

    mine = replace(
        running, app=replace(running.app, id=made["id"], client_id=made["client_id"], private_key=made["pem"])
    )
    assert (await mine.api("GET", "/app")).json()["name"] == "Crewkit of Mara"
    done = await running.act(MARA, "install", app="crewkit-of-mara", account=MARA)
    await running.act(MARA, "push", repository=f"{MARA}/dotfiles", messages=["Hello"])
    await running.wait_for_deliveries()
    assert receiver.names[0] == "ping"
    assert sorted(receiver.names[1:]) == ["installation.created", "push"]
    for one in receiver.received:
        check_payload(one.event, one.payload)
    token = await mine.installation_token(done["installation"]["id"])
    listed = (await running.api("GET", "/installation/repositories", token)).json()
    assert listed["total_count"] == 3


async def test_form_of_another_site_asks_for_the_user(running: RunningSandbox) -> None:
    """It sends no cookie."""
    page = await running.client.post("/settings/apps/new", data={"manifest": json.dumps(MANIFEST)})
    assert f"Create GitHub App as {OONA}" in page.text


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"default_events": ["installation"]}, "Default events unsupported: installation"),
        (
            {"default_permissions": {"contents": "read"}},
            "Default events are not supported by permissions: pull_request",
        ),
        ({"name": None}, "Invalid GitHub App configuration"),
        ({"name": "!!!"}, "at least one letter"),
        ({"redirect_url": "http://["}, "redirect_url is not a URL"),
        ({"callback_urls": ["http://127.0.0.1/"] * 11}, "at most 10 callback URLs are allowed"),
    ],
)
async def test_rejects_an_invalid_manifest(running: RunningSandbox, changes: dict[str, object], said: str) -> None:
    """With the reason."""
    manifest = json.dumps({**MANIFEST, **changes})
    for path in ("/settings/apps/new", "/settings/apps/from-manifest"):
        page = await running.client.post(path, data={"manifest": manifest, "person": MARA})
        assert page.status_code == 422
        assert said in page.text
    assert len(running.data.apps) == 1


async def test_duplicate_name_can_be_changed_on_the_page(running: RunningSandbox) -> None:
    """The form keeps its values, and the entered name replaces that of the manifest."""
    manifest = json.dumps({**MANIFEST, "name": "crewkit"})
    async with running.browser(MARA) as browser:
        page = await browser.post("/settings/apps/new?state=s", data={"manifest": manifest})
        again = await create(browser, {"name": "crewkit"}, person=MARA, owner=MARA, state="s", name="Crewkit")
        for shown, name in ((page, "crewkit"), (again, "Crewkit")):
            assert shown.status_code == 422
            assert "Name is already taken" in shown.text
            for field in (f'<input name="name" value="{name}"', 'name="state" value="s"', 'name="owner"'):
                assert field in shown.text
        assert len(running.data.apps) == 1
        made = await create(browser, {"name": "crewkit"}, person=MARA, owner=MARA, name="Crewkit of Mara")
    assert made.status_code == 303
    assert {one.name for one in running.data.apps.values()} == {"crewkit", "Crewkit of Mara"}


async def test_only_owners_register_for_an_organization(running: RunningSandbox) -> None:
    async with running.browser(MARA) as browser:
        refused = await create(browser, person=MARA, owner="orbital-works")
    assert refused.status_code == 422
