"""Who asks for the app waits until an owner approves, and finishes or ends without a webhook as well."""

from datetime import timedelta

import httpx

from sandbox.state.seed import ORBITAL
from tests.support.scenarios.install_site import HTML, Site
from tests.support.scenarios.install_steps import CALLBACK, ORBITAL_ACCOUNT, check_error
from tests.support.servers.sandbox import MARA, OONA


async def test_owner_approves_a_request(site: Site) -> None:
    """The requester waits, the owner sees a page, and the integration connects by itself."""
    await site.ask("DELETE", f"/{site.acme}/git-integrations/github", "owner")
    async with site.browser("owner", MARA) as mara, site.browser("nobody", OONA) as owner:
        page = await mara.begin(site.acme, mode="new")
        landed = await mara.install(page, ORBITAL_ACCOUNT)
        assert landed.query["setup_action"] == "request"
        onward = (await mara.arrive(landed)).json()
        waiting = (await mara.arrive(await mara.authorize(onward["redirect_url"]))).json()
        assert (waiting["outcome"], waiting["account"]) == ("awaiting_approval", ORBITAL_ACCOUNT)
        shown = await site.show(site.acme, "owner")
        assert (shown["status"], shown["action"]["code"]) == ("pending", "await_approval")
        request = max(site.sandbox.data.requests)
        approved = await owner.there.post(f"/settings/requests/{request}/approve")
        at = httpx.URL(approved.headers["location"])
        friendly = await owner.here.get(at.raw_path.decode(), headers=HTML)
        assert friendly.status_code == 200
        assert "The app is installed" in friendly.text
    await site.settle()
    shown = await site.show(site.acme, "owner")
    assert (shown["status"], shown["account"]) == ("active", ORBITAL_ACCOUNT)


async def test_requester_finishes_in_the_browser(site: Site) -> None:
    """The delivery that names the requester is a proof, even after the end of the flow."""
    await site.ask("DELETE", f"/{site.acme}/git-integrations/github", "owner")
    async with site.browser("owner", MARA) as mara:
        landed = await mara.install(await mara.begin(site.acme, mode="new"), ORBITAL_ACCOUNT)
        onward = (await mara.arrive(landed)).json()
        await mara.arrive(await mara.authorize(onward["redirect_url"]))
        site.rows("UPDATE git_flows SET status = 'ended'")
        site.sandbox.data.accounts[ORBITAL].members_read = True
        await site.sandbox.act(OONA, "approve_request", request=max(site.sandbox.data.requests))
        await site.settle()
        assert (await site.show(site.acme, "owner"))["status"] == "revoked"
        # Acme's own installation is Mara's to show as well, so that she has to choose.
        chosen = (await mara.arrive(await mara.authorize(await mara.begin(site.acme)))).json()
        assert chosen["outcome"] == "choose"
        [wanted] = [one for one in chosen["installations"] if one["account"] == ORBITAL_ACCOUNT]
        form = {"state": chosen["state"], "installation_id": wanted["installation_id"]}
        wrong = await mara.here.post(CALLBACK, data={**form, "state": "x"}, headers={"accept": "application/json"})
        check_error(wrong, 409, "flow_invalid")
        done = await mara.here.post(CALLBACK, data=form, headers={"accept": "application/json"})
        assert done.json()["outcome"] == "connected", done.text
    shown = await site.show(site.acme, "owner")
    assert (shown["status"], shown["account"]) == ("active", ORBITAL_ACCOUNT)


async def test_ends_missing_requests(site: Site) -> None:
    """Denied or withdrawn requests, which have no webhook; an open request stays."""
    await site.ask("DELETE", f"/{site.acme}/git-integrations/github", "owner")
    async with site.browser("owner", MARA) as mara:
        landed = await mara.install(await mara.begin(site.acme, mode="new"), ORBITAL_ACCOUNT)
        onward = (await mara.arrive(landed)).json()
        await mara.arrive(await mara.authorize(onward["redirect_url"]))
    site.rows("UPDATE git_flows SET created_at = created_at - interval '2 hours'")
    assert await site.application.install.end_expired() == 0
    await site.sandbox.act(OONA, "deny_request", request=max(site.sandbox.data.requests))
    assert await site.application.install.end_expired() == 1
    # For an hour an approval may still be recovered.
    assert (await site.show(site.acme, "owner"))["status"] == "pending"
    site.rows("UPDATE git_flows SET expires_at = expires_at - interval '61 minutes'")
    assert (await site.show(site.acme, "owner"))["status"] == "revoked"
    assert await site.application.install.end_expired() == 1
    assert site.rows("SELECT DISTINCT status FROM git_flows") == [("ended",)]


async def test_connects_an_approval_after_recovering_its_webhook(site: Site) -> None:
    """The daily check sees that the request is gone, but leaves recovery an hour."""
    await site.ask("DELETE", f"/{site.acme}/git-integrations/github", "owner")
    async with site.browser("owner", MARA) as mara:
        landed = await mara.install(await mara.begin(site.acme, mode="new"), ORBITAL_ACCOUNT)
        onward = (await mara.arrive(landed)).json()
        await mara.arrive(await mara.authorize(onward["redirect_url"]))
    site.rows("UPDATE git_flows SET created_at = created_at - interval '2 hours'")
    await site.sandbox.control("PATCH", "/behaviour", delivering="failing")
    await site.sandbox.act(OONA, "approve_request", request=max(site.sandbox.data.requests))
    await site.settle()
    assert await site.application.install.end_expired() == 1
    assert (await site.show(site.acme, "owner"))["status"] == "pending"
    await site.sandbox.control("PATCH", "/behaviour", delivering="at_once")
    for delivery in site.sandbox.data.deliveries.values():
        delivery.delivered_at -= timedelta(minutes=5)  # recovery leaves recent attempts alone
    await site.application.deliveries.recover()
    await site.settle()
    shown = await site.show(site.acme, "owner")
    assert (shown["status"], shown["account"]) == ("active", ORBITAL_ACCOUNT)
