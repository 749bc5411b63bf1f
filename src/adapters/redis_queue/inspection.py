from collections.abc import Sequence

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from rq.worker_registration import WORKERS_BY_QUEUE_KEY

from adapters.redis_queue.worker_notifier import QUEUE

_NETWORK_SECONDS = 5.0


async def list_workers(url: str) -> Sequence[str]:
    """Return the workers that listen to our queue; raises `redis.RedisError` or `OSError`.

    A worker's entry ends half a minute after the worker does; its name stays in the queue's set for longer.
    """
    client = Redis.from_url(
        url,
        socket_timeout=_NETWORK_SECONDS,
        socket_connect_timeout=_NETWORK_SECONDS,
        retry=Retry(NoBackoff(), 0),
        decode_responses=True,
    )
    async with client:
        names = sorted(map(str, await client.smembers(WORKERS_BY_QUEUE_KEY % QUEUE)))
        return [name for name in names if await client.exists(name)]
