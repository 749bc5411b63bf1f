import asyncio
from collections.abc import Awaitable, Callable, Mapping

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from core.domain.errors import DomainError, ErrorKind, FieldError
from entrypoints.rest.json_response import Json

ReadinessChecks = Mapping[str, Callable[[], Awaitable[object]]]
"""By name what the API cannot do without; each returns when it answers and raises when it does not."""

_PATIENCE_SECONDS = 1.0
_log = structlog.get_logger(__name__)


class NotReady(DomainError):
    """Something the API depends on does not answer; it should get no traffic until it does."""

    kind = ErrorKind.UNAVAILABLE
    code = "not_ready"


def routes(checks: ReadinessChecks) -> list[Route]:
    """Return the routes an orchestrator asks."""

    async def healthz(_: Request) -> Response:
        return Json({"status": "alive"})

    async def readyz(_: Request) -> Response:
        answers = await asyncio.gather(*(_answers(name, check) for name, check in checks.items()))
        silent = [name for name, answered in zip(checks, answers, strict=True) if not answered]
        if silent:
            raise NotReady(
                f"{' and '.join(silent)} did not answer within {_PATIENCE_SECONDS:.0f} s.",
                fields=[FieldError(name, "no answer") for name in silent],
                retry_after=_PATIENCE_SECONDS,
            )
        return Json({"status": "ready", "checks": dict.fromkeys(checks, "ok")})

    return [Route("/healthz", healthz), Route("/readyz", readyz)]


async def _answers(name: str, check: Callable[[], Awaitable[object]]) -> bool:
    asking = asyncio.ensure_future(check())
    # Left behind, not awaited: a driver, cancelled, asks the silent server to cancel, and waits for that.
    asking.add_done_callback(lambda _: asking.cancelled() or asking.exception())
    done, _ = await asyncio.wait({asking}, timeout=_PATIENCE_SECONDS)
    error = asking.exception() if done else TimeoutError()
    asking.cancel()
    if error is not None:
        _log.warning("not_ready", dependency=name, error=f"{type(error).__name__}: {error}")
    return error is None
