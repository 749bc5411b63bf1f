"""Integrations over REST."""

from collections.abc import AsyncIterator
from uuid import uuid4

import httpx
import pytest

from core.domain.integrations.integration import IntegrationStatus, StatusReason
from core.domain.provider_errors import ProviderUnavailable
from testing.memory.provider_state import PERMISSIONS
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


async def test_missing_integration_is_not_connected(edge: CatalogEdge, client: httpx.AsyncClient) -> None:
    """Members always get a response, with the action that connects."""
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


async def test_shows_an_active_integration(edge: CatalogEdge, client: httpx.AsyncClient) -> None:
    """With each field of the card and the age of the catalog."""
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
        "account_avatar_url": None,
        "repositories_granted": 1,
        "projects_linked": 0,
        "failed_24h": 0,
        "last_webhook_at": None,
        "permissions_needed": shown["permissions_needed"],
        "permissions_missing": {},
    }
    assert shown["permissions_needed"]


async def test_shows_a_pending_request(edge: CatalogEdge, client: httpx.AsyncClient) -> None:
    """With the time at which it expires."""
    world = edge.catalog.world
    await world.add_request(edge.organization, await world.add_user())
    shown = (await client.get(edge.path("/github"), headers=edge.of("viewer"))).json()

    assert (shown["status"], shown["reason"]) == ("pending", "awaiting_approval")
    assert (shown["action"]["code"], shown["action"]["url"]) == ("await_approval", None)
    assert shown["pending_until"] is not None


async def test_suspended_integration_links_to_the_provider(edge: CatalogEdge, client: httpx.AsyncClient) -> None:
    """Its owner can unsuspend it there."""
    integration = await edge.connect()
    await edge.catalog.change(
        integration, status=IntegrationStatus.SUSPENDED, status_reason=StatusReason.SUSPENDED_ON_PROVIDER
    )
    shown = (await client.get(edge.path("/github"), headers=edge.of("viewer"))).json()

    assert (shown["status"], shown["reason"]) == ("suspended", "suspended_on_provider")
    assert (shown["action"]["code"], shown["action"]["url"]) == ("unsuspend_on_provider", shown["manage_url"])


async def test_disconnects_and_can_connect_again(edge: CatalogEdge, client: httpx.AsyncClient) -> None:
    """204; afterwards it is revoked, and connecting looks for existing installations."""
    await edge.connect()
    answer = await client.delete(edge.path("/github"), headers=edge.of("admin"))
    assert (answer.status_code, answer.content) == (204, b"")
    again = await client.delete(edge.path("/github"), headers=edge.of("admin"))
    assert again.status_code == 204
    shown = (await client.get(edge.path("/github"), headers=edge.of("viewer"))).json()

    assert (shown["status"], shown["reason"], shown["manage_url"]) == ("revoked", "disconnected", None)
    assert shown["action"]["code"] == "reconnect"
    assert shown["action"]["url"].endswith("&mode=existing")


async def test_requests_to_uninstall(edge: CatalogEdge, client: httpx.AsyncClient) -> None:
    """The user does not wait for the provider."""
    integration = await edge.connect()
    edge.catalog.provider.fail("*", ProviderUnavailable("It does not answer."), times=None)
    answer = await client.delete(edge.path("/github?uninstall=true"), headers=edge.of("owner"))

    assert answer.status_code == 204
    assert (await edge.catalog.read(integration)).uninstall_requested_at == edge.catalog.clock.now()


async def test_lists_every_provider(edge: CatalogEdge, client: httpx.AsyncClient) -> None:
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
async def test_requires_a_token(edge: CatalogEdge, client: httpx.AsyncClient, method: str, path: str) -> None:
    problem(await client.request(method, edge.path(path)), 401, "token_invalid")


@pytest.mark.parametrize(("method", "path"), REQUESTS)
async def test_foreign_organization_equals_a_missing_one(
    edge: CatalogEdge, client: httpx.AsyncClient, method: str, path: str
) -> None:
    """Except for the request id."""
    await edge.connect(facts("1"))
    absent = f"/api/v1/{uuid4()}/git-integrations{path}"
    answers = []
    for url in (edge.path(path), absent):
        body = problem(await client.request(method, url, headers=edge.of("outsider")), 404, "organization_not_found")
        del body["request_id"]
        answers.append(body)
    assert answers[0] == answers[1]


@pytest.mark.parametrize(("method", "path"), [one for one in REQUESTS if one[1]])
async def test_unknown_provider_lists_the_known_ones(
    edge: CatalogEdge, client: httpx.AsyncClient, method: str, path: str
) -> None:
    url = edge.path(path.replace("github", "gitlab"))
    body = problem(await client.request(method, url, headers=edge.of("owner")), 404, "provider_unknown")
    assert "github" in str(body["detail"])


@pytest.mark.parametrize(("method", "path"), REQUESTS)
async def test_names_an_unknown_parameter(edge: CatalogEdge, client: httpx.AsyncClient, method: str, path: str) -> None:
    """A typo is never ignored."""
    url = edge.path(f"{path}?pgae=2")
    body = problem(await client.request(method, url, headers=edge.of("owner")), 400, "query_invalid")
    assert body["errors"] == [{"field": "pgae", "message": "Unknown parameter. Remove it."}]


@pytest.mark.parametrize("org_id", ["1", "me", "not-a-uuid", "00000000-0000-0000-0000-00000000000g"])
async def test_invalid_id_is_not_found(edge: CatalogEdge, client: httpx.AsyncClient, org_id: str) -> None:
    """Paths contain the UUID of an organization."""
    answer = await client.get(f"/api/v1/{org_id}/git-integrations", headers=edge.of("owner"))
    problem(answer, 404, "not_found")


@pytest.mark.parametrize("person", ["member", "viewer"])
async def test_only_admins_and_services_with_the_scope_can_disconnect(
    edge: CatalogEdge, client: httpx.AsyncClient, person: str
) -> None:
    await edge.connect()
    problem(await client.delete(edge.path("/github"), headers=edge.of(person)), 403, "action_forbidden")
    reader = edge.service("git.read")
    problem(await client.delete(edge.path("/github"), headers=reader), 403, "action_forbidden")
    answer = await client.delete(edge.path("/github"), headers=edge.service("git.admin"))
    assert answer.status_code == 204


async def test_disconnecting_without_an_integration_is_not_found(edge: CatalogEdge, client: httpx.AsyncClient) -> None:
    answer = await client.delete(edge.path("/github"), headers=edge.of("owner"))
    problem(answer, 404, "integration_not_found")


@pytest.mark.parametrize("value", ["maybe", "", "2"])
async def test_rejects_an_invalid_boolean(edge: CatalogEdge, client: httpx.AsyncClient, value: str) -> None:
    """The service does not guess whether to uninstall."""
    url = edge.path(f"/github?uninstall={value}")
    body = problem(await client.delete(url, headers=edge.of("owner")), 400, "query_invalid")
    assert body["errors"] == [{"field": "uninstall", "message": "Pass true or false."}]
