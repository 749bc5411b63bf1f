import asyncio
import time
from collections.abc import Callable, Sequence

import structlog
from redis import RedisError
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import NoPermissionError, ResponseError
from rq.worker_registration import WORKERS_BY_QUEUE_KEY

from adapters.redis_queue.problems import CLUSTER, EVICTING, REPLICA, SENTINEL, QueueProblem, diagnose
from adapters.redis_queue.worker_notifier import QUEUE
from core.domain.errors import StorageUnavailable
from core.domain.secret import redact_url

_VALID_SECONDS = 10.0
_RETRY_AFTER = 5.0
_LIST_TIMEOUT_SECONDS = 5.0
_PROBE = "git:probe"

_log = structlog.get_logger(__name__)


class QueueProbe:
    """Finds out whether a Redis can wake workers, for readiness checks. For one event loop."""

    def __init__(
        self, url: str, *, setting: str = "the Redis URL", monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        """Create a probe of this URL; `setting` is the name of the setting with the URL, for messages to operators."""
        self._url = url
        self._setting = setting
        self._monotonic = monotonic
        self._problems: Sequence[QueueProblem] = ()
        self._valid_until = 0.0
        self._probing: asyncio.Task[None] | None = None

    async def check(self) -> str | None:
        """Return what is wrong with Redis, or None; raises `StorageUnavailable` if it can never work.

        An outage must not make the service unready: deliveries are stored without Redis, and processed later.
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
            server_problems = await find_problems(self._url, timeout_seconds=0.5)
            problems = [problem.with_setting(self._setting) for problem in server_problems]
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
    async with _open_client(url, timeout_seconds) as client:
        try:
            problems = _check_server(await _read_info(client))
            if not any(problem.is_unsupported for problem in problems):
                await _try_write(client)
        except (RedisError, OSError) as error:
            return [diagnose(error)]
    return problems


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
    problems = [REPLICA] if info.get("role") == "slave" else []
    if info.get("maxmemory", "0") != "0" and info.get("maxmemory_policy") != "noeviction":
        problems.append(EVICTING)
    return problems


async def _try_write(client: "Redis") -> None:
    """Run the commands of a worker notification on separate keys."""
    async with client.pipeline(transaction=True) as pipeline:
        pipeline.set(f"{_PROBE}:bell", 1, ex=10)
        pipeline.hset(f"{_PROBE}:job", "lane", "0")
        pipeline.rpush(f"{_PROBE}:list", "0")
        pipeline.delete(f"{_PROBE}:bell", f"{_PROBE}:job", f"{_PROBE}:list")
        await pipeline.execute()


async def list_workers(url: str) -> Sequence[str]:
    """Return the workers that listen to the queue; raises `redis.RedisError` or `OSError`.

    RQ removes the entry of a stopped worker after half a minute, but not its name in the queue's set.
    """
    async with _open_client(url, _LIST_TIMEOUT_SECONDS) as client:
        names = sorted(map(str, await client.smembers(WORKERS_BY_QUEUE_KEY % QUEUE)))
        return [name for name in names if await client.exists(name)]


def _open_client(url: str, timeout_seconds: float) -> Redis:
    return Redis.from_url(
        url,
        socket_timeout=timeout_seconds,
        socket_connect_timeout=timeout_seconds,
        retry=Retry(NoBackoff(), 0),
        decode_responses=True,
    )
