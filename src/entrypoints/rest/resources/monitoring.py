"""Health checks and metrics."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import msgspec
import structlog
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from core.domain.errors import DomainError, ErrorKind, FieldError
from entrypoints.rest.http.operations import Access, Call, Operation, OperationGroup, Success, Tag
from entrypoints.rest.http.requests import NoQuery
from entrypoints.rest.http.responses import Json

ReadinessChecks = Mapping[str, Callable[[], Awaitable[object]]]
"""Checks by name. A check raises if the API must get no traffic. If it returns a text, `/readyz` shows the text."""

Exposition = Callable[[], bytes]
"""Returns all metrics in the text format of Prometheus."""

_METRICS_TYPE = "text/plain; version=1.0.0; charset=utf-8"
_TIMEOUT_SECONDS = 1.0
_log = structlog.get_logger(__name__)


class Alive(msgspec.Struct):
    """The process can serve requests. Dependencies are not checked."""

    status: Literal["alive"] = "alive"


class Ready(msgspec.Struct):
    """All required dependencies respond. `checks` has the result for each dependency."""

    checks: dict[str, str]
    status: Literal["ready"] = "ready"


class NotReady(DomainError):
    """The database cannot be used, or this type of Redis, such as a cluster, is not supported.

    Send no traffic to this instance until it is ready.
    """

    kind = ErrorKind.UNAVAILABLE
    code = "not_ready"


def health_operations(checks: ReadinessChecks) -> list[Operation]:
    """Return the operations for liveness and readiness probes."""
    group = OperationGroup(Tag.SERVICE)

    @group.add(
        "GET",
        "/healthz",
        "Check liveness",
        Success(Alive),
        access=Access.ANYONE,
        description="Returns 200 while the process can serve requests. Dependencies are not checked. Use this "
        "operation for liveness probes.",
    )
    async def healthz(_: Call[NoQuery, None]) -> Response:
        return Json(Alive())

    @group.add(
        "GET",
        "/readyz",
        "Check readiness",
        Success(Ready),
        errors=[NotReady],
        access=Access.ANYONE,
        description="Returns 200 if the database responds, has this service's tables and stores changes, otherwise "
        "503. Use this operation for readiness probes. If Redis does not respond, the status is still 200, because "
        "deliveries are stored without Redis. If the type of Redis is not supported, such as a cluster, the status is "
        "503.",
    )
    async def readyz(_: Call[NoQuery, None]) -> Response:
        results = await asyncio.gather(*(_check(name, check) for name, check in checks.items()))
        failures = [
            FieldError(name, result.failure) for name, result in zip(checks, results, strict=True) if result.failure
        ]
        if failures:
            raise NotReady(
                " ".join(f"{failure.field}: {failure.message}" for failure in failures),
                fields=failures,
                retry_after=_TIMEOUT_SECONDS,
            )
        return Json(Ready({name: result.note for name, result in zip(checks, results, strict=True)}))

    return group.operations


@dataclass(frozen=True, slots=True)
class _Result:
    """The result of a check, for everyone to read: why the dependency cannot be used, or a note."""

    failure: str | None = None
    note: str = "ok"


async def _check(name: str, check: Callable[[], Awaitable[object]]) -> _Result:
    task = asyncio.ensure_future(check())
    # A cancelled task is not awaited: the driver would send a cancellation to the same silent server and wait.
    task.add_done_callback(lambda _: task.cancelled() or task.exception())
    done, _ = await asyncio.wait({task}, timeout=_TIMEOUT_SECONDS)
    error = task.exception() if done else TimeoutError()
    task.cancel()
    if error is None:
        note = task.result()
        return _Result(note=note) if isinstance(note, str) else _Result()
    _log.warning("not_ready", dependency=name, error=f"{type(error).__name__}: {error}")
    if isinstance(error, TimeoutError):
        return _Result(f"No response within {_TIMEOUT_SECONDS:.0f} s.")
    return _Result(error.message if isinstance(error, DomainError) else "No response.")


def metrics_operations(exposition: Exposition) -> list[Operation]:
    """Return the operation for Prometheus.

    It needs no token, because scrapers send none. A proxy in front of the API must not forward it.
    """
    group = OperationGroup(Tag.SERVICE)

    @group.add(
        "GET",
        "/metrics",
        "Get metrics",
        Success(media_type="text/plain"),
        access=Access.ANYONE,
        description="Returns all metrics in the Prometheus text format.",
    )
    async def metrics(_: Call[NoQuery, None]) -> Response:
        # With several processes, this reads files.
        return Response(await run_in_threadpool(exposition), media_type=_METRICS_TYPE)

    return group.operations
