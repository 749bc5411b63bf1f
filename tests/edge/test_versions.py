"""The audit trail over REST."""

from collections.abc import AsyncIterator
from dataclasses import replace
from uuid import uuid4

import pytest

from core.domain.actors import ServiceActor, SystemActor, UserActor
from core.domain.audit import Change
from core.domain.integrations.integration import Integration, StatusReason
from core.domain.links.link import Link
from core.domain.organizations import Role
from tests.support.scenarios.edge import NOW, Client, WholeEdge, check_error

TRAIL = "/git-integrations/github/versions"
DELIVERY = "72d3162e-cc78-11e3-81ab-4c9367dc0958"


@pytest.fixture
async def edge() -> WholeEdge:
    """Give an organization with a connected integration."""
    edge = WholeEdge()
    await edge.populate()
    return edge


@pytest.fixture
async def client(edge: WholeEdge) -> AsyncIterator[Client]:
    """Give a client."""
    async with edge.client() as client:
        yield client


async def write_changes(edge: WholeEdge, *steps: Change[Integration]) -> None:
    """Write steps."""
    async with edge.world.unit_of_work() as tx:
        await tx.integrations.apply(list(steps))
        await tx.commit()


async def test_lists_versions(edge: WholeEdge, client: Client) -> None:
    """Newest first, each with its actor and the values before and after."""
    made = await edge.world.add_integration(edge.organization)
    suspended = made.suspend(StatusReason.SUSPENDED_ON_PROVIDER, at=NOW)
    person = replace(edge.people["owner"], request_id="request-7")
    left = await edge.join("left", edge.other, Role.MEMBER)
    await write_changes(
        edge,
        Change(made, suspended, SystemActor("webhook", DELIVERY)),
        Change(suspended, made, ServiceActor("deployer", frozenset(), person, "request-8")),
        Change(made, suspended, SystemActor("scheduler")),
        Change(suspended, replace(suspended, settings={"sync": "daily"}), person),
        Change(made, replace(made, provider_name="beyond"), UserActor(left.user_id, left.external_id)),
    )
    answer = await client.get(edge.path(TRAIL), headers=edge.of("admin"))

    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body["next_cursor"] is None
    owner = {"id": str(person.external_id), "name": "owner@acme.example"}
    assert [(one["actor"], one["request_id"]) for one in body["data"][:5]] == [
        (actor("user", user={"id": str(left.external_id), "name": None}), None),
        (actor("user", user=owner), "request-7"),
        (actor("scheduler", name="scheduler"), None),
        (actor("service", name="deployer", user=owner), "request-8"),
        (actor("webhook", delivery_id=DELIVERY), None),
    ]
    assert body["data"][1]["changes"] == {"settings": {"before": {}, "after": {"sync": "daily"}}}
    assert body["data"][4] == {
        "item": {"type": "integration", "id": str(made.external_id)},
        "event": "updated",
        "actor": actor("webhook", delivery_id=DELIVERY),
        "changes": {
            "status": {"before": "active", "after": "suspended"},
            "status_reason": {"before": None, "after": "suspended_on_provider"},
            "status_changed_at": {"before": None, "after": NOW.isoformat()},
        },
        "changed_at": body["data"][4]["changed_at"],
        "request_id": None,
    }
    assert (body["data"][5]["event"], body["data"][5]["actor"]["kind"]) == ("created", "system")
    assert not {"organization_id", "id"} & body["data"][5]["changes"].keys()


def actor(kind: str, **known: object) -> dict[str, object]:
    """Return an actor as the trail shows it."""
    return {"kind": kind, "name": None, "user": None, "delivery_id": None, **known}


async def test_includes_links_and_pages_stay_stable(edge: WholeEdge, client: Client) -> None:
    """Each version appears once while others are written."""
    integration = await edge.world.add_integration(edge.organization)
    links = [await _link(edge, integration, str(number)) for number in range(4)]
    seen, cursor = [], ""
    while True:
        answer = await client.get(edge.path(f"{TRAIL}?limit=2&cursor={cursor}"), headers=edge.of("owner"))
        body = answer.json()
        seen += [(one["item"]["type"], one["item"]["id"]) for one in body["data"]]
        if body["next_cursor"] is None:
            break
        cursor = body["next_cursor"]
        await _link(edge, integration, uuid4().hex)
    assert seen == [
        *(("link", str(link.external_id)) for link in links[::-1]),
        ("integration", str(integration.external_id)),
    ]


async def _link(edge: WholeEdge, integration: Integration, name: str) -> Link:
    return await edge.world.add_link(await edge.world.add_project(edge.organization, name), integration)


async def test_organization_without_changes_has_no_versions(edge: WholeEdge, client: Client) -> None:
    await edge.world.add_integration(edge.other)
    answer = await client.get(edge.path(TRAIL), headers=edge.of("owner"))
    assert answer.json() == {"data": [], "next_cursor": None}


async def test_only_admins_and_services_with_the_scope_can_read(edge: WholeEdge, client: Client) -> None:
    for person in ("member", "viewer"):
        check_error(await client.get(edge.path(TRAIL), headers=edge.of(person)), 403, "action_forbidden")
    reader, auditor = edge.service("git.read"), edge.service("git.admin")
    check_error(await client.get(edge.path(TRAIL), headers=reader), 403, "action_forbidden")
    assert (await client.get(edge.path(TRAIL), headers=auditor)).status_code == 200
    check_error(await client.get(edge.path(TRAIL)), 401, "token_invalid")


async def test_foreign_organization_equals_a_missing_one(edge: WholeEdge, client: Client) -> None:
    """Except for the request id."""
    await edge.world.add_integration(edge.organization)
    answers = []
    for url in (edge.path(TRAIL), f"/api/v1/{uuid4()}{TRAIL}"):
        body = check_error(await client.get(url, headers=edge.of("outsider")), 404, "organization_not_found")
        answers.append({**body, "request_id": ""})
    assert answers[0] == answers[1]


@pytest.mark.parametrize(
    ("query", "field"), [("limit=0", "limit"), ("cursor=x", "cursor"), ("cursor=WzBd", "cursor"), ("page=2", "page")]
)
async def test_names_invalid_parameters(edge: WholeEdge, client: Client, query: str, field: str) -> None:
    """With valid values."""
    body = check_error(await client.get(edge.path(f"{TRAIL}?{query}"), headers=edge.of("owner")), 400, "query_invalid")
    assert body["errors"][0]["field"] == field


async def test_unknown_provider_lists_the_known_ones(edge: WholeEdge, client: Client) -> None:
    url = edge.path(TRAIL.replace("github", "gitlab"))
    check_error(await client.get(url, headers=edge.of("owner")), 404, "provider_unknown")
