"""What anybody may take of the gRPC server, and how long connections last."""

import asyncio
import socket
from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from crewkit.git.v1 import events_pb2, events_pb2_grpc
from entrypoints.grpc_api import server as grpc_server
from tests.support.conditions import until
from tests.support.scenarios.grpc_edge import GrpcEdge, expect_error, read_error

SERVING = health_pb2.HealthCheckResponse.SERVING
OWN_CONNECTION = [("grpc.use_local_subchannel_pool", 1)]
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
SETTINGS = b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"
SETTINGS_ACK = b"\x00\x00\x00\x04\x01\x00\x00\x00\x00"
PING = b"\x00\x00\x08\x06\x00\x00\x00\x00\x00crewkit!"
GOAWAY = 7


@pytest.fixture
async def edge() -> GrpcEdge:
    """Give an organization with an integration."""
    edge = GrpcEdge()
    await edge.populate()
    return edge


def watch(channel: grpc.aio.Channel) -> Any:
    """Watch the health of the server."""
    stub: Any = health_pb2_grpc.HealthStub(channel)  # its types leave the methods out
    return stub.Watch(health_pb2.HealthCheckRequest())


def reflect(channel: grpc.aio.Channel) -> Any:
    """Open a stream of reflection and ask nothing."""

    async def requests() -> AsyncIterator[reflection_pb2.ServerReflectionRequest]:
        yield reflection_pb2.ServerReflectionRequest(list_services="")
        await asyncio.Event().wait()

    stub: Any = reflection_pb2_grpc.ServerReflectionStub(channel)  # type: ignore[arg-type]  # they know no aio
    return stub.ServerReflectionInfo(requests())


@pytest.mark.parametrize("open_stream", [watch, reflect])
async def test_limits_anonymous_streams_per_connection(edge: GrpcEdge, open_stream: Any) -> None:
    """Each connection has its own limit, and an ended stream makes room."""
    async with edge.serve_grpc() as (server, channel):
        streams = [open_stream(channel) for _ in range(16)]
        for stream in streams:
            await stream.read()
        refusal = await expect_error(open_stream(channel))
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "too_many_streams")
        assert (refusal.retry_after, "Close some" in refusal.message) == (10, True)
        async with grpc.aio.insecure_channel(str(server.address), OWN_CONNECTION) as other:
            assert await open_stream(other).read() is not grpc.aio.EOF
        streams[0].cancel()

        async def has_room() -> bool:
            try:
                await open_stream(channel).read()
            except grpc.aio.AioRpcError as error:
                return read_error(error).reason != "too_many_streams"
            return True

        await until(has_room)


@pytest.mark.parametrize("open_stream", [watch, reflect])
async def test_limits_anonymous_streams_per_service(edge: GrpcEdge, open_stream: Any) -> None:
    """Over all connections. Unary calls still work."""
    async with edge.serve_grpc() as (server, channel):
        edge.anonymous._max_per_service = 20
        others = [grpc.aio.insecure_channel(str(server.address), OWN_CONNECTION) for _ in range(4)]
        for number in range(20):
            await open_stream(others[number % 4]).read()
        refusal = await expect_error(open_stream(channel))
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "too_many_streams")
        stub: Any = health_pb2_grpc.HealthStub(channel)  # its types leave the methods out
        assert (await stub.Check(health_pb2.HealthCheckRequest())).status == SERVING
        for other in others:
            await other.close()


def follow(edge: GrpcEdge, channel: grpc.aio.Channel, service: str, person: str | None = None) -> Any:
    """Follow the organization's events as a service, for a person if one is named."""
    metadata = dict(edge.service("git.events", name=service))
    if person is not None:
        metadata["x-acting-user"] = str(edge.people[person].external_id)
    request = events_pb2.StreamEventsRequest(organization_id=str(edge.organization.external_id))
    stub = events_pb2_grpc.EventServiceStub(channel)
    return stub.StreamEvents(request, metadata=tuple(metadata.items()))


async def test_limits_event_streams_per_service_for_all_acting_users(edge: GrpcEdge) -> None:
    """Naming many users gives a service no more streams."""
    edge.application.stream_events.limits._max_streams_of_one = 3
    async with edge.channel() as channel:
        for person in ("viewer", "member", None):
            await follow(edge, channel, "builder", person).read()
        refusal = await expect_error(follow(edge, channel, "builder", "owner"))
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "too_many_streams")
        assert "This service has 3 open streams" in refusal.message
        await follow(edge, channel, "deployer", "owner").read()


async def test_limits_event_streams_per_user_over_all_services(edge: GrpcEdge) -> None:
    """The user's own streams and those of all services together."""
    edge.application.stream_events.limits._max_streams_of_one = 3
    async with edge.channel() as channel:
        request = events_pb2.StreamEventsRequest(organization_id=str(edge.organization.external_id))
        stub = events_pb2_grpc.EventServiceStub(channel)
        await stub.StreamEvents(request, metadata=edge.call_as("viewer")).read()
        for service in ("builder", "deployer"):
            await follow(edge, channel, service, "viewer").read()
        refusal = await expect_error(follow(edge, channel, "tester", "viewer"))
        assert (refusal.reason, "This user has 3 open streams" in refusal.message) == ("too_many_streams", True)
        refusal = await expect_error(stub.StreamEvents(request, metadata=edge.call_as("viewer")))
        assert refusal.reason == "too_many_streams"
        await follow(edge, channel, "tester", "member").read()


async def test_connection_ends_by_its_age_and_streams_reconnect(
    edge: GrpcEdge, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a status that clients retry, while the channel opens another connection."""
    ages = {"grpc.max_connection_age_ms": 500, "grpc.max_connection_age_grace_ms": 500}
    options = [(name, ages.get(name, value)) for name, value in grpc_server.OPTIONS]
    assert dict(options).items() >= ages.items()
    monkeypatch.setattr(grpc_server, "OPTIONS", options)
    async with edge.channel() as channel, asyncio.timeout(30):
        for _ in range(2):
            stream = follow(edge, channel, "builder")
            assert (await stream.read()).cursor
            assert await stream.code() is grpc.StatusCode.UNAVAILABLE


async def goaway(target: str, every: float, count: int) -> bool:
    """Ping so often as a client that has no calls; return whether the server hung up."""
    host, _, port = target.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(PREFACE + SETTINGS + SETTINGS_ACK)
    acknowledged = 0

    async def has_hung_up() -> bool:
        nonlocal acknowledged
        while True:
            try:
                head = await reader.readexactly(9)
            except (asyncio.IncompleteReadError, ConnectionError):
                return True
            await reader.readexactly(int.from_bytes(head[:3]))
            if head[3] == GOAWAY:
                return True
            acknowledged += head[3:5] == b"\x06\x01"

    reading = asyncio.create_task(has_hung_up())
    for _ in range(count):
        writer.write(PING)
        await asyncio.wait((reading,), timeout=every)
    ended = reading.done()
    reading.cancel()
    writer.close()
    assert ended or acknowledged == count
    return ended


async def test_client_can_ping_every_ten_seconds(edge: GrpcEdge, monkeypatch: pytest.MonkeyPatch) -> None:
    """The third early ping is one too many. Here a second takes a tenth of its time."""
    name = "grpc.http2.min_ping_interval_without_data_ms"
    interval = dict(grpc_server.OPTIONS)[name]
    assert interval <= 5_000
    options = [(one, interval // 10 if one == name else value) for one, value in grpc_server.OPTIONS]
    monkeypatch.setattr(grpc_server, "OPTIONS", options)
    async with edge.serve_grpc() as (server, _):
        patient, hasty = await asyncio.gather(
            goaway(str(server.address), 1.0, 5), goaway(str(server.address), 0.05, 10)
        )
        assert (patient, hasty) == (False, True)


@pytest.mark.parametrize("beginning", [b"", PREFACE[:10], PREFACE + SETTINGS, PREFACE + SETTINGS + SETTINGS_ACK])
async def test_connection_without_a_call_ends(
    edge: GrpcEdge, monkeypatch: pytest.MonkeyPatch, beginning: bytes
) -> None:
    """With an empty, a partial or a complete handshake."""
    names = {"grpc.server_handshake_timeout_ms", "grpc.max_connection_idle_ms"}
    options = [(name, 500 if name in names else value) for name, value in grpc_server.OPTIONS]
    assert names <= dict(options).keys()
    monkeypatch.setattr(grpc_server, "OPTIONS", options)
    async with edge.serve_grpc() as (server, _), asyncio.timeout(30):
        with socket.create_connection((server.address.host, server.address.port)) as connection:
            connection.setblocking(False)
            loop = asyncio.get_running_loop()
            await loop.sock_sendall(connection, beginning)
            while await loop.sock_recv(connection, 1000):
                pass


async def test_limits_connections(edge: GrpcEdge, monkeypatch: pytest.MonkeyPatch) -> None:
    """Connections above the limit are closed; open ones continue."""
    monkeypatch.setattr(grpc_server, "_MAX_CONNECTIONS", 3)
    async with edge.serve_grpc() as (server, channel):
        stub: Any = health_pb2_grpc.HealthStub(channel)  # its types leave the methods out
        assert (await stub.Check(health_pb2.HealthCheckRequest())).status == SERVING
        connections = [await asyncio.open_connection(server.address.host, server.address.port) for _ in range(5)]
        for _, writer in connections:
            writer.write(PREFACE + SETTINGS)
        closed = [asyncio.create_task(reader.read()) for reader, _ in connections]

        async def are_closed() -> bool:
            return sum(task.done() for task in closed) == 3

        await until(are_closed)
        assert (await stub.Check(health_pb2.HealthCheckRequest())).status == SERVING
        for task, (_, writer) in zip(closed, connections, strict=True):
            task.cancel()
            writer.close()
