"""Read tokens of services over REST and gRPC: who holds which, and their revocation."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from core.domain.identifiers import RepoId
from core.domain.provider_errors import ProviderUnavailable
from core.domain.tokens.installation_tokens import TokenLease
from crewkit.git.v1 import tokens_pb2
from crewkit.git.v1.tokens_pb2_grpc import TokenServiceStub
from tests.support.builders.token_leases import add_lease
from tests.support.scenarios.edge import Client, check_error
from tests.support.scenarios.grpc_edge import GrpcEdge
from tests.support.scenarios.projects import WIDGETS

_PATH = "/git-read-tokens"


@pytest.fixture
async def edge() -> GrpcEdge:
    """Return an organization with a linked project."""
    edge = GrpcEdge()
    await edge.populate()
    await edge.world.add_link(edge.second, edge.integration, repo_id=RepoId(WIDGETS))
    return edge


@pytest.fixture
async def client(edge: GrpcEdge) -> AsyncIterator[Client]:
    """Give a client."""
    async with edge.client() as client:
        yield client


async def list_tokens(edge: GrpcEdge, client: Client, person: str, query: str = "") -> list[dict[str, Any]]:
    """Return the tokens that a person sees."""
    answer = await client.get(edge.path(f"{_PATH}{query}"), headers=edge.of(person))
    assert answer.status_code == 200, answer.text
    assert "ghs_" not in answer.text
    tokens: list[dict[str, Any]] = answer.json()["data"]
    return tokens


async def revoke(edge: GrpcEdge, client: Client, lease: TokenLease) -> dict[str, Any]:
    """Revoke a token as an admin, and return its record."""
    answer = await client.delete(edge.path(f"{_PATH}/{lease.external_id}"), headers=edge.of("admin"))
    assert answer.status_code == 200, answer.text
    record: dict[str, Any] = answer.json()
    return record


async def test_lists_who_holds_which_token(edge: GrpcEdge, client: Client) -> None:
    """Newest first; an expired token is listed too, unless only valid ones are requested."""
    expired = await add_lease(edge, expires_at=edge.clock.now() - timedelta(minutes=1))
    lease = await add_lease(edge, actor=f"service:ci for user:{edge.people['member'].external_id}")
    first, second = await list_tokens(edge, client, "owner")
    member = {"id": str(edge.people["member"].external_id), "name": "member@acme.example"}
    assert first["holder"] == {"kind": "service", "name": "ci", "user": member, "delivery_id": None}
    assert (first["id"], first["status"], first["reason"]) == (str(lease.external_id), "active", "a build")
    [repository] = first["repositories"]
    assert (repository["repo_id"], repository["project_ids"]) == (WIDGETS, [str(edge.second.external_id)])
    assert (second["id"], second["status"]) == (str(expired.external_id), "expired")
    assert [token["id"] for token in await list_tokens(edge, client, "owner", "?valid=true")] == [first["id"]]
    page = await client.get(edge.path(f"{_PATH}?limit=1"), headers=edge.of("owner"))
    rest = await list_tokens(edge, client, "owner", f"?cursor={page.json()['next_cursor']}")
    assert [token["id"] for token in rest] == [second["id"]]


async def test_members_see_only_tokens_held_for_them(edge: GrpcEdge, client: Client) -> None:
    """Another organization sees none."""
    await add_lease(edge)
    lease = await add_lease(edge, actor=f"service:ci for user:{edge.people['member'].external_id}")
    assert [token["id"] for token in await list_tokens(edge, client, "member")] == [str(lease.external_id)]
    assert await list_tokens(edge, client, "viewer") == []
    answer = await client.get(edge.path(_PATH, edge.other), headers=edge.of("outsider"))
    assert answer.json()["data"] == []


async def test_revokes_a_token_at_the_provider(edge: GrpcEdge, client: Client) -> None:
    """Once: a second request changes nothing, and the audit trail has one version."""
    lease = await add_lease(edge)
    for _ in range(2):
        record = await revoke(edge, client, lease)
        assert (record["status"], record["revoked_at"]) == ("revoked", "2026-11-23T12:00:00Z")
    async with edge.world.unit_of_work() as tx:
        [version] = await tx.versions.list_by_item("read_token", str(lease.external_id))
        stored = await tx.token_leases.find_token_lease(lease.external_id)
    assert (version.event, version.actor) == ("revoked", edge.people["admin"].name)
    assert stored is not None
    assert stored.sealed is None


async def test_outage_delays_the_revocation(edge: GrpcEdge, client: Client) -> None:
    """The scheduler tries again."""
    lease = await add_lease(edge)
    edge.provider.fail("revoke_token", ProviderUnavailable("GitHub does not respond. Try again later."))
    assert (await revoke(edge, client, lease))["status"] == "revoking"
    assert await edge.application.tokens.revoke_orphaned() == 1
    assert (await list_tokens(edge, client, "owner"))[0]["status"] == "revoked"


async def test_only_owners_and_admins_revoke(edge: GrpcEdge, client: Client) -> None:
    """A token of another organization does not exist."""
    lease = await add_lease(edge)
    path = edge.path(f"{_PATH}/{lease.external_id}")
    check_error(await client.delete(path, headers=edge.of("member")), 403, "action_forbidden")
    check_error(await client.delete(path, headers=edge.service("git.tokens")), 403, "action_forbidden")
    foreign = edge.path(f"{_PATH}/{lease.external_id}", edge.other)
    check_error(await client.delete(foreign, headers=edge.of("outsider")), 404, "read_token_not_found")
    unknown = edge.path(f"{_PATH}/{UUID(int=7)}")
    check_error(await client.delete(unknown, headers=edge.of("owner")), 404, "read_token_not_found")


async def test_grpc_lists_and_revokes(edge: GrpcEdge) -> None:
    """The same records."""
    lease, organization = await add_lease(edge), str(edge.organization.external_id)
    async with edge.channel() as channel:
        stub = TokenServiceStub(channel)
        listed = await stub.ListReadTokens(
            tokens_pb2.ListReadTokensRequest(organization_id=organization), metadata=edge.call_as("owner")
        )
        request = tokens_pb2.RevokeReadTokenRequest(organization_id=organization, lease_id=str(lease.external_id))
        revoked = await stub.RevokeReadToken(request, metadata=edge.call_as("owner"))
    [token] = listed.read_tokens
    assert (token.lease_id, token.status) == (str(lease.external_id), tokens_pb2.READ_TOKEN_STATUS_ACTIVE)
    assert (token.holder.name, token.reason) == ("deployer", "a build")
    assert [repository.repo_id for repository in token.repositories] == [WIDGETS]
    assert revoked.read_token.status == tokens_pb2.READ_TOKEN_STATUS_REVOKED
