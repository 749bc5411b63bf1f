"""A request that takes too long is given up, and takes nothing with it."""

from concurrent.futures import ThreadPoolExecutor

import httpx
import psycopg
import pytest

from entrypoints.rest.http.limits import Limits
from tests.support.scenarios.whole_api import Tenants

AT_ONCE = 12


def test_abandoned_requests_release_their_connections(tenants: Tenants, monkeypatch: pytest.MonkeyPatch) -> None:
    """More requests than connections wait for a lock; afterwards everything works."""
    assert Limits.__init__.__kwdefaults__ is not None
    monkeypatch.setitem(Limits.__init__.__kwdefaults__, "timeout_seconds", 0.4)
    path = f"/api/v1/{tenants.own['org_id']}/git-integrations/github"
    with tenants.api() as client:
        database_url = tenants.databases[-1]
        with psycopg.connect(database_url) as held:
            held.execute("LOCK TABLE git_integrations IN ACCESS EXCLUSIVE MODE")
            with ThreadPoolExecutor(AT_ONCE) as pool:
                answers = list(pool.map(lambda _: client.get(path), range(AT_ONCE)))
            assert {_code(answer) for answer in answers} == {(504, "request_too_slow")}
            held.rollback()
        for _ in range(AT_ONCE):
            assert client.get(path).status_code == 200


def _code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]
