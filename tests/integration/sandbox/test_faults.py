"""Faults affect the configured callers and number of calls; limits equal GitHub's."""

import time

import httpx
import pytest

from tests.support.servers.sandbox import INSTALLATION, MARA, RunningSandbox

LIST = "/installation/repositories"


async def fault(running: RunningSandbox, kind: str, **how: object) -> None:
    """Let this alone go wrong."""
    answer = await running.client.put("/_sandbox/faults", json=[{"kind": kind, **how}])
    assert answer.status_code == 200, answer.text


async def test_error_affects_a_path_a_number_of_times(running: RunningSandbox) -> None:
    """Other paths and later calls work."""
    token = await running.installation_token()
    await fault(running, "error", path="/installation/*", times=2, status=503)
    assert (await running.api("GET", "/app")).status_code == 200
    statuses = [(await running.api("GET", LIST, token)).status_code for _ in range(3)]
    assert statuses == [503, 503, 200]


async def test_error_affects_the_token_exchange(running: RunningSandbox) -> None:
    """A refresh may fail during an outage, which does not invalidate the token."""
    await fault(running, "error", path="/login/oauth/access_token")
    assert (await running.client.post("/login/oauth/access_token", data={})).status_code == 502


async def test_latency_delays_a_response(running: RunningSandbox) -> None:
    await fault(running, "latency", seconds=0.2)
    began = time.monotonic()
    assert (await running.api("GET", "/app")).status_code == 200
    assert time.monotonic() - began >= 0.2


async def test_hanging_lasts_until_the_client_disconnects(running: RunningSandbox) -> None:
    """A client without a timeout would wait."""
    await fault(running, "hang", times=1)
    with pytest.raises(httpx.ReadTimeout):
        await running.api("GET", "/app", patience=0.2)
    assert (await running.api("GET", "/app")).status_code == 200
    await fault(running, "hang", seconds=0.1)
    assert (await running.api("GET", "/app")).status_code == 504


async def test_simulates_rate_limits(running: RunningSandbox) -> None:
    """Primary: remaining 0 and a reset. Secondary: retry-after, with 403 or 429."""
    token = await running.installation_token()
    await fault(running, "primary_limit", seconds=90)
    primary = await running.api("GET", LIST, token)
    assert primary.status_code == 403
    assert primary.json()["message"].startswith("API rate limit exceeded for installation ID")
    assert primary.headers["x-ratelimit-remaining"] == "0"
    ahead = int(primary.headers["x-ratelimit-reset"]) - running.sandbox.now().timestamp()
    assert 80 < ahead <= 90
    for status in (403, 429):
        await fault(running, "secondary_limit", seconds=7, status=status)
        secondary = await running.api("GET", LIST, token)
        assert (secondary.status_code, secondary.headers["retry-after"]) == (status, "7")
        assert "secondary rate limit" in secondary.json()["message"]


async def test_counts_requests_for_rate_limits(running: RunningSandbox) -> None:
    """Requests are counted per installation and hour, points per minute; writing costs five."""
    await running.control("PATCH", "/behaviour", requests_per_hour=3)
    first, second = await running.installation_token(), await running.installation_token()
    answers = [await running.api("GET", LIST, token) for token in (first, second, first, second)]
    assert [one.status_code for one in answers] == [200, 200, 200, 403]
    assert [one.headers["x-ratelimit-remaining"] for one in answers] == ["2", "1", "0", "0"]
    assert (await running.api("GET", "/app")).status_code == 200
    left = (await running.api("GET", "/rate_limit", first)).json()["resources"]["core"]
    assert (left["limit"], left["used"], left["remaining"]) == (3, 3, 0)
    await running.control("PATCH", "/behaviour", requests_per_hour=5000, points_per_minute=8)
    limited = await running.api("DELETE", "/installation/token", first)
    assert limited.status_code == 204
    limited = await running.api("DELETE", "/installation/token", second)
    assert (limited.status_code, limited.headers["retry-after"]) == (403, "60")


async def test_rejects_too_many_concurrent_requests(running: RunningSandbox) -> None:
    """GitHub allows a hundred; here none are allowed."""
    token = await running.installation_token()
    await running.control("PATCH", "/behaviour", concurrent_requests=0)
    assert (await running.api("GET", LIST, token)).status_code == 403


async def test_rejects_keys_and_tokens_on_request(running: RunningSandbox) -> None:
    """A rejected key affects only the App, rejected tokens all others."""
    token = await running.installation_token()
    await fault(running, "key_refused")
    assert (await running.api("GET", "/app")).status_code == 401
    assert (await running.api("GET", LIST, token)).status_code == 200
    await fault(running, "token_refused", times=1)
    statuses = [(await running.api("GET", LIST, token)).status_code for _ in range(2)]
    assert statuses == [401, 200]


async def test_reset_restores_the_start(running: RunningSandbox) -> None:
    """State, faults and behaviours."""
    await running.act(MARA, "uninstall", installation=INSTALLATION)
    await fault(running, "error")
    await running.control("PATCH", "/behaviour", delivering="never")
    summary = await running.control("POST", "/reset")
    assert [one["id"] for one in summary["installations"]] == [INSTALLATION]
    assert (summary["faults"], summary["behaviour"]["delivering"]) == ([], "at_once")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "/faults", '[{"kind": "flood"}]'),
        ("PATCH", "/behaviour", '{"mood": "bad"}'),
        ("PATCH", "/behaviour", '{"delivering": "late"}'),
        ("PATCH", "/apps/nobody", "{}"),
        ("POST", "/as/nobody/push", "{}"),
        ("POST", "/as/mara-okafor-acme/fly", "{}"),
        ("POST", "/as/mara-okafor-acme/push", '{"repository": "acme-rockets/nowhere"}'),
        ("POST", "/as/mara-okafor-acme/push", '{"repository": 1}'),
        ("POST", "/as/priya-raman-acme/push", '{"repository": "acme-rockets/launchpad"}'),
        ("POST", "/as/priya-raman-acme/suspend", '{"installation": 41000001}'),
        ("POST", "/as/sporter-contrib/install", '{"account": "acme-rockets"}'),
    ],
)
async def test_rejects_invalid_control_requests(running: RunningSandbox, method: str, path: str, body: str) -> None:
    """With the reason. Users can do only what GitHub allows."""
    answer = await running.client.request(method, f"/_sandbox{path}", content=body)
    assert answer.status_code == 422
    assert answer.json()["message"]
