"""Attributing the commits of a batch, and claiming earlier ones."""

import json
from dataclasses import replace
from typing import Any

from core.domain.attribution.attribution import AttributionFilter, AttributionView, Kind, Method, Role
from core.domain.connections import Connection, ConnectionStatus
from core.domain.errors import StorageConflict
from core.domain.identifiers import ConnectionId, ProviderUserId, UserId
from core.domain.organizations import Role as Standing
from core.domain.organizations import User
from core.domain.streams.domain_event import (
    CommitsClaimedData,
    DomainEventType,
    Person,
    ProviderAccount,
    PullRequestData,
    PushData,
)
from core.use_cases.attribution.claim_commits import ClaimCommits, FollowMemberships
from tests.support.builders.domain import EARLIER, EVENT, LINK, ORGANIZATION, PROVIDER, external, link
from tests.support.builders.webhooks import ROOT
from tests.support.scenarios.processing import Processing, payload

MARA, PRIYA, OONA = "900000001", "900000003", "900000004"


def person(processing: Processing, number: str, *emails: str, login: str | None = None) -> User:
    """Put in a user with a connection, a member of the organization."""
    state = processing.database.committed
    user = User(UserId(int(number)), external(int(number)), f"{number}@crewkit.example", f"User {number}")
    state.users[user.id] = user
    state.memberships[user.id, ORGANIZATION] = Standing.MEMBER
    connection = Connection(
        id=ConnectionId(int(number)),
        external_id=external(int(number) + 1),
        user_id=user.id,
        provider=PROVIDER,
        provider_user_id=ProviderUserId(number),
        created_at=EARLIER,
        updated_at=EARLIER,
        provider_username=login,
    )
    state.connections[connection.id] = connection
    state.emails[connection.id] = frozenset(emails)
    return user


def push_by(*authors: dict[str, Any], trailers: str = "") -> dict[str, Any]:
    """Return the demo's push with a commit of each author, the first with trailers."""
    push = payload("push/branch")
    commit = push["commits"][0]
    push["commits"] = [
        {
            **commit,
            "id": f"{number:040x}",
            "message": f"Change\n\n{'' if number else trailers}",
            "author": author,
            "committer": author,
        }
        for number, author in enumerate(authors)
    ]
    return push


async def attributions(processing: Processing) -> list[AttributionView]:
    """Return all attributions of the organization, oldest first."""
    async with processing.unit_of_work() as tx:
        return list(await tx.attributions.list_attributions(ORGANIZATION, AttributionFilter(), limit=1000))[::-1]


async def test_attributes_a_published_push() -> None:
    """Events and attributions have equal authors, committers and co-authors."""
    processing = Processing()
    processing.connect()
    mara = person(processing, MARA, "mara@acme-rockets.example")
    priya = person(processing, PRIYA, login="Priya-Raman-Acme")
    push = push_by(
        {"name": "Mara", "email": f"{MARA}+m@users.noreply.github.com", "username": "m"},
        {"name": "Priya", "email": "p@home.example", "username": "priya-raman-acme"},
        {"name": "Tomás", "email": "tomas@home.example"},
        {"name": "b[bot]", "email": "9+b[bot]@users.noreply.github.com", "username": "b[bot]"},
        trailers="Co-authored-by: Mara <Mara@acme-rockets.example>",
    )
    push["commits"][2]["committer"] = {"name": "GitHub", "email": "noreply@github.com", "username": "web-flow"}
    await processing.deliver("push", push)
    await processing.drain()
    (fact,) = processing.facts()
    assert isinstance(fact.data, PushData)
    first, second, third, fourth = fact.data.commits
    maras = (mara.external_id, Method.NOREPLY_ID.value)
    assert (first.author.user_id, first.author.method) == maras
    assert first.co_authors == (
        Person("Mara", "Mara@acme-rockets.example", None, mara.external_id, Method.VERIFIED_ADDRESS.value),
    )
    assert (second.author.user_id, second.author.method) == (priya.external_id, Method.USERNAME.value)
    assert (third.author.user_id, third.author.method) == (None, None)
    assert third.committer == Person("GitHub", "noreply@github.com", "web-flow", None, Method.BOT.value)
    assert (fourth.author.user_id, fourth.author.method) == (None, Method.BOT.value)
    assert [commit.committer for commit in (first, second, fourth)] == [None] * 3
    assert fact.data.sender == ProviderAccount(
        PRIYA, "priya-raman-acme", "User", priya.external_id, Method.ACCOUNT_ID.value
    )
    assert fact.data.pusher is not None
    assert fact.data.pusher.user_id == priya.external_id
    assert [
        (view.sha[-1], view.role, view.method, view.user.id if view.user else None)
        for view in await attributions(processing)
    ] == [
        ("0", Role.AUTHOR, Method.NOREPLY_ID, mara.external_id),
        ("0", Role.CO_AUTHOR, Method.VERIFIED_ADDRESS, mara.external_id),
        ("1", Role.AUTHOR, Method.USERNAME, priya.external_id),
        ("2", Role.AUTHOR, Method.UNKNOWN, None),
        ("2", Role.COMMITTER, Method.BOT, None),
        ("3", Role.AUTHOR, Method.BOT, None),
    ]


async def test_attributes_the_head_commit_if_no_commit_is_listed() -> None:
    """A new branch of commits that the repository has already names its people once, and an empty push nobody."""
    processing = Processing()
    processing.connect()
    person(processing, MARA, "mara@acme-rockets.example")
    push = push_by({"name": "Mara", "email": "mara@acme-rockets.example"})
    push |= {"head_commit": push["commits"][0], "commits": []}
    await processing.deliver("push", push)
    await processing.deliver("push", push | {"head_commit": None, "deleted": True})
    await processing.drain()
    [view] = await attributions(processing)
    assert (view.sha, view.method) == (push["head_commit"]["id"], Method.VERIFIED_ADDRESS)


async def test_pull_request_names_its_users() -> None:
    """By account id, if they are members."""
    processing = Processing()
    processing.connect()
    person(processing, MARA)
    del processing.database.committed.memberships[UserId(int(MARA)), ORGANIZATION]
    priya = person(processing, PRIYA)
    pull = payload("pull_request/closed-merged")
    pull["pull_request"] |= {
        "user": {"id": int(PRIYA), "login": "renamed"},
        "merged_by": {"id": int(MARA), "login": "mara"},
    }
    pull["sender"] = {"id": 9, "login": "merge[bot]", "type": "Bot"}
    await processing.deliver("pull_request", pull)
    await processing.drain()
    (fact,) = processing.facts()
    assert isinstance(fact.data, PullRequestData)
    people = [fact.data.author, fact.data.merged_by, fact.data.sender]
    assert [(one.user_id, one.method) for one in people if one] == [
        (priya.external_id, "account_id"),
        (None, "not_a_member"),
        (None, "bot"),
    ]
    assert await attributions(processing) == []


async def test_does_not_attribute_unpublished_pushes() -> None:
    processing = Processing()
    processing.connect(links=(replace(LINK, webhooks_enabled=False),))
    await processing.deliver("push", payload("push/branch"))
    await processing.drain()
    assert await attributions(processing) == []


async def test_attributes_a_repeated_commit_once() -> None:
    """It is published again on another branch."""
    processing = Processing()
    processing.connect(links=(link(1), link(2)))
    push = payload("push/branch")
    for ref in ("refs/heads/main", "refs/heads/again"):
        await processing.deliver("push", push | {"ref": ref})
    await processing.drain()
    people = [(view.sha, view.role, view.address) for view in await attributions(processing)]
    assert len(people) == len(set(people)) > 0
    assert len(processing.facts()) == 4


async def test_attributes_all_commits_of_a_large_push() -> None:
    """Events contain only the newest hundred."""
    processing = Processing()
    processing.connect()
    author = {"name": "Mara", "email": "mara@acme-rockets.example"}
    await processing.deliver("push", push_by(*[author] * 250))
    await processing.drain()
    assert len(await attributions(processing)) == 250


async def test_new_connection_claims_earlier_commits() -> None:
    """Each listening project gets their number."""
    processing = Processing()
    processing.connect(links=(link(1), link(2), replace(link(3), webhooks_enabled=False)))
    author = {"name": "Tomás", "email": "Tomas@home.example"}
    await processing.deliver("push", push_by(author, author, {"name": "x", "email": "x@home.example"}))
    await processing.drain()
    tomas = person(processing, "77", "tomas@home.example")
    claim = ClaimCommits(processing.unit_of_work, processing.bell, processing.clock)
    assert await claim() == 0
    async with processing.unit_of_work() as tx:
        await tx.commit_claims.request(ConnectionId(77))
        await tx.commit()
    assert (await claim(), await claim()) == (2, 0)
    assert processing.bell.notified_lanes.count(EVENT.lane) > 1, "a worker that did not get the lane is notified again"
    people = [fact for fact in processing.facts() if fact.type is DomainEventType.COMMITS_CLAIMED]
    assert [(fact.project_id, fact.data) for fact in people] == [
        (one.project_id, CommitsClaimedData(tomas.external_id, 2)) for one in (link(1), link(2))
    ]
    assert [view.user.id if view.user else None for view in await attributions(processing)] == [
        tomas.external_id,
        tomas.external_id,
        None,
    ]


async def test_publishes_claims_without_a_project_for_the_organization() -> None:
    """For a repository that was unlinked since."""
    processing = Processing()
    processing.connect()
    await processing.deliver("push", push_by({"name": "Tomás", "email": "tomas@home.example"}))
    await processing.drain()
    processing.database.committed.links.clear()
    person(processing, "77", "tomas@home.example")
    assert await FollowMemberships(processing.unit_of_work)() == 2
    assert await ClaimCommits(processing.unit_of_work, processing.bell, processing.clock)() == 1
    fact = processing.facts()[-1]
    assert (fact.type, fact.project_id, fact.organization_id) == (DomainEventType.COMMITS_CLAIMED, None, ORGANIZATION)


async def test_busy_lane_leaves_the_claim_due() -> None:
    """It is retried."""
    processing = Processing()
    processing.connect()
    person(processing, "77", "tomas@home.example")
    await FollowMemberships(processing.unit_of_work)()
    claim = ClaimCommits(processing.unit_of_work, processing.bell, processing.clock)

    async def conflict() -> None:
        raise StorageConflict("A concurrent change did not finish in time. Try again.")

    processing.unit_of_work.before_commit = conflict
    assert await claim() == 0
    processing.unit_of_work.before_commit = processing.unit_of_work.after_end
    async with processing.unit_of_work() as tx:
        assert len(await tx.commit_claims.list_due(limit=10)) == 1


async def test_revoked_connection_matches_no_new_commits() -> None:
    """Earlier attributions stay."""
    processing = Processing()
    processing.connect()
    mara = person(processing, MARA, "mara@acme-rockets.example")
    author = {"name": "Mara", "email": "mara@acme-rockets.example"}
    await processing.deliver("push", push_by(author))
    await processing.drain()
    connections = processing.database.committed.connections
    connections[ConnectionId(int(MARA))] = replace(
        connections[ConnectionId(int(MARA))], status=ConnectionStatus.REVOKED
    )
    later = push_by(author)
    later["commits"][0]["id"] = "f" * 40
    await processing.deliver("push", later)
    await processing.drain()
    assert [view.user.id if view.user else None for view in await attributions(processing)] == [mara.external_id, None]


async def test_attributes_all_demo_payloads() -> None:
    """Each ends processed."""
    processing = Processing()
    processing.connect()
    for event in ("push", "pull_request"):
        for path in sorted((ROOT / "deploy/demo/payloads" / event).glob("*.json")):
            body = json.loads(path.read_bytes())
            body["repository"]["id"] = int(LINK.repo_id)
            await processing.deliver(event, body)
    await processing.drain()
    assert set(processing.statuses()) == {"processed"}
    assert {row.kind for row in processing.database.committed.attributions.values()} == {Kind.NONE, Kind.BOT}
