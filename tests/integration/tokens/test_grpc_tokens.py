"""A token from `IssueReadToken`, used where it is for: at the provider."""

from datetime import UTC, datetime
from typing import Any

import grpc

from crewkit.git.v1.integrations_pb2 import DisconnectIntegrationRequest
from crewkit.git.v1.integrations_pb2_grpc import IntegrationServiceStub
from crewkit.git.v1.tokens_pb2 import IssueReadTokenRequest
from crewkit.git.v1.tokens_pb2_grpc import TokenServiceStub
from tests.support.builders import tokens
from tests.support.builders.deliveries import REPOSITORY
from tests.support.servers.service_with_sandbox import ServiceAtSandbox, service_at_sandbox


async def test_token_reads_only_its_repository(database_url: str, redis_url: str) -> None:
    """Of many in the installation. It is revoked when the organization disconnects."""
    async with service_at_sandbox(database_url, redis_url) as both:
        both.event_store.connect_installation()
        await both.start("grpc", "scheduler")
        whole = await both.sandbox.installation_token()
        everything = await _repositories(both, whole)
        others = [row["id"] for row in everything if row["private"] and row["id"] != REPOSITORY]
        assert others

        async with grpc.aio.insecure_channel(str(both.service.grpc_address)) as channel:
            [(organization, project)] = both.event_store.rows(
                "SELECT o.external_id, p.external_id FROM projects AS p"
                " JOIN organizations AS o ON o.id = p.organization_id LIMIT 1"
            )
            request = IssueReadTokenRequest(
                organization_id=str(organization), project_ids=[str(project)], reason="a build of größe"
            )
            issued = await TokenServiceStub(channel).IssueReadToken(request, metadata=_of("git.tokens"))
            assert [one.repo_id for one in issued.repositories] == [str(REPOSITORY)]

            assert (await both.sandbox.api("GET", f"/repositories/{REPOSITORY}", issued.token)).is_success
            assert [row["id"] for row in await _repositories(both, issued.token)] == [REPOSITORY]
            for repo_id in others:
                answer = await both.sandbox.api("GET", f"/repositories/{repo_id}", issued.token)
                assert answer.status_code == 404
            kept = both.event_store.rows("SELECT actor, reason, repo_ids, permissions FROM git_token_leases")
            assert kept == [("service:builder", "a build of größe", [str(REPOSITORY)], _permissions(kept))]
            assert _permissions(kept)["contents"] == "read"
            assert "write" not in _permissions(kept).values()

            disconnect = DisconnectIntegrationRequest(organization_id=str(organization), provider="github")
            await IntegrationServiceStub(channel).DisconnectIntegration(disconnect, metadata=_of("git.admin"))

        await both.until(
            lambda: both.event_store.rows(
                "SELECT FROM git_token_leases WHERE access_token IS NULL AND revoked_at IS NOT NULL"
            )
        )
        answer = await both.sandbox.api("GET", f"/repositories/{REPOSITORY}", issued.token)
        assert answer.status_code == 401
        assert issued.token not in str(both.service.log("grpc")) + str(both.service.log("scheduler"))


async def _repositories(both: ServiceAtSandbox, token: str) -> list[dict[str, Any]]:
    answer = await both.sandbox.api("GET", "/installation/repositories?per_page=100", token)
    assert answer.is_success
    found: list[dict[str, Any]] = answer.json()["repositories"]
    return found


def _permissions(rows: list[tuple[Any, ...]]) -> dict[str, str]:
    [(*_, permissions)] = rows
    found: dict[str, str] = permissions
    return found


def _of(scope: str) -> tuple[tuple[str, str], ...]:
    claims = tokens.claims(datetime.now(UTC), sub="builder", service="builder", scope=scope)
    return (("authorization", f"Bearer {tokens.sign_token(claims, tokens.rsa_key())}"),)
