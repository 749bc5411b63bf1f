import asyncio
import time
from collections.abc import Callable, Sequence

import structlog
from redis import RedisError
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import NoPermissionError, ResponseError

from adapters.redis_queue.problems import CLUSTER, EVICTING, REPLICA, SENTINEL, QueueProblem, diagnose
from core.domain.errors import StorageUnavailable
from core.domain.secret import redact_url

_VALID_SECONDS = 10.0
_RETRY_AFTER = 5.0
_PROBE = "git:probe"

_log = structlog.get_logger(__name__)


class QueueProbe:
    """Finds out whether a Redis can wake workers, for readiness checks. For one event loop."""

    def __init__(
        self, url: str, *, setting: str = "the Redis URL", monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        """Take the URL, and the name of the setting that has it, for texts to operators."""
        self._url = url
        self._setting = setting
        self._monotonic = monotonic
        self._problems: Sequence[QueueProblem] = ()
        self._valid_until = 0.0
        self._probing: asyncio.Task[None] | None = None

    async def check(self) -> str | None:
        """Return what is wrong with Redis, or None; raises `StorageUnavailable` if it can never work.

        An outage is no reason to stop serving: deliveries are stored without Redis, and processed later.
        """
        if self._monotonic() >= self._valid_until:
            if self._probing is None:
                self._probing = asyncio.create_task(self._probe(), name="queue-probe")
            await asyncio.shield(self._probing)
        for problem in self._problems:
            if problem.is_unsupported:
                raise StorageUnavailable(problem.message, retry_after=_RETRY_AFTER, remedy=problem.remedy)
        return " ".join(problem.message for problem in self._problems) or None

    async def close(self) -> None:
        """Stop probing."""
        if self._probing is not None:
            self._probing.cancel()
            await asyncio.wait({self._probing})

    async def _probe(self) -> None:
        try:
            found = await find_problems(self._url, timeout_seconds=0.5)
            problems = [problem.with_setting(self._setting) for problem in found]
            self._valid_until = self._monotonic() + _VALID_SECONDS
        finally:
            self._probing = None
        for problem in problems:
            if problem.is_unsupported and problem not in self._problems:
                _log.error(
                    "redis_not_supported", url=redact_url(self._url), error=problem.message, reason=problem.remedy
                )
        self._problems = problems


async def find_problems(url: str, *, timeout_seconds: float) -> Sequence[QueueProblem]:
    """Return the problems that keep this Redis from waking workers."""
    client = Redis.from_url(
        url,
        socket_timeout=timeout_seconds,
        socket_connect_timeout=timeout_seconds,
        retry=Retry(NoBackoff(), 0),
        decode_responses=True,
    )
    async with client:
        try:
            found = _check_server(await _read_info(client))
            if not any(problem.is_unsupported for problem in found):
                await _test_write(client)
        except (RedisError, OSError) as error:
            return [diagnose(error)]
    return found


async def _read_info(client: "Redis") -> dict[str, str]:
    try:
        return {name: str(value) for name, value in (await client.info()).items()}
    except NoPermissionError:
        return {}  # the write test reports the missing permission
    except ResponseError as error:
        if "unknown command" not in str(error).lower():
            raise
        return {}  # disabled by `rename-command`; the write test does what workers need


def _check_server(info: dict[str, str]) -> list[QueueProblem]:
    if info.get("redis_mode") == "cluster" or info.get("cluster_enabled") == "1":
        return [CLUSTER]
    if info.get("redis_mode") == "sentinel":
        return [SENTINEL]
    found = [REPLICA] if info.get("role") == "slave" else []
    if info.get("maxmemory", "0") != "0" and info.get("maxmemory_policy") != "noeviction":
        found.append(EVICTING)
    return found


async def _test_write(client: "Redis") -> None:
    """Do what waking a worker does, on keys of its own."""
    async with client.pipeline(transaction=True) as pipeline:
        pipeline.set(f"{_PROBE}:bell", 1, ex=10)
        pipeline.hset(f"{_PROBE}:job", "lane", "0")
        pipeline.rpush(f"{_PROBE}:list", "0")
        pipeline.delete(f"{_PROBE}:bell", f"{_PROBE}:job", f"{_PROBE}:list")
        await pipeline.execute()
