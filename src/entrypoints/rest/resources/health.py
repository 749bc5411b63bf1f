import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import msgspec
import structlog
from starlette.requests import Request
from starlette.responses import Response

from core.domain.errors import DomainError, ErrorKind, FieldError
from entrypoints.rest.http.json_response import Json
from entrypoints.rest.http.operations import Access, Answer, Operation, Tag
from entrypoints.rest.http.queries import NoQuery, read_query

ReadinessChecks = Mapping[str, Callable[[], Awaitable[object]]]
"""Checks by name. Each raises if the API must get no traffic; a text that it returns is shown."""

_PATIENCE_SECONDS = 1.0
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


def operations(checks: ReadinessChecks) -> list[Operation]:
    """Return what an orchestrator asks."""

    async def healthz(request: Request) -> Response:
        read_query(request, NoQuery)
        return Json(Alive())

    async def readyz(request: Request) -> Response:
        read_query(request, NoQuery)
        results = await asyncio.gather(*(_result(name, check) for name, check in checks.items()))
        wrong = {name: result.why for name, result in zip(checks, results, strict=True) if result.why}
        if wrong:
            raise NotReady(
                " ".join(f"{name}: {why}" for name, why in wrong.items()),
                fields=[FieldError(name, why) for name, why in wrong.items()],
                retry_after=_PATIENCE_SECONDS,
            )
        return Json(Ready({name: result.note for name, result in zip(checks, results, strict=True)}))

    return [
        Operation(
            "GET",
            "/healthz",
            healthz,
            name="healthz",
            summary="Check liveness",
            tag=Tag.SERVICE,
            description="Returns 200 while the process can serve requests. Dependencies are not checked. "
            "Use this operation for liveness probes.",
            answers=[Answer(Alive)],
            access=Access.ANYONE,
        ),
        Operation(
            "GET",
            "/readyz",
            readyz,
            name="readyz",
            summary="Check readiness",
            tag=Tag.SERVICE,
            description="Returns 200 if the database responds, has this service's tables and stores changes, "
            "otherwise 503. Use this operation for readiness probes. If Redis does not respond, the status "
            "is still 200, because deliveries are stored without Redis. If the type of Redis is not "
            "supported, such as a cluster, the status is 503.",
            answers=[Answer(Ready)],
            refusals=[NotReady],
            access=Access.ANYONE,
        ),
    ]


@dataclass(frozen=True, slots=True)
class _Result:
    """Why a dependency cannot be used, in words that anybody may read, or else what to know of it."""

    why: str | None = None
    note: str = "ok"


async def _result(name: str, check: Callable[[], Awaitable[object]]) -> _Result:
    asking = asyncio.ensure_future(check())
    # Left behind, not awaited: a driver, cancelled, asks the silent server to cancel, and waits for that.
    asking.add_done_callback(lambda _: asking.cancelled() or asking.exception())
    done, _ = await asyncio.wait({asking}, timeout=_PATIENCE_SECONDS)
    error = asking.exception() if done else TimeoutError()
    asking.cancel()
    if error is None:
        note = asking.result()
        return _Result(note=note) if isinstance(note, str) else _Result()
    _log.warning("not_ready", dependency=name, error=f"{type(error).__name__}: {error}")
    if isinstance(error, TimeoutError):
        return _Result(f"No response within {_PATIENCE_SECONDS:.0f} s.")
    return _Result(error.message if isinstance(error, DomainError) else "No response.")
