"""The whole gRPC edge over the whole application: a real server in this process, on memory adapters."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import grpc
import pytest
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RequestInfo, RetryInfo
from google.rpc.status_pb2 import Status

from entrypoints.grpc_api.anonymous_streams import AnonymousStreams
from entrypoints.grpc_api.calls import Authentication
from entrypoints.grpc_api.envelope import SECONDS, Envelope
from entrypoints.grpc_api.health import Health
from entrypoints.grpc_api.server import Server, Tls
from entrypoints.grpc_api.services import NAMES
from entrypoints.settings.values import Address
from ports.telemetry import Traces
from testing.memory.metrics import MemoryMetrics
from tests.support.scenarios.projects import ProjectsEdge
from tests.support.scenarios.rest import KeptAlerts, answers

M = TypeVar("M", bound=Message)
ANYWHERE = Address("127.0.0.1", 0)


class GrpcEdge(ProjectsEdge):
    """What `ProjectsEdge` has, over gRPC too."""

    def __init__(self) -> None:
        super().__init__()
        self.metrics = MemoryMetrics()
        self.alerts = KeptAlerts()
        self.health = Health(NAMES, answers)
        self.traces: Traces | None = None
        self.anonymous = AnonymousStreams()

    @asynccontextmanager
    async def serve_grpc(
        self, *, seconds: float = SECONDS, tls: Tls | None = None
    ) -> AsyncIterator[tuple[Server, grpc.aio.Channel]]:
        """Serve, and give the server and a channel to it."""
        authentication = Authentication(self.verifier, self.application.account.identify)
        envelope = Envelope(
            authentication, self.metrics, self.alerts, self.traces, seconds=seconds, anonymous=self.anonymous
        )
        server = Server(self.application, envelope, self.health)
        await server.start(ANYWHERE, tls)
        try:
            async with grpc.aio.insecure_channel(str(server.address)) as channel:
                yield server, channel
        finally:
            await server.drain(seconds=0)

    @asynccontextmanager
    async def channel(self, *, seconds: float = SECONDS) -> AsyncIterator[grpc.aio.Channel]:
        """Serve, and give a channel."""
        async with self.serve_grpc(seconds=seconds) as (_, channel):
            yield channel

    def call_as(self, person: str) -> tuple[tuple[str, str], ...]:
        """Return the metadata of a person's call."""
        return tuple(self.of(person).items())

    def call_with(self, *scopes: str) -> tuple[tuple[str, str], ...]:
        """Return the metadata of a service's call."""
        return tuple(self.service(*scopes).items())


@dataclass(frozen=True)
class Refused:
    """How a call failed, all of it."""

    code: grpc.StatusCode
    message: str
    details: tuple[Message, ...]
    trailing: dict[str, str | bytes]

    @property
    def reason(self) -> str:
        """The stable code."""
        info = self.detail(ErrorInfo)
        assert info.domain == "git.crewkit"
        reason: str = info.reason
        return reason

    @property
    def fields(self) -> list[str]:
        """The fields that were refused."""
        return [one.field for one in self.detail(BadRequest).field_violations]

    @property
    def retry_after(self) -> float:
        """After how many seconds to come back."""
        wait: float = self.detail(RetryInfo).retry_delay.ToMilliseconds() / 1000
        return wait

    def detail(self, kind: type[M]) -> M:
        """Return the detail of this kind, which must be there."""
        [found] = [detail for detail in self.details if isinstance(detail, kind)]
        return found


async def expect_error(call: Any) -> Refused:
    """Check that a call fails and in the form all failures have, and give it."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await first_answer(call)
    return read_error(caught.value)


async def first_answer(call: Any) -> Message:
    """Return the answer, of a stream the first one."""
    answer: Message = await (call.read() if hasattr(call, "read") else call)
    return answer


def read_error(error: grpc.aio.AioRpcError) -> Refused:
    """Read a failure; what the server says of it is said twice, and the same."""
    trailing: dict[str, str | bytes] = dict(error.trailing_metadata() or ())
    details = []
    packed = trailing.get("grpc-status-details-bin")
    if packed:
        status = Status.FromString(packed)
        assert (status.code, status.message) == (error.code().value[0], error.details())
        for held in status.details:
            for kind in (ErrorInfo, BadRequest, RetryInfo, RequestInfo):
                if held.Is(kind.DESCRIPTOR):
                    detail = kind()
                    held.Unpack(detail)
                    details.append(detail)
        [request] = [detail for detail in details if isinstance(detail, RequestInfo)]
        assert trailing["x-request-id"] == request.request_id
    return Refused(error.code(), error.details() or "", tuple(details), trailing)
