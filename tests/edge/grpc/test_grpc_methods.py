"""Every method of the gRPC API in every way it may end, beside the same over REST."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from http import HTTPStatus
from importlib import import_module
from pathlib import Path

import grpc
import httpx
import pytest

from core.domain.attribution.attribution import UNKNOWN, Attribution, Role
from core.domain.attribution.git_authors import to_author_key
from core.domain.catalog.branches import Branch
from core.domain.errors import StorageUnavailable
from core.domain.events.event import EventStatus
from core.domain.identifiers import RepoId
from core.domain.provider_errors import ProviderUnavailable
from core.domain.provider_events import Author
from crewkit.git import v1 as contract
from entrypoints.grpc_api.errors import CODE
from entrypoints.grpc_api.services import NAMES
from entrypoints.rest.http.problems import HTTP_ERRORS, STATUS
from testing.builders.entities import PROVIDER
from testing.memory.provider_state import FakeCommit
from tests.support.builders.token_leases import add_lease
from tests.support.clients.grpc_method import Method, Wrong
from tests.support.clients.grpc_methods import METHODS, NOWHERE
from tests.support.conditions import until
from tests.support.scenarios.catalog import facts
from tests.support.scenarios.event_store_edge import EventStoreEdge
from tests.support.scenarios.grpc_edge import GrpcEdge, Refused, expect_error, first_answer
from tests.support.scenarios.projects import GADGETS, WIDGETS

CONTRACT = Path(__file__).parents[3] / "proto" / "crewkit" / "git" / "v1"


@dataclass
class Both:
    """The same organization at both edges."""

    edge: GrpcEdge
    channel: grpc.aio.Channel
    http: httpx.AsyncClient
    names: dict[str, str]

    def service(self, method: Method, *scopes: str) -> dict[str, str]:
        """Return the header of a service that has these scopes, and acts for a member where one is needed."""
        member = str(self.edge.people["member"].external_id)
        return {**self.edge.service(*scopes), **({"x-acting-user": member} if method.of_user else {})}

    async def call_rejected(self, method: Method, metadata: dict[str, str], **changes: object) -> Refused:
        """Call and give the failure."""
        message = method.message(self.names, **changes)
        return await expect_error(method.call(self.channel)(message, metadata=tuple(metadata.items())))

    async def same_over_rest(
        self, failure: Refused, method: Method, headers: dict[str, str], wrong: Wrong | None = None
    ) -> None:
        """Check that REST refuses too, by the same code and for a reason of the same kind."""
        if method.verb is None:
            return
        answer = await self.http.request(**method.rest(self.names, wrong), headers=headers)
        assert answer.json()["code"] == failure.reason
        kinds = [kind for kind, code in CODE.items() if code is failure.code]
        assert HTTPStatus(answer.status_code) in [STATUS[kind] for kind in kinds]


def _method(name: str) -> Method:
    [method] = [one for one in METHODS if one.name == name]
    return method


@pytest.fixture
async def both() -> AsyncIterator[Both]:
    """Return an organization with a linked and an unlinked project."""
    edge = GrpcEdge()
    await edge.populate()
    edge.provider.state.install(edge.integration.provider_id, facts(WIDGETS), facts(GADGETS))
    edge.provider.state.branches[RepoId(WIDGETS)] = [Branch("trunk", "5c1e" * 10, None)]
    edge.provider.state.branches[RepoId(GADGETS)] = [Branch("main", "5c1e" * 10, None)]
    for repo_id in (WIDGETS, GADGETS):
        edge.provider.state.commits[RepoId(repo_id)] = {"5c1e" * 10: FakeCommit({"README.md": ""})}
    await edge.world.add_link(edge.second, edge.integration, repo_id=RepoId(GADGETS))
    names = {
        "organization": str(edge.organization.external_id),
        "project": str(edge.project.external_id),
        "linked": str(edge.second.external_id),
        "provider": PROVIDER,
    }
    event_store = EventStoreEdge(edge)
    event_store.integration = edge.integration
    names["lease"] = str((await add_lease(edge)).external_id)
    names["event"] = (await event_store.event(EventStatus.FAILED)).delivery_id
    names["author"] = to_author_key("tomas@home.example")
    author = Author("Tomás", "tomas@home.example")
    commit = Attribution(
        edge.integration.id, RepoId(WIDGETS), "5c1e" * 10, Role.AUTHOR, "tomas@home.example", author, UNKNOWN, None
    )
    async with edge.world.unit_of_work() as tx:
        await tx.attributions.add([commit])
        await tx.commit()
    async with edge.channel() as channel, edge.client() as http:
        yield Both(edge, channel, http, names)


async def wait_for_count(both: Both, method: Method, status: str) -> None:
    """Return when the call, and no other, has been counted as ended so."""

    async def is_so() -> bool:
        return both.edge.metrics.calls == {(method.name, status): 1}

    await until(is_so)


def test_every_method_is_in_the_table() -> None:
    """A method that is missing there would not be tested."""
    files = [import_module(f"{contract.__name__}.{path.stem}_pb2").DESCRIPTOR for path in CONTRACT.glob("*.proto")]
    services = [service for file in files for service in file.services_by_name.values()]
    assert {service.full_name for service in services} == set(NAMES)
    assert len(NAMES) == 9
    found = [(service.name, method.name) for service in services for method in service.methods]
    assert sorted(found) == sorted((method.service, method.name) for method in METHODS)


@pytest.mark.parametrize("method", METHODS, ids=str)
async def test_succeeds_with_the_scope(both: Both, method: Method) -> None:
    """The response has the request id."""
    metadata = {**both.service(method, method.scope), "x-request-id": "caller-0123456789"}
    call = method.call(both.channel)(method.message(both.names), metadata=tuple(metadata.items()))

    answer = await first_answer(call)

    assert type(answer).__name__ == f"{method.name}Response"
    if method.streams:
        call.cancel()
        await wait_for_count(both, method, "CANCELLED")
    else:
        assert dict(await call.trailing_metadata())["x-request-id"] == "caller-0123456789"
        await wait_for_count(both, method, "OK")


@pytest.mark.parametrize("method", METHODS, ids=str)
async def test_rejects_calls_without_a_token(both: Both, method: Method) -> None:
    """With the same text for each method."""
    for given in ({}, {"authorization": "Bearer x"}, {"authorization": "Basic eDp5"}):
        failure = await both.call_rejected(method, given)
        assert (failure.code, failure.reason) == (grpc.StatusCode.UNAUTHENTICATED, "token_invalid")
        await both.same_over_rest(failure, method, given)


@pytest.mark.parametrize("method", METHODS, ids=str)
async def test_denies_services_and_users_without_permission(both: Both, method: Method) -> None:
    for given in (both.service(method, "git.none"), both.service(method)):
        failure = await both.call_rejected(method, given)
        assert (failure.code, failure.reason) == (grpc.StatusCode.PERMISSION_DENIED, "action_forbidden")
        await both.same_over_rest(failure, method, given)


@pytest.mark.parametrize("method", [one for one in METHODS if not one.of_user], ids=str)
async def test_another_organization_is_not_found(both: Both, method: Method) -> None:
    """For a user of another organization, and for a service that acts for one."""
    outsider = str(both.edge.people["outsider"].external_id)
    for given in (both.edge.of("outsider"), {**both.service(method, method.scope), "x-acting-user": outsider}):
        failure = await both.call_rejected(method, given)
        assert (failure.code, failure.reason) == (grpc.StatusCode.NOT_FOUND, "organization_not_found")
        await both.same_over_rest(failure, method, given)
    foreign = await both.call_rejected(method, both.service(method, method.scope), organization_id=NOWHERE)
    assert (foreign.code, foreign.message) == (failure.code, failure.message)


@pytest.mark.parametrize("method", [one for one in METHODS if one.missing], ids=str)
async def test_missing_objects_are_not_found(both: Both, method: Method) -> None:
    """In an organization or of a user."""
    given = both.service(method, method.scope)
    both.names |= method.missing
    failure = await both.call_rejected(method, given)
    assert failure.code is grpc.StatusCode.NOT_FOUND
    await both.same_over_rest(failure, method, given)


@pytest.mark.parametrize("method", [one for one in METHODS if one.of_user], ids=str)
async def test_service_needs_an_acting_user(both: Both, method: Method) -> None:
    """The error explains that the method is about a user."""
    given = both.edge.service(method.scope)
    failure = await both.call_rejected(method, given)
    assert (failure.code, failure.reason) == (grpc.StatusCode.PERMISSION_DENIED, "user_required")
    await both.same_over_rest(failure, method, given)


@pytest.mark.parametrize("method", METHODS, ids=str)
async def test_names_the_invalid_field(both: Both, method: Method) -> None:
    """Like REST, if REST has the field."""
    given, wrong = both.service(method, method.scope), method.wrong
    failure = await both.call_rejected(method, given, **wrong.changes)
    assert failure.code is grpc.StatusCode.INVALID_ARGUMENT
    if wrong.field is not None:
        assert failure.fields == [wrong.field]
    if wrong.query is not None:
        await both.same_over_rest(failure, method, given, wrong)


@pytest.mark.parametrize("name", ["x", ""])
async def test_empty_link_id_is_not_treated_as_missing(both: Both, name: str) -> None:
    """Otherwise a forgotten id would delete the present link."""
    method = _method("UnlinkProjectRepository")
    given, wrong = both.service(method, method.scope), Wrong({}, None, {"link_id": name})
    failure = await both.call_rejected(method, given, link_id=name)
    assert (failure.reason, failure.fields) == ("query_invalid", ["link_id"])
    await both.same_over_rest(failure, method, given, wrong)


async def test_naming_another_link_deletes_nothing(both: Both) -> None:
    method = _method("UnlinkProjectRepository")
    given, wrong = both.service(method, method.scope), Wrong({}, None, {"link_id": NOWHERE})
    failure = await both.call_rejected(method, given, link_id=NOWHERE)
    assert (failure.code, failure.reason) == (grpc.StatusCode.ABORTED, "link_replaced")
    await both.same_over_rest(failure, method, given, wrong)
    there = _method("GetProjectRepository")
    reader = tuple(both.service(there, there.scope).items())
    await there.call(both.channel)(there.message(both.names), metadata=reader)


@pytest.mark.parametrize("method", METHODS, ids=str)
async def test_reports_an_outage_as_unavailable(both: Both, method: Method) -> None:
    """Of the provider where the method calls it, otherwise of the storage."""
    given = both.service(method, method.scope)
    if method.asks_provider:
        both.edge.provider.fail("*", ProviderUnavailable("No answer.", retry_after=20), times=None)
    else:
        both.edge.directory.fail("*", StorageUnavailable("No answer.", retry_after=20), times=None)
    failure = await both.call_rejected(method, given)
    expected = "provider_unavailable" if method.asks_provider else "storage_unavailable"
    assert (failure.code, failure.reason) == (grpc.StatusCode.UNAVAILABLE, expected)
    assert failure.retry_after == 20
    await both.same_over_rest(failure, method, given)


@pytest.mark.parametrize("method", METHODS, ids=str)
async def test_cancels_work_at_the_deadline(both: Both, method: Method) -> None:
    held, stream_ended_error = asyncio.Event(), asyncio.Event()

    async def hold(_call: str) -> None:
        try:
            await held.wait()
        except asyncio.CancelledError:
            stream_ended_error.set()
            raise

    both.edge.directory.before = hold
    call = method.call(both.channel)(
        method.message(both.names), metadata=tuple(both.service(method, method.scope).items()), timeout=0.1
    )
    failure = await expect_error(call)
    assert failure.code is grpc.StatusCode.DEADLINE_EXCEEDED
    async with asyncio.timeout(5):
        await stream_ended_error.wait()
    await wait_for_count(both, method, "DEADLINE_EXCEEDED")


@pytest.mark.parametrize("method", [one for one in METHODS if not one.streams], ids=str)
async def test_limits_calls_without_a_deadline(both: Both, method: Method) -> None:
    """Like REST."""
    held = asyncio.Event()

    async def hold(_call: str) -> None:
        await held.wait()

    both.edge.directory.before = hold
    async with both.edge.channel(seconds=0.05) as channel:
        metadata = tuple(both.service(method, method.scope).items())
        failure = await expect_error(method.call(channel)(method.message(both.names), metadata=metadata))
    assert failure.code is grpc.StatusCode.DEADLINE_EXCEEDED
    assert failure.reason == HTTP_ERRORS[HTTPStatus.GATEWAY_TIMEOUT][0]


@pytest.mark.parametrize("method", METHODS, ids=str)
async def test_hides_unexpected_errors(both: Both, method: Method) -> None:
    """The error contains only the request id."""
    both.edge.directory.fail("*", RuntimeError("the secret is hunter2"), times=None)
    failure = await both.call_rejected(method, both.service(method, method.scope))
    assert (failure.code, failure.reason) == (grpc.StatusCode.INTERNAL, "internal")
    assert "hunter2" not in str(failure)
    assert [code for code, _ in both.edge.alerts.kept] == ["unexpected_error"]
