"""What holds for every call over gRPC, whatever it is for."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import grpc
import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode
from structlog.testing import capture_logs

from adapters.observability.open_telemetry import OpenTelemetryTraces
from core.domain.attribution.attribution import BOT, Attribution, Role
from core.domain.errors import StorageUnavailable
from core.domain.identifiers import RepoId
from core.domain.provider_events import Author
from crewkit.git.v1 import (
    attributions_pb2,
    attributions_pb2_grpc,
    integrations_pb2,
    integrations_pb2_grpc,
    projects_pb2,
    projects_pb2_grpc,
)
from entrypoints.grpc_api.services import NAMES
from tests.support.conditions import until
from tests.support.scenarios.grpc_edge import GrpcEdge, expect_error

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


@pytest.fixture
async def edge() -> GrpcEdge:
    """Give an organization with an integration."""
    edge = GrpcEdge()
    await edge.populate()
    return edge


@pytest.fixture
async def channel(edge: GrpcEdge) -> AsyncIterator[grpc.aio.Channel]:
    """Give a channel."""
    async with edge.channel() as channel:
        yield channel


def get_integration(edge: GrpcEdge) -> integrations_pb2.GetIntegrationRequest:
    """Ask for the integration."""
    return integrations_pb2.GetIntegrationRequest(organization_id=str(edge.organization.external_id), provider="github")


async def wait_for_calls(lines: Sequence[Mapping[str, object]], count: int) -> None:
    """Return when so many calls are logged. A call is logged after its answer was sent."""

    async def are_logged() -> bool:
        return sum(line["event"] == "call" for line in lines) >= count

    await until(are_logged)


async def test_returns_an_integration(edge: GrpcEdge, channel: grpc.aio.Channel) -> None:
    """With the content that REST shows."""
    stub = integrations_pb2_grpc.IntegrationServiceStub(channel)
    answer = await stub.GetIntegration(get_integration(edge), metadata=edge.call_as("viewer"))
    shown, known = answer.integration, edge.integration
    assert (shown.provider, shown.status) == ("github", integrations_pb2.INTEGRATION_STATUS_ACTIVE)
    assert (shown.integration_id, shown.installation_id) == (str(known.external_id), known.provider_id)
    assert dict(shown.permissions) == dict(known.permissions)
    assert not shown.HasField("remedy")
    assert shown.sync.state == integrations_pb2.CATALOG_SYNC_STATE_REQUESTED


async def test_logs_one_line_per_call(edge: GrpcEdge, channel: grpc.aio.Channel) -> None:
    """With the caller, the action and the result, and without a token."""
    stub = integrations_pb2_grpc.IntegrationServiceStub(channel)
    with capture_logs() as lines:
        metadata = (*edge.call_as("viewer"), ("x-request-id", "caller-0123456789"))
        await stub.GetIntegration(get_integration(edge), metadata=metadata)
        await wait_for_calls(lines, 1)
    [line] = [line for line in lines if line["event"] == "call"]
    assert line["path"] == "/crewkit.git.v1.IntegrationService/GetIntegration"
    assert (line["status"], line["actor"]) == ("OK", edge.people["viewer"].name)
    assert dict(edge.call_as("viewer"))["authorization"].split()[1] not in str(lines)


async def test_records_one_span_per_call(edge: GrpcEdge) -> None:
    """Named after its method. Only faults of the service are errors; the caller's `traceparent` is ignored."""
    kept = InMemorySpanExporter()
    edge.traces = OpenTelemetryTraces(SimpleSpanProcessor(kept))
    traceparent = ("traceparent", f"00-{'a' * 32}-{'b' * 16}-01")
    metadata = (*edge.call_as("viewer"), ("x-request-id", "caller-0123456789"), traceparent)
    async with edge.channel() as channel:
        stub = integrations_pb2_grpc.IntegrationServiceStub(channel)
        await stub.GetIntegration(get_integration(edge), metadata=metadata)
        await expect_error(stub.GetIntegration(integrations_pb2.GetIntegrationRequest(), metadata=metadata))
        edge.directory.fail("*", StorageUnavailable("No answer."), times=None)
        await expect_error(stub.GetIntegration(get_integration(edge), metadata=metadata))
    spans = [(span.name, span.kind, span.status.status_code) for span in kept.get_finished_spans()]
    called = ("GetIntegration", SpanKind.SERVER)
    assert spans == [(*called, StatusCode.UNSET), (*called, StatusCode.UNSET), (*called, StatusCode.ERROR)]
    statuses = [dict(span.attributes or {})["status"] for span in kept.get_finished_spans()]
    assert statuses == ["OK", "INVALID_ARGUMENT", "UNAVAILABLE"]
    assert {dict(span.attributes or {})["request_id"] for span in kept.get_finished_spans()} == {"caller-0123456789"}
    assert {span.parent for span in kept.get_finished_spans()} == {None}


@pytest.mark.parametrize("given", ["short", "x" * 129, "-0123456789", "a b c d e f g"])
async def test_replaces_invalid_request_ids(edge: GrpcEdge, channel: grpc.aio.Channel, given: str) -> None:
    """They could forge a log line. The response has the new id."""
    stub = integrations_pb2_grpc.IntegrationServiceStub(channel)
    metadata = (*edge.call_as("viewer"), ("x-request-id", given))
    call = stub.GetIntegration(get_integration(edge), metadata=metadata)
    await call
    assert len(str(dict(await call.trailing_metadata() or ())["x-request-id"])) == 32


@pytest.mark.parametrize(
    "user", ["nobody", "00000000-0000-4000-8000-000000000000", ""], ids=["no id", "unknown", "empty"]
)
async def test_rejects_an_invalid_acting_user(edge: GrpcEdge, channel: grpc.aio.Channel, user: str) -> None:
    """The service never acts without the named user."""
    stub = integrations_pb2_grpc.IntegrationServiceStub(channel)
    metadata = (*edge.call_with("git.read"), ("x-acting-user", user))
    failure = await expect_error(stub.GetIntegration(get_integration(edge), metadata=metadata))
    assert (failure.code, failure.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "acting_user_invalid")


async def test_rejects_two_tokens(edge: GrpcEdge, channel: grpc.aio.Channel) -> None:
    """A proxy may have checked the other token."""
    stub = integrations_pb2_grpc.IntegrationServiceStub(channel)
    metadata = (*edge.call_as("viewer"), *edge.call_as("owner"))
    failure = await expect_error(stub.GetIntegration(get_integration(edge), metadata=metadata))
    assert failure.reason == "token_invalid"


async def test_rejects_a_request_that_is_too_large(edge: GrpcEdge, channel: grpc.aio.Channel) -> None:
    """Without reading it."""
    stub = integrations_pb2_grpc.IntegrationServiceStub(channel)
    request = integrations_pb2.GetIntegrationRequest(provider="x" * 1024 * 1024)
    failure = await expect_error(stub.GetIntegration(request, metadata=edge.call_as("viewer")))
    assert failure.code is grpc.StatusCode.RESOURCE_EXHAUSTED


@pytest.mark.parametrize("sent", [b"\xff\xff\xff", b"\x0a\x02\xff\xff"])
@pytest.mark.parametrize("method", ["IntegrationService/GetIntegration", "EventService/StreamEvents"])
async def test_rejects_invalid_messages(edge: GrpcEdge, channel: grpc.aio.Channel, method: str, sent: bytes) -> None:
    """Including strings that are not text, and only after authentication."""
    path = f"/crewkit.git.v1.{method}"

    call: Any = channel.unary_stream(path) if method.startswith("EventService") else channel.unary_unary(path)

    with capture_logs() as lines:
        unknown = await expect_error(call(sent))
        known = await expect_error(call(sent, metadata=edge.call_as("viewer")))
        await wait_for_calls(lines, 2)
    assert (unknown.code, known.code) == (grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.INVALID_ARGUMENT)
    assert known.reason == "message_malformed"
    assert [line["event"] for line in lines] == ["call", "call"]


async def test_runs_a_repeated_request_once(edge: GrpcEdge, channel: grpc.aio.Channel) -> None:
    """The same id for another request is an error."""
    stub = projects_pb2_grpc.ProjectRepositoryServiceStub(channel)
    request = projects_pb2.ImportRepositoryRequest(
        organization_id=str(edge.organization.external_id), repo_id="4", request_id="import-1"
    )
    metadata = edge.call_with("git.link")
    first = await stub.ImportRepository(request, metadata=metadata)
    second = await stub.ImportRepository(request, metadata=metadata)
    assert (first.replayed, second.replayed) == (False, True)
    assert first.project == second.project
    request.name = "Another"
    failure = await expect_error(stub.ImportRepository(request, metadata=metadata))
    assert (failure.code, failure.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "idempotency_key_reused")


@pytest.mark.parametrize(
    ("paths", "choices", "field"),
    [(["settings"], {}, "update_mask"), (["default_branch"], {"webhooks_enabled": True}, "choices.default_branch")],
)
async def test_rejects_an_invalid_field_mask(
    edge: GrpcEdge, channel: grpc.aio.Channel, paths: list[str], choices: dict[str, object], field: str
) -> None:
    """A field that does not exist, or one without a value."""
    stub = projects_pb2_grpc.ProjectRepositoryServiceStub(channel)
    request = projects_pb2.UpdateProjectRepositoryRequest(
        organization_id=str(edge.organization.external_id),
        project_id=str(edge.project.external_id),
        choices=projects_pb2.LinkChoices(**choices),  # type: ignore[arg-type]
    )
    request.update_mask.paths.extend(paths)
    failure = await expect_error(stub.UpdateProjectRepository(request, metadata=edge.call_with("git.link")))
    assert (failure.reason, failure.fields) == ("query_invalid", [field])


async def test_lists_attributions_of_commits(edge: GrpcEdge, channel: grpc.aio.Channel) -> None:
    """Each requested commit once, with its users; an unknown commit has none."""
    known, unknown = "a" * 40, "b" * 40
    author = Author("Mara", "mara@acme.example")
    person = Attribution(edge.integration.id, RepoId("1"), known, Role.AUTHOR, "mara@acme.example", author, BOT, None)
    async with edge.world.unit_of_work() as tx:
        await tx.attributions.add([person])
        await tx.commit()
    request = attributions_pb2.ResolveCommitAuthorsRequest(
        organization_id=str(edge.organization.external_id), repo_id="1", shas=[unknown, known, known]
    )
    stub = attributions_pb2_grpc.AttributionServiceStub(channel)
    answer = await stub.ResolveCommitAuthors(request, metadata=edge.call_with("git.read"))
    assert [commit.sha for commit in answer.commits] == [unknown, known]
    [nobody, [mara]] = [commit.people for commit in answer.commits]
    assert list(nobody) == []
    assert (mara.name, mara.email) == ("Mara", "mara@acme.example")
    assert (mara.role, mara.status) == (
        attributions_pb2.ATTRIBUTION_ROLE_AUTHOR,
        attributions_pb2.ATTRIBUTION_STATUS_BOT,
    )


async def test_serves_reflection(channel: grpc.aio.Channel) -> None:
    """Tools find every service with its files, without a token."""
    stub: Any = reflection_pb2_grpc.ServerReflectionStub(channel)  # type: ignore[arg-type]  # they know no aio

    async def requests() -> AsyncIterator[reflection_pb2.ServerReflectionRequest]:
        yield reflection_pb2.ServerReflectionRequest(list_services="")
        for name in NAMES:
            yield reflection_pb2.ServerReflectionRequest(file_containing_symbol=name)

    answers = [answer async for answer in stub.ServerReflectionInfo(requests())]
    assert {one.name for one in answers[0].list_services_response.service} >= set(NAMES)
    for name, answer in zip(NAMES, answers[1:], strict=True):
        [packed, *_] = answer.file_descriptor_response.file_descriptor_proto
        file = FileDescriptorProto.FromString(packed)
        assert name in [f"{file.package}.{service.name}" for service in file.service]


async def test_reports_health(edge: GrpcEdge, channel: grpc.aio.Channel) -> None:
    """Of each service and of the server, without a token. NOT_SERVING while the database is down."""
    stub: Any = health_pb2_grpc.HealthStub(channel)  # its types leave the methods out

    async def watch_all() -> set[int]:
        requests = [health_pb2.HealthCheckRequest(service=name) for name in ("", *NAMES)]
        return {(await stub.Check(request)).status for request in requests}

    assert await watch_all() == {SERVING}
    works, edge.health._ready = edge.health._ready, asyncio.Event().wait
    await edge.health.check()
    assert await watch_all() == {NOT_SERVING}
    edge.health._ready = works
    await edge.health.check()
    assert await watch_all() == {SERVING}


async def test_drains(edge: GrpcEdge) -> None:
    """The server accepts no new calls, and finishes running ones."""
    held = asyncio.Event()

    async def hold(_call: str) -> None:
        await held.wait()

    async def has_started() -> bool:
        return edge.directory.calls["find_user"] == 1

    async with edge.serve_grpc() as (server, channel):
        edge.directory.before = hold
        stub = integrations_pb2_grpc.IntegrationServiceStub(channel)
        call = stub.GetIntegration(get_integration(edge), metadata=edge.call_as("viewer"))
        answered = asyncio.ensure_future(call.code())
        await until(has_started)
        draining = asyncio.create_task(server.drain(seconds=10))
        held.set()
        assert await answered is grpc.StatusCode.OK
        await draining
