"""Encrypted gRPC, and callers who prove themselves by a certificate besides their token."""

import grpc
import pytest

from crewkit.git.v1.integrations_pb2 import ListIntegrationsRequest
from crewkit.git.v1.integrations_pb2_grpc import IntegrationServiceStub
from entrypoints.grpc_api.server import Tls
from tests.support.fakes.certificate_authority import Authority
from tests.support.scenarios.grpc_edge import GrpcEdge

HOST = "git.crewkit.example"


@pytest.mark.parametrize("mutual", [False, True])
async def test_requires_a_client_certificate_with_mutual_tls(*, mutual: bool) -> None:
    """Without mutual TLS a token is enough."""
    edge, authority, strange = GrpcEdge(), Authority(), Authority()
    await edge.populate()
    tls = Tls(*authority.issue(HOST), authority.certificate if mutual else None)
    request = ListIntegrationsRequest(organization_id=str(edge.organization.external_id))
    callers = {"none": (None, None), "known": authority.issue("builder"), "strange": strange.issue("builder")}
    came_through = set()
    async with edge.serve_grpc(tls=tls) as (server, clear):
        for name, (key, certificate) in callers.items():
            credentials = grpc.ssl_channel_credentials(authority.certificate, key, certificate)
            options = (("grpc.ssl_target_name_override", HOST),)
            async with grpc.aio.secure_channel(str(server.address), credentials, options=options) as channel:
                call = IntegrationServiceStub(channel).ListIntegrations(
                    request, metadata=edge.call_as("viewer"), timeout=5
                )
                if await call.code() is grpc.StatusCode.OK:
                    came_through.add(name)
        in_the_clear = IntegrationServiceStub(clear).ListIntegrations(
            request, metadata=edge.call_as("viewer"), timeout=5
        )
        assert await in_the_clear.code() is grpc.StatusCode.UNAVAILABLE
    assert came_through == ({"known"} if mutual else {"none", "known", "strange"})
