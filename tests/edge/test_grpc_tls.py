"""Encrypted gRPC, and callers who prove themselves by a certificate besides their token."""

from datetime import UTC, datetime, timedelta

import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from crewkit.git.v1.integrations_pb2 import ListIntegrationsRequest
from crewkit.git.v1.integrations_pb2_grpc import IntegrationServiceStub
from entrypoints.grpc_api.server import Tls
from tests.support.grpc_edge import GrpcEdge

HOST = "git.crewkit.example"


class Authority:
    """Signs certificates."""

    def __init__(self) -> None:
        self._key = generate_private_key(SECP256R1())
        self._name = _named("authority")
        self.certificate = self._signed(self._key, "authority", is_authority=True)

    def issue(self, name: str) -> tuple[bytes, bytes]:
        """Return a new key and its certificate."""
        key = generate_private_key(SECP256R1())
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return pem, self._signed(key, name)

    def _signed(self, key: EllipticCurvePrivateKey, name: str, *, is_authority: bool = False) -> bytes:
        now = datetime.now(UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(_named(name))
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(minutes=1))
            .not_valid_after(now + timedelta(hours=1))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
            .sign(self._key, SHA256())
        )
        return certificate.public_bytes(Encoding.PEM)


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


@pytest.mark.parametrize("mutual", [False, True])
async def test_who_is_let_in(*, mutual: bool) -> None:
    """Without mutual TLS a token is enough; with it a certificate of the right authority is needed, too."""
    edge, ours, strange = GrpcEdge(), Authority(), Authority()
    await edge.populate()
    tls = Tls(*ours.issue(HOST), ours.certificate if mutual else None)
    request = ListIntegrationsRequest(organization_id=str(edge.organization.external_id))
    callers = {"none": (None, None), "ours": ours.issue("builder"), "strange": strange.issue("builder")}
    came_through = set()
    async with edge.serving(tls=tls) as (server, clear):
        for name, (key, certificate) in callers.items():
            credentials = grpc.ssl_channel_credentials(ours.certificate, key, certificate)
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
    assert came_through == ({"ours"} if mutual else {"none", "ours", "strange"})
