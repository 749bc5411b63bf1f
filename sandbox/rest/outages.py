"""What makes a request fail that would succeed: faults on demand and limits."""

import asyncio
from collections.abc import Hashable
from datetime import timedelta
from http import HTTPStatus

from starlette.types import Receive

from sandbox.faults import Fault, FaultKind
from sandbox.rest.answers import Refusal
from sandbox.sandbox import Sandbox

_LONGEST_HANG = 600.0
_SECONDARY_SECONDS = 60.0
_HOUR = 3600.0


async def suffer(sandbox: Sandbox, path: str, receive: Receive) -> None:
    """Be slow, silent or broken, as the faults in force say."""
    if fault := sandbox.faults.take(path, FaultKind.LATENCY):
        await asyncio.sleep(fault.seconds)
    if fault := sandbox.faults.take(path, FaultKind.HANG):
        await _hang(receive, fault.seconds or _LONGEST_HANG)
        raise Refusal(HTTPStatus.GATEWAY_TIMEOUT, "We couldn't respond to your request in time.")
    if fault := sandbox.faults.take(path, FaultKind.ERROR):
        status = HTTPStatus(fault.status)
        theirs = status >= HTTPStatus.INTERNAL_SERVER_ERROR
        raise Refusal(status, "Server Error" if theirs else status.phrase)


def check_limits(sandbox: Sandbox, path: str, owner: Hashable, *, points: int) -> None:
    """Count the request, and refuse it where a limit is reached or said to be."""
    limited = sandbox.faults.take(path, FaultKind.PRIMARY_LIMIT, FaultKind.SECONDARY_LIMIT)
    now, behaviour = sandbox.now(), sandbox.behaviour
    exceeded = sandbox.limits.exceeded(owner, now, behaviour, points=points)
    if limited is not None:
        primary = limited.kind is FaultKind.PRIMARY_LIMIT
        raise _primary(sandbox, owner, limited.seconds or _HOUR) if primary else _secondary(limited)
    if exceeded == "primary":
        raise _primary(sandbox, owner, sandbox.limits.quota(owner, now, behaviour).reset - now.timestamp())
    if exceeded == "secondary":
        raise _secondary(Fault(FaultKind.SECONDARY_LIMIT))


async def _hang(receive: Receive, seconds: float) -> None:
    """Wait until the asker goes away."""
    try:
        async with asyncio.timeout(seconds):
            while (await receive())["type"] != "http.disconnect":
                pass
    except TimeoutError:
        pass


def _primary(sandbox: Sandbox, owner: Hashable, seconds: float) -> Refusal:
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


def _secondary(fault: Fault) -> Refusal:
    too_many = fault.status == HTTPStatus.TOO_MANY_REQUESTS
    return Refusal(
        HTTPStatus.TOO_MANY_REQUESTS if too_many else HTTPStatus.FORBIDDEN,
        "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.",
        headers={"Retry-After": str(int(fault.seconds or _SECONDARY_SECONDS))},
    )
