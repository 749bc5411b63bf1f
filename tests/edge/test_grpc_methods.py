"""Every method of the gRPC API in every way it may end, beside the same over REST."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from http import HTTPStatus

import grpc
import httpx
import pytest
from google.protobuf.descriptor_pool import Default

from core.domain.errors import StorageUnavailable
from core.domain.identifiers import RepoId
from core.domain.provider import Branch, ProviderUnavailable
from entrypoints.grpc_api.errors import CODE
from entrypoints.grpc_api.services import NAMES
from entrypoints.rest.problems import OF_HTTP, STATUS
from tests.support.catalog import facts
from tests.support.conditions import until
from tests.support.grpc_edge import GrpcEdge, Refused, first_answer, refused
from tests.support.grpc_methods import METHODS, NOWHERE, Method, Wrong
from tests.support.projects import GADGETS, WIDGETS


@dataclass
class Both:
    """The same organization at both edges."""

    edge: GrpcEdge
    channel: grpc.aio.Channel
    http: httpx.AsyncClient
    names: dict[str, str]

    async def refused(self, method: Method, metadata: dict[str, str], **changes: object) -> Refused:
        """Call and give the failure."""
        message = method.message(self.names, **changes)
        return await refused(method.call(self.channel)(message, metadata=tuple(metadata.items())))

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


@pytest.fixture
async def both() -> AsyncIterator[Both]:
    """Give an organization with a project that is linked and one that is not."""
    edge = GrpcEdge()
    await edge.populate()
    edge.provider.world.install(edge.integration.provider_id, facts(WIDGETS), facts(GADGETS))
    edge.provider.world.branches[RepoId(WIDGETS)] = [Branch("trunk", "5c1e" * 10, None)]
    await edge.world.link(edge.second, edge.integration, repo_id=RepoId(GADGETS))
    names = {
        "organization": str(edge.organization.external_id),
        "project": str(edge.project.external_id),
        "linked": str(edge.second.external_id),
    }
    async with edge.channel() as channel, edge.client() as http:
        yield Both(edge, channel, http, names)


async def counted(both: Both, method: Method, status: str) -> None:
    """Return when the call, and no other, has been counted as ended so."""

    async def is_so() -> bool:
        return both.edge.metrics.calls == {(method.name, status): 1}

    await until(is_so)


def test_every_method_is_in_the_table() -> None:
    """One that is missing there would be tested in no way."""
    found = {method.name for name in NAMES for method in Default().FindServiceByName(name).methods}
    assert found == {method.name for method in METHODS}
    assert len(METHODS) == len(found)


@pytest.mark.parametrize("method", METHODS, ids=str)
async def test_success(both: Both, method: Method) -> None:
    """It answers a service that has the scope, and the request id comes back."""
    metadata = (*both.edge.call_with(method.scope), ("x-request-id", "caller-0123456789"))
    call = method.call(both.channel)(method.message(both.names), metadata=metadata)

    answer = await first_answer(call)

    assert type(answer).__name__ == f"{method.name}Response"
    if method.streams:
        call.cancel()
        await counted(both, method, "CANCELLED")
    else:
        assert dict(await call.trailing_metadata())["x-request-id"] == "caller-0123456789"
        await counted(both, method, "OK")


@pytest.mark.parametrize("method", METHODS, ids=str)
async def test_unauthenticated(both: Both, method: Method) -> None:
    """Nobody is answered without a token, nor with another's words."""
    for given in ({}, {"authorization": "Bearer x"}, {"authorization": "Basic eDp5"}):
        failure = await both.refused(method, given)
        assert (failure.code, failure.reason) == (grpc.StatusCode.UNAUTHENTICATED, "token_invalid")
        await both.same_over_rest(failure, method, given)


@pytest.mark.parametrize("method", METHODS, ids=str)
async def test_permission_denied(both: Both, method: Method) -> None:
    """A service without the scope is refused, and so is one whose user may not."""
    for given in (both.edge.service("git.none"), both.edge.service()):
        failure = await both.refused(method, given)
        assert (failure.code, failure.reason) == (grpc.StatusCode.PERMISSION_DENIED, "action_forbidden")
        await both.same_over_rest(failure, method, given)


@pytest.mark.parametrize("method", METHODS, ids=str)
async def test_not_found(both: Both, method: Method) -> None:
    """A person of another organization, or one a service acts for, sees what is not there."""
    outsider = str(both.edge.people["outsider"].external_id)
    for given in (
        both.edge.of("outsider"),
        {**both.edge.service(method.scope), "x-acting-user": outsider},
    ):
        failure = await both.refused(method, given)
        assert (failure.code, failure.reason) == (grpc.StatusCode.NOT_FOUND, "organization_not_found")
        await both.same_over_rest(failure, method, given)
    foreign = await both.refused(method, both.edge.service(method.scope), organization_id=NOWHERE)
    assert (foreign.code, foreign.message) == (failure.code, failure.message)


@pytest.mark.parametrize("method", METHODS, ids=str)
async def test_invalid_argument(both: Both, method: Method) -> None:
    """The field that is not understood is named; as REST does, where it has a place for it."""
    given, wrong = both.edge.service(method.scope), method.wrong
    failure = await both.refused(method, given, **wrong.changes)
    assert failure.code is grpc.StatusCode.INVALID_ARGUMENT
    if wrong.field is not None:
        assert failure.fields == [wrong.field]
    if wrong.query is not None:
        await both.same_over_rest(failure, method, given, wrong)


@pytest.mark.parametrize("method", METHODS, ids=str)
async def test_unavailable(both: Both, method: Method) -> None:
    """What does not answer, the provider where it is asked or else our own storage, is to be asked again."""
    given = both.edge.service(method.scope)
    if method.asks_provider:
        both.edge.provider.fail("*", ProviderUnavailable("No answer.", retry_after=20), times=None)
    else:
        both.edge.directory.fail("*", StorageUnavailable("No answer.", retry_after=20), times=None)
    failure = await both.refused(method, given)
    expected = "provider_unavailable" if method.asks_provider else "storage_unavailable"
    assert (failure.code, failure.reason) == (grpc.StatusCode.UNAVAILABLE, expected)
    assert failure.retry_after == 20
    await both.same_over_rest(failure, method, given)


@pytest.mark.parametrize("method", METHODS, ids=str)
async def test_deadline_exceeded(both: Both, method: Method) -> None:
    """At the caller's deadline what is under way is cancelled, not finished for nobody."""
    held, ended = asyncio.Event(), asyncio.Event()

    async def hold(_call: str) -> None:
        try:
            await held.wait()
        except asyncio.CancelledError:
            ended.set()
            raise

    both.edge.directory.before = hold
    call = method.call(both.channel)(
        method.message(both.names), metadata=both.edge.call_with(method.scope), timeout=0.1
    )
    failure = await refused(call)
    assert failure.code is grpc.StatusCode.DEADLINE_EXCEEDED
    async with asyncio.timeout(5):
        await ended.wait()
    await counted(both, method, "DEADLINE_EXCEEDED")


@pytest.mark.parametrize("method", [one for one in METHODS if not one.streams], ids=str)
async def test_without_a_deadline_it_is_given_up_all_the_same(both: Both, method: Method) -> None:
    """Whoever says no deadline is told as over REST that it took too long."""
    held = asyncio.Event()

    async def hold(_call: str) -> None:
        await held.wait()

    both.edge.directory.before = hold
    async with both.edge.channel(seconds=0.05) as channel:
        message = method.message(both.names)
        failure = await refused(method.call(channel)(message, metadata=both.edge.call_with(method.scope)))
    assert failure.code is grpc.StatusCode.DEADLINE_EXCEEDED
    assert failure.reason == OF_HTTP[HTTPStatus.GATEWAY_TIMEOUT][0]


@pytest.mark.parametrize("method", METHODS, ids=str)
async def test_unexpected(both: Both, method: Method) -> None:
    """What nobody foresaw says nothing of itself: only where to ask for it."""
    both.edge.directory.fail("*", RuntimeError("the secret is hunter2"), times=None)
    failure = await both.refused(method, both.edge.service(method.scope))
    assert (failure.code, failure.reason) == (grpc.StatusCode.INTERNAL, "internal")
    assert "hunter2" not in str(failure)
    assert [code for code, _ in both.edge.alerts.kept] == ["unexpected_error"]
