"""Integrations over REST."""

from collections.abc import AsyncIterator
from uuid import uuid4

import httpx
import pytest

from core.domain.integrations.integration import IntegrationStatus, StatusReason
from core.domain.provider import ProviderUnavailable
from testing.memory.provider_world import PERMISSIONS
from tests.support.scenarios.catalog import facts
from tests.support.scenarios.catalog_edge import CatalogEdge

NOW = "2026-11-23T12:00:00Z"


@pytest.fixture
async def edge() -> CatalogEdge:
    """Give an organization that has connected nothing."""
    edge = CatalogEdge()
    await edge.populate()
    return edge


@pytest.fixture
async def client(edge: CatalogEdge) -> AsyncIterator[httpx.AsyncClient]:
    """Give a client."""
    async with edge.client() as client:
        yield client


def problem(answer: httpx.Response, status: int, code: str) -> dict[str, object]:
    """Check the form of a refusal and give its body."""
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    body: dict[str, object] = answer.json()
    assert body["code"] == code
    return body


async def test_not_connected(edge: CatalogEdge, client: httpx.AsyncClient) -> None:
    """Always an answer for a member, with the one thing to do."""
    answer = await client.get(edge.path("/github"), headers=edge.of("viewer"))

    assert answer.status_code == 200
    shown = answer.json()
    assert (shown["provider"], shown["status"], shown["reason"]) == ("github", "not_connected", None)
    assert shown["action"] == {
        "code": "connect",
        "message": "Connect your account at the provider.",
        "url": f"/api/v1/git/github/install?organization_id={edge.organization.external_id}",
    }
    assert {name for name, value in shown.items() if value is not None} == {"provider", "status", "action"}


async def test_active(edge: CatalogEdge, client: httpx.AsyncClient) -> None:
    """Everything a card shows, and how current the catalog is."""
    integration = await edge.connect(
        facts("1"),
        account_type="Organization",
        provider_url="https://provider.example/acme",
        repository_selection="selected",
        permissions=dict(PERMISSIONS),
    )
    edge.later(seconds=90)
    answer = await client.get(edge.path("/github"), headers=edge.of("member"))

    shown = answer.json()
    connected_at = shown.pop("connected_at")
    assert connected_at.endswith("Z")
    assert shown == {
        "provider": "github",
        "status": "active",
        "reason": None,
        "action": None,
        "id": str(integration.external_id),
        "installation_id": integration.provider_id,
        "account": "acme",
        "account_type": "Organization",
        "account_url": "https://provider.example/acme",
        "manage_url": f"https://provider.example/installations/{integration.provider_id}",
        "repository_selection": "selected",
        "permissions": dict(PERMISSIONS),
        "status_changed_at": None,
        "pending_until": None,
        "sync": {
            "state": "idle",
            "synced_at": NOW,
            "age_seconds": 90,
            "requested_at": None,
            "error": None,
            "retry_at": None,
        },
    }


async def test_pending(edge: CatalogEdge, client: httpx.AsyncClient) -> None:
    """Until when the request lives."""
    world = edge.catalog.world
    await world.request(edge.organization, await world.user())
    shown = (await client.get(edge.path("/github"), headers=edge.of("viewer"))).json()

    assert (shown["status"], shown["reason"]) == ("pending", "awaiting_approval")
    assert (shown["action"]["code"], shown["action"]["url"]) == ("await_approval", None)
    assert shown["pending_until"] is not None


async def test_suspended_leads_to_the_provider(edge: CatalogEdge, client: httpx.AsyncClient) -> None:
    """Where its owner can lift that."""
    integration = await edge.connect()
    await edge.catalog.change(
        integration, status=IntegrationStatus.SUSPENDED, status_reason=StatusReason.SUSPENDED_ON_PROVIDER
    )
    shown = (await client.get(edge.path("/github"), headers=edge.of("viewer"))).json()

    assert (shown["status"], shown["reason"]) == ("suspended", "suspended_on_provider")
    assert (shown["action"]["code"], shown["action"]["url"]) == ("unsuspend_on_provider", shown["manage_url"])


async def test_disconnect_and_the_way_back(edge: CatalogEdge, client: httpx.AsyncClient) -> None:
    """No content; afterwards it is revoked, and the way back looks for what is still installed there."""
    await edge.connect()
    answer = await client.delete(edge.path("/github"), headers=edge.of("admin"))
    assert (answer.status_code, answer.content) == (204, b"")
    again = await client.delete(edge.path("/github"), headers=edge.of("admin"))
    assert again.status_code == 204
    shown = (await client.get(edge.path("/github"), headers=edge.of("viewer"))).json()

    assert (shown["status"], shown["reason"], shown["manage_url"]) == ("revoked", "disconnected", None)
    assert shown["action"]["code"] == "reconnect"
    assert shown["action"]["url"].endswith("&mode=existing")


async def test_uninstall_is_wished_for(edge: CatalogEdge, client: httpx.AsyncClient) -> None:
    """The provider being down is nothing the person waits for."""
    integration = await edge.connect()
    edge.catalog.provider.fail("*", ProviderUnavailable("It does not answer."), times=None)
    answer = await client.delete(edge.path("/github?uninstall=true"), headers=edge.of("owner"))

    assert answer.status_code == 204
    assert (await edge.catalog.read(integration)).uninstall_requested_at == edge.catalog.clock.now()


async def test_a_list_has_every_provider(edge: CatalogEdge, client: httpx.AsyncClient) -> None:
    """In the form of all lists."""
    await edge.connect()
    listed = (await client.get(edge.path(), headers=edge.of("viewer"))).json()

    assert listed["next_cursor"] is None
    assert [(one["provider"], one["status"]) for one in listed["data"]] == [("github", "active")]


REQUESTS = [
    ("GET", ""),
    ("GET", "/github"),
    ("DELETE", "/github"),
    ("POST", "/github/sync"),
    ("GET", "/github/repos"),
    ("GET", "/github/repos/1"),
    ("GET", "/github/repos/1/branches"),
]


@pytest.mark.parametrize(("method", "path"), REQUESTS)
async def test_nobody_in_particular(edge: CatalogEdge, client: httpx.AsyncClient, method: str, path: str) -> None:
    """Everything here needs a token."""
    problem(await client.request(method, edge.path(path)), 401, "token_invalid")


@pytest.mark.parametrize(("method", "path"), REQUESTS)
async def test_anothers_organization_answers_like_none(
    edge: CatalogEdge, client: httpx.AsyncClient, method: str, path: str
) -> None:
    """Word for word, but for the request's id."""
    await edge.connect(facts("1"))
    absent = f"/api/v1/{uuid4()}/git-integrations{path}"
    answers = []
    for url in (edge.path(path), absent):
        body = problem(await client.request(method, url, headers=edge.of("outsider")), 404, "organization_not_found")
        del body["request_id"]
        answers.append(body)
    assert answers[0] == answers[1]


@pytest.mark.parametrize(("method", "path"), [one for one in REQUESTS if one[1]])
async def test_an_unknown_provider_is_told_which_there_are(
    edge: CatalogEdge, client: httpx.AsyncClient, method: str, path: str
) -> None:
    """Another word in the same place."""
    url = edge.path(path.replace("github", "gitlab"))
    body = problem(await client.request(method, url, headers=edge.of("owner")), 404, "provider_unknown")
    assert "github" in str(body["detail"])


@pytest.mark.parametrize(("method", "path"), REQUESTS)
async def test_a_parameter_that_is_not_understood_is_named(
    edge: CatalogEdge, client: httpx.AsyncClient, method: str, path: str
) -> None:
    """A typo is never ignored."""
    url = edge.path(f"{path}?pgae=2")
    body = problem(await client.request(method, url, headers=edge.of("owner")), 400, "query_invalid")
    assert body["errors"] == [{"field": "pgae", "message": "Unknown parameter. Remove it."}]


@pytest.mark.parametrize("org_id", ["1", "me", "not-a-uuid", "00000000-0000-0000-0000-00000000000g"])
async def test_what_is_no_id_is_no_path(edge: CatalogEdge, client: httpx.AsyncClient, org_id: str) -> None:
    """Organizations are named by their UUID."""
    answer = await client.get(f"/api/v1/{org_id}/git-integrations", headers=edge.of("owner"))
    problem(answer, 404, "not_found")


@pytest.mark.parametrize("person", ["member", "viewer"])
async def test_who_may_not_disconnect(edge: CatalogEdge, client: httpx.AsyncClient, person: str) -> None:
    """Owners and admins may; a service with the scope, too."""
    await edge.connect()
    problem(await client.delete(edge.path("/github"), headers=edge.of(person)), 403, "action_forbidden")
    reader = edge.service("git.read")
    problem(await client.delete(edge.path("/github"), headers=reader), 403, "action_forbidden")
    answer = await client.delete(edge.path("/github"), headers=edge.service("git.admin"))
    assert answer.status_code == 204


async def test_nothing_to_disconnect(edge: CatalogEdge, client: httpx.AsyncClient) -> None:
    """There is no integration yet."""
    answer = await client.delete(edge.path("/github"), headers=edge.of("owner"))
    problem(answer, 404, "integration_not_found")


@pytest.mark.parametrize("value", ["maybe", "", "2"])
async def test_a_truth_value_that_is_none(edge: CatalogEdge, client: httpx.AsyncClient, value: str) -> None:
    """Uninstalling is nothing to guess about."""
    url = edge.path(f"/github?uninstall={value}")
    body = problem(await client.delete(url, headers=edge.of("owner")), 400, "query_invalid")
    assert body["errors"] == [{"field": "uninstall", "message": "Pass true or false."}]
