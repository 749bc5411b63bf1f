"""Our gRPC process with an organization to ask about, and a bare server beside it."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import psycopg
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from benchmarks.calling import callers, echo
from benchmarks.common import crewkit
from benchmarks.common.server import Place, free_port, process, wait_until_listening
from benchmarks.common.services import Services
from crewkit.git.v1.events_pb2 import StreamEventsRequest
from crewkit.git.v1.integrations_pb2 import GetIntegrationRequest
from tests.support.builders.large_catalog import fill

_GET, _STREAM = ("/crewkit.git.v1.IntegrationService/GetIntegration", "/crewkit.git.v1.EventService/StreamEvents")
_PAYLOAD = b"x" * 100


@dataclass(frozen=True)
class Server:
    """A server and the call to measure."""

    pid: int
    port: int
    method: str
    request: bytes
    metadata: Sequence[tuple[str, str]]

    def call(self, in_flight: int, seconds: float) -> Mapping[str, float]:
        """Call it for so long."""
        parameters = {**self._sample_call(), "metadata": self.metadata}
        measured: Mapping[str, float] = json.loads(
            _callers({**parameters, "how": {"in_flight": in_flight, "seconds": seconds}})
        )
        return measured

    def _sample_call(self) -> dict[str, Any]:
        target = f"127.0.0.1:{self.port}"
        return {"target": target, "method": self.method, "request": self.request.hex()}


@dataclass(frozen=True)
class Scene:
    """Both servers, and the tokens of the services that stream."""

    service: Server
    bare: Server
    organization_id: str
    tokens: Sequence[str]

    @contextmanager
    def streams(self, count: int) -> Iterator[None]:
        """Keep so many streams open, in which nothing happens."""
        parameters = {
            "target": f"127.0.0.1:{self.service.port}",
            "method": _STREAM,
            "request": StreamEventsRequest(organization_id=self.organization_id).SerializeToString().hex(),
            "tokens": self.tokens,
            "how": {"streams": count},
        }
        command = [sys.executable, callers.__file__, json.dumps(parameters)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as waiting:
            assert waiting.stdout is not None
            if json.loads(waiting.stdout.readline() or "null") != {"streams": count}:
                raise RuntimeError("The event streams did not start.")
            yield
            waiting.communicate()


@contextmanager
def callable_servers(servers: Services, home: Path) -> Iterator[Scene]:
    """Make the organization and start both."""
    place = Place(free_port(), servers.create_database("bench_calling"), servers.redis_url)
    key = generate_private_key(public_exponent=65537, key_size=2048)
    port = free_port()
    environment = {
        **crewkit.settings(place),
        "CREWKIT_GIT_GRPC_ADDR": f"127.0.0.1:{port}",
        "CREWKIT_GIT_AUTH_PUBLIC_KEY": key.public_key()
        .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        .decode(),
        # One line a call, as in production.
        "CREWKIT_GIT_LOG_LEVEL": "INFO",
    }
    crewkit.migrate(environment, home / "migrate.log")
    [(integration, _)] = fill(place.database_url, [10])
    with psycopg.connect(place.database_url) as database:
        found = database.execute(
            "SELECT o.external_id FROM organizations AS o"
            " JOIN git_integrations AS i ON i.organization_id = o.id WHERE i.id = %s",
            (integration,),
        ).fetchone()
    assert found is not None  # it was just made
    organization_id = str(found[0])
    tokens = [f"Bearer {_token(key, f'reader-{number}')}" for number in range(20)]
    request = GetIntegrationRequest(organization_id=organization_id, provider="github").SerializeToString()
    bare_port = free_port()
    with ExitStack() as stack:
        served = _start(stack, crewkit.command("grpc"), environment, port, home / "grpc.log")
        bare = _start(stack, [sys.executable, echo.__file__, str(bare_port)], {}, bare_port, home / "echo.log")
        yield Scene(
            Server(served, port, _GET, request, [("authorization", tokens[0])]),
            Server(bare, bare_port, echo.METHOD, _PAYLOAD, []),
            organization_id,
            tokens,
        )


def _start(stack: ExitStack, command: list[str], environment: dict[str, str], port: int, log: Path) -> int:
    started = stack.enter_context(process(command, environment, log))
    wait_until_listening(started, port, log)
    return started.pid


def _callers(parameters: dict[str, Any]) -> bytes:
    command = [sys.executable, callers.__file__, json.dumps(parameters)]
    return subprocess.run(command, check=True, capture_output=True).stdout


def _token(key: RSAPrivateKey, service: str) -> str:
    now = datetime.now(UTC)
    claims = {"iss": crewkit.ISSUER, "aud": crewkit.AUDIENCE, "sub": service, "service": service, "iat": now}
    scopes = {"scope": "git.read git.events", "exp": now + timedelta(hours=8)}
    return jwt.encode({**claims, **scopes}, key, algorithm="RS256")
