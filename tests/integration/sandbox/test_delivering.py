"""How the sandbox delivers: signed, logged, tried once, and as its behaviour says."""

import asyncio
import hashlib
import hmac
from datetime import timedelta

from tests.support.fakes.webhook_receiver import Receiver
from tests.support.servers.sandbox import MARA, PAD, RunningSandbox


async def test_delivery_has_signatures_and_headers(running: RunningSandbox, receiver: Receiver) -> None:
    """All headers of GitHub, and both signatures over the exact bytes."""
    await running.act(MARA, "push", repository=PAD, messages=["Signed"])
    await running.wait_for_deliveries()
    one = receiver.received[0]
    secret = running.app.webhook_secret.encode()
    assert one.headers["x-hub-signature-256"] == f"sha256={hmac.new(secret, one.body, 'sha256').hexdigest()}"
    legacy = hmac.new(secret, one.body, hashlib.sha1).hexdigest()
    assert one.headers["x-hub-signature"] == f"sha1={legacy}"
    assert one.headers["content-type"] == "application/json"
    assert one.headers["user-agent"].startswith("GitHub-Hookshot/")
    assert one.headers["x-github-hook-installation-target-type"] == "integration"
    assert one.headers["x-github-hook-installation-target-id"] == str(running.app.id)
    assert one.headers["x-github-hook-id"].isdecimal()


async def test_failed_delivery_is_logged_and_not_retried(running: RunningSandbox, receiver: Receiver) -> None:
    """The log has status and response; a redelivery sends the same body with the same GUID."""
    receiver.status = 503
    await running.act(MARA, "push", repository=PAD, messages=["Refused"])
    await running.wait_for_deliveries()
    listed = (await running.api("GET", "/app/hook/deliveries?status=failure")).json()
    assert [(one["status_code"], one["status"]) for one in listed] == [(503, "Invalid HTTP Response: 503")]
    whole = (await running.api("GET", f"/app/hook/deliveries/{listed[0]['id']}")).json()
    assert whole["request"]["payload"] == receiver.received[0].payload
    assert whole["response"]["payload"] == "thanks"
    receiver.status = 202
    await running.api("POST", f"/app/hook/deliveries/{listed[0]['id']}/attempts")
    await running.wait_for_deliveries()
    first, second = receiver.received
    assert (first.guid, first.body) == (second.guid, second.body)
    newest = (await running.api("GET", "/app/hook/deliveries")).json()[0]
    assert (newest["redelivery"], newest["status"], newest["guid"]) == (True, "OK", first.guid)


async def test_stops_waiting_for_a_slow_or_missing_receiver(running: RunningSandbox, receiver: Receiver) -> None:
    """Neither has a status code, so the `failure` filter does not list them."""
    running.sandbox.behaviour.delivery_timeout = 0.1
    receiver.silent = True
    await running.act(MARA, "push", repository=PAD, messages=["Too slow"])
    await running.wait_for_deliveries()
    running.data.apps[running.app.id].webhook_url = "http://127.0.0.1:9/"
    running.sandbox.behaviour.delivery_timeout = 10
    await running.act(MARA, "push", repository=PAD, messages=["Away"])
    await running.wait_for_deliveries()
    listed = (await running.api("GET", "/app/hook/deliveries")).json()
    assert [one["status"] for one in listed] == ["failed to connect to host", "timed out"]
    assert (await running.api("GET", "/app/hook/deliveries?status=failure")).json() == []


async def test_pages_the_log_by_cursor_and_deletes_after_three_days(running: RunningSandbox) -> None:
    """Pages follow each other without gap or repetition, newest first."""
    running.sandbox.behaviour.delivering = running.sandbox.behaviour.delivering.FAILING
    for number in range(5):
        await running.act(MARA, "push", repository=PAD, messages=[str(number)])
    seen, url = [], "/app/hook/deliveries?per_page=2"
    while url:
        page = await running.api("GET", url)
        seen += [one["id"] for one in page.json()]
        url = page.links.get("next", {}).get("url", "").removeprefix(running.api_url)
    assert seen == sorted(running.data.deliveries, reverse=True)
    oldest = running.data.deliveries[seen[-1]]
    oldest.delivered_at -= timedelta(days=3, seconds=1)
    assert len((await running.api("GET", "/app/hook/deliveries")).json()) == 4


async def test_deliveries_can_be_held_failed_or_suppressed(running: RunningSandbox, receiver: Receiver) -> None:
    """Held ones are sent on release, failed ones are only logged, suppressed ones never exist."""
    for delivering in ("held", "failing", "never"):
        await running.control("PATCH", "/behaviour", delivering=delivering)
        await running.act(MARA, "push", repository=PAD, messages=[delivering])
    await running.wait_for_deliveries()
    assert receiver.received == []
    listed = (await running.client.get("/_sandbox/deliveries")).json()
    assert [one["status"] for one in listed] == ["failed to connect to host", "pending"]
    assert await running.control("POST", "/deliveries/release") == {"released": 1}
    await running.control("POST", "/deliveries/drain")
    assert [one.payload["commits"][0]["message"] for one in receiver.received] == ["held"]


async def test_inactive_webhook_receives_nothing(running: RunningSandbox, receiver: Receiver) -> None:
    """An App can be registered with an inactive webhook."""
    await running.control("PATCH", "/apps/crewkit", webhook_active=False)
    await running.act(MARA, "push", repository=PAD, messages=["Unheard"])
    await running.wait_for_deliveries()
    assert receiver.received == []


async def test_sends_many_deliveries_at_once(running: RunningSandbox, receiver: Receiver) -> None:
    """Five hundred pushes arrive, each once."""
    made = await running.control("POST", "/pushes", repository=PAD, count=500)
    async with asyncio.timeout(30):
        await running.wait_for_deliveries()
    assert len(made["guids"]) == 500
    assert sorted(one.guid for one in receiver.received) == sorted(made["guids"])
