"""Examine a service as `crewkit-git doctor` does."""

import base64
import threading
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from hashlib import sha256

from redis import Redis

from core.domain.secret import Secret
from entrypoints.doctor.checks import open_checks
from entrypoints.doctor.findings import Finding, Level, examine
from entrypoints.settings.settings import Settings
from entrypoints.worker.main import LaneWorker, RedisOutage
from tests.support.servers.service_with_sandbox import ServiceAtSandbox

KEY = Secret(base64.b64encode(sha256(b"tests").digest()).decode())
"""The encryption key of services under test, which they know as `test`."""


@asynccontextmanager
async def run_worker(redis_url: str) -> AsyncIterator[None]:
    """Register a worker for the length of the block, like a running worker."""
    with Redis.from_url(redis_url) as client:
        worker = LaneWorker(client, threading.Event(), RedisOutage(redis_url))
        # RQ has types in part.
        worker.register_birth()  # type: ignore[no-untyped-call]
        yield
        worker.register_death()  # type: ignore[no-untyped-call]


async def run_doctor(
    both: ServiceAtSandbox, changes: Mapping[str, str | None] | None = None, *, seconds: float = 10
) -> list[Finding]:
    """Examine the service with some of its variables changed; None takes one away."""
    wanted = {**both.service.environment, **{f"CREWKIT_GIT_{n}": v for n, v in (changes or {}).items()}}
    settings, problems = Settings.readable_part({name: value for name, value in wanted.items() if value is not None})
    async with open_checks(settings, problems) as checks:
        return await examine(checks, seconds=seconds)


def wrong(findings: list[Finding]) -> dict[str, str]:
    """Return what is wrong, by what it is about."""
    return {one.about: f"{one.message} {one.remedy}" for one in findings if one.level is Level.FAIL}


def levels(findings: list[Finding], *abouts: str) -> list[Level]:
    """Return the worst level of each."""
    return [max((one.level for one in findings if one.about == about), key=list(Level).index) for about in abouts]
