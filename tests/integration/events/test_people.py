"""People of a sandbox GitHub who connect their accounts, push, and are known by what they wrote."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any, LiteralString

import httpx
import pytest

from sandbox.faults import Fault, FaultKind
from tests.support.conditions import until
from tests.support.servers.sandbox import JONAS, MARA, PRIYA
from tests.support.servers.service_with_sandbox import ServiceAtSandbox, service_at_sandbox

CONNECTIONS = "/api/v1/user/git-connections"
PAGE = {"accept": "text/html"}
SECRETS = """
    SELECT row_to_json(c)::text FROM user_git_connections AS c
    UNION ALL SELECT row_to_json(f)::text FROM git_flows AS f
    UNION ALL SELECT row_to_json(r)::text FROM git_token_revocations AS r
    UNION ALL SELECT row_to_json(v)::text FROM versions AS v
"""


@pytest.fixture
async def both(database_url: str, redis_url: str) -> AsyncIterator[ServiceAtSandbox]:
    """Give a running service whose organization has linked the sandbox's launchpad."""
    async with service_at_sandbox(database_url, redis_url) as both:
        both.event_store.connect_installation()
        await both.start("api", "worker", "scheduler")
        yield both


async def return_from_provider(both: ServiceAtSandbox, person: httpx.AsyncClient, login: str) -> httpx.Response:
    """Go to the provider, authorize there as this account, and come back; return what that was answered."""
    api = both.service.url
    answer = await person.get(f"{api}{CONNECTIONS}/github/authorize?return_to=/done", headers=PAGE)
    assert answer.status_code == 302, answer.text
    async with both.sandbox.browser(login) as browser:
        there = await browser.get(answer.headers["location"])
        if there.status_code == 200:
            query = dict(httpx.URL(answer.headers["location"]).params)
            there = await browser.post("/login/oauth/authorize", data={**query, "decision": "authorize"})
    assert there.status_code in (302, 303), there.text
    assert there.headers["location"].startswith(f"{api}{CONNECTIONS}/github/callback")
    return await person.get(there.headers["location"], headers=PAGE)


async def connect(both: ServiceAtSandbox, person: httpx.AsyncClient, login: str) -> None:
    """Connect an account."""
    answer = await return_from_provider(both, person, login)
    assert (answer.status_code, answer.headers.get("location")) == (302, f"{both.service.url}/done")


async def list_attributions(person: httpx.AsyncClient, query: str = "") -> list[dict[str, Any]]:
    """Return the attributions of the organization as this person sees them."""
    answer = await person.get(f"{person.base_url}git-attributions{query}")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["data"]
    return found


async def test_attributes_commits_to_users(both: ServiceAtSandbox) -> None:
    """By id, login and verified address, each with its method; earlier commits after a user connects."""
    async with AsyncExitStack() as stack:
        mara, priya, jonas, viewer = [
            await stack.enter_async_context(both.person(role)) for role in ("owner", "member", "admin", "viewer")
        ]
        await connect(both, mara, MARA)
        await connect(both, priya, PRIYA)
        ids = {
            name: (await client.get(f"{both.service.url}/api/v1/user")).json()["id"]
            for name, client in (("mara", mara), ("priya", priya), ("jonas", jonas))
        }
        await both.sandbox.act(
            MARA,
            "push",
            repository="acme-rockets/launchpad",
            messages=["one", "two", "three", "four"],
            authors=[
                f"Mara <900000001+{MARA}@users.noreply.github.com>",
                f"Mara <{MARA}@users.noreply.github.com>",
                "Mara <Mara@Acme-Rockets.example>",
                "Jonas <jonas.lindqvist@mail.example>",
            ],
            co_authors=["Priya <priya@acme-rockets.example>"],
        )
        await both.sandbox.wait_for_deliveries()
        await both.until(lambda: both.event_store.value("SELECT count(*) FROM git_commit_attributions") == 8)
        authors = [one for one in (await list_attributions(viewer))[::-1] if one["role"] == "author"]
        assert [(one["method"], (one["user"] or {}).get("id")) for one in authors] == [
            ("noreply_id", ids["mara"]),
            ("username", ids["mara"]),
            ("verified_address", ids["mara"]),
            ("unknown", None),
        ]
        co_authors = [one for one in await list_attributions(viewer, "?status=matched") if one["role"] == "co_author"]
        assert {(one["method"], one["user"]["id"]) for one in co_authors} == {("verified_address", ids["priya"])}
        assert len(co_authors) == 4
        [push] = both.event_store.rows("SELECT data FROM git_domain_events WHERE type = 'git.push'")
        commits = push[0]["commits"]
        assert [commit["author"]["user_id"] for commit in commits] == [ids["mara"]] * 3 + [None]
        assert {commit["co_authors"][0]["user_id"] for commit in commits} == {ids["priya"]}
        assert (push[0]["sender"]["user_id"], push[0]["sender"]["method"]) == (ids["mara"], "account_id")

        began = time.monotonic()
        await connect(both, jonas, JONAS)

        async def has_claimed() -> bool:
            return await list_attributions(viewer, "?status=unmatched") == []

        await until(has_claimed)
        assert time.monotonic() - began < 2
        [fact] = both.event_store.rows("SELECT data FROM git_domain_events WHERE type = 'git.commits.claimed'")
        assert fact[0] == {"user_id": ids["jonas"], "commits": 1}

        both.event_store.run("DELETE FROM memberships WHERE role = 'admin'")
        [left] = await list_attributions(viewer, "?status=unmatched")
        assert (left["method"], left["user"]) == ("not_a_member", None)


def secrets_in(both: ServiceAtSandbox, rows: LiteralString) -> list[str]:
    """Return the live tokens that can be read in these rows."""
    kept = "\n".join(text for (text,) in both.event_store.rows(rows))
    tokens = [(one.token, one.refresh_token) for one in both.sandbox.data.user_tokens.values()]
    assert kept
    assert tokens
    return [token for pair in tokens for token in pair if token in kept]


async def test_account_belongs_to_one_user_until_disconnected(both: ServiceAtSandbox) -> None:
    """One of two concurrent requests gets it. A disconnect is immediate; GitHub is notified later."""
    async with both.person("owner") as one, both.person("member") as other:
        answers = await asyncio.gather(return_from_provider(both, one, MARA), return_from_provider(both, other, MARA))
        assert sorted(answer.status_code for answer in answers) == [302, 409]
        assert "provider_account_taken" in next(one.text for one in answers if one.status_code == 409)
        first, second = (one, other) if answers[0].status_code == 302 else (other, one)
        # What the second was given is revoked, what the first has is not.
        await both.until(lambda: len(both.sandbox.data.user_tokens) == 1)
        assert secrets_in(both, SECRETS) == []
        assert not both.event_store.value("SELECT count(*) FROM git_flows WHERE pkce_verifier IS NOT NULL")

        both.fault(Fault(FaultKind.SECONDARY_LIMIT, path="/applications/*", seconds=1))
        assert (await first.delete(f"{both.service.url}{CONNECTIONS}/github")).status_code == 204
        assert both.event_store.value("SELECT count(*) FROM user_git_connections") == 0
        await both.until(lambda: both.event_store.value("SELECT max(attempts) FROM git_token_revocations"))
        assert secrets_in(both, SECRETS) == []
        assert both.sandbox.data.grants
        both.fault()
        both.event_store.run("UPDATE git_token_revocations SET next_attempt_at = now()")
        await both.until(lambda: both.event_store.value("SELECT count(*) = 0 FROM git_token_revocations"))
        assert not both.sandbox.data.grants
        await connect(both, second, MARA)
