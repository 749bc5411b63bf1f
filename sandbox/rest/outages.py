"""Rate limits and activated faults."""

import asyncio
from collections.abc import Hashable
from datetime import timedelta
from http import HTTPStatus

from starlette.types import Receive

from sandbox.faults import Fault, FaultKind
from sandbox.rest.answers import ApiResponse, Refusal
from sandbox.rest.call import Call, Endpoint
from sandbox.sandbox import Sandbox

_LONGEST_HANG = 600.0
_SECONDARY_SECONDS = 60.0
_HOUR = 3600.0


async def apply_faults(sandbox: Sandbox, path: str, receive: Receive) -> None:
    """Delay the request, wait forever or raise `Refusal`, as the active faults require."""
    if fault := sandbox.faults.take(path, FaultKind.LATENCY):
        await asyncio.sleep(fault.seconds)
    if fault := sandbox.faults.take(path, FaultKind.HANG):
        await _hang(receive, fault.seconds or _LONGEST_HANG)
        raise Refusal(HTTPStatus.GATEWAY_TIMEOUT, "We couldn't respond to your request in time.")
    if fault := sandbox.faults.take(path, FaultKind.ERROR):
        status = HTTPStatus(fault.status)
        is_server_error = status >= HTTPStatus.INTERNAL_SERVER_ERROR
        raise Refusal(status, "Server Error" if is_server_error else status.phrase)


def check_limits(sandbox: Sandbox, path: str, owner: Hashable, *, points: int) -> None:
    """Count the request. Raises `Refusal` if a limit is exceeded or a fault simulates it."""
    limited = sandbox.faults.take(path, FaultKind.PRIMARY_LIMIT, FaultKind.SECONDARY_LIMIT)
    now, behaviour = sandbox.now(), sandbox.behaviour
    check = sandbox.limits.check(owner, now, behaviour, points=points)
    if limited is not None:
        primary = limited.kind is FaultKind.PRIMARY_LIMIT
        raise (
            _primary_limit_refusal(sandbox, owner, limited.seconds or _HOUR)
            if primary
            else _secondary_limit_refusal(limited)
        )
    if check == "primary":
        raise _primary_limit_refusal(
            sandbox, owner, sandbox.limits.quota(owner, now, behaviour).reset - now.timestamp()
        )
    if check == "secondary":
        raise _secondary_limit_refusal(Fault(FaultKind.SECONDARY_LIMIT))


async def _hang(receive: Receive, seconds: float) -> None:
    """Wait until the client disconnects."""
    try:
        async with asyncio.timeout(seconds):
            while (await receive())["type"] != "http.disconnect":
                pass
    except TimeoutError:
        pass


def _primary_limit_refusal(sandbox: Sandbox, owner: Hashable, seconds: float) -> Refusal:
    reset = sandbox.now() + timedelta(seconds=seconds)
    limit = str(sandbox.behaviour.requests_per_hour)
    return Refusal(
        HTTPStatus.FORBIDDEN,
        f"API rate limit exceeded for {owner}.",
        headers={
            "X-RateLimit-Remaining": "0",
            "X-RateLimit-Used": limit,
            "X-RateLimit-Reset": str(int(reset.timestamp())),
        },
    )


def _secondary_limit_refusal(fault: Fault) -> Refusal:
    too_many = fault.status == HTTPStatus.TOO_MANY_REQUESTS
    return Refusal(
        HTTPStatus.TOO_MANY_REQUESTS if too_many else HTTPStatus.FORBIDDEN,
        "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.",
        headers={"Retry-After": str(int(fault.seconds or _SECONDARY_SECONDS))},
    )


_OTHERS = ("search", "graphql", "integration_manifest", "code_search")


def show_limits(call: Call) -> ApiResponse:
    """Return all rate limits, of which the sandbox uses only `core`. The request is free."""
    sandbox = call.sandbox
    quota = sandbox.limits.quota(call.principal.owner, sandbox.now(), sandbox.behaviour)
    core = {"limit": quota.limit, "used": quota.used, "remaining": quota.remaining, "reset": quota.reset}
    unused = {**core, "used": 0, "remaining": quota.limit}
    resources = {"core": core, **dict.fromkeys(_OTHERS, unused)}
    return ApiResponse({"resources": resources, "rate": core})


ENDPOINTS = (Endpoint("GET", "/rate_limit", show_limits),)
