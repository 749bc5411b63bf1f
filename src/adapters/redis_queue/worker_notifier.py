import asyncio
import threading
import time
from collections.abc import Collection, Mapping
from uuid import uuid4

import redis
import structlog
from redis.backoff import NoBackoff
from redis.retry import Retry
from rq import Queue
from rq.queue import EnqueueData
from rq.serializers import JSONSerializer

from adapters.redis_queue.problems import diagnose
from core.domain.deliveries.source_key import LANES
from core.domain.secret import redact_url
from ports.event_queue import WorkerNotifier
from ports.telemetry import Traces

QUEUE = "git-lanes"
# A drain ends by itself after 30 s; twice that is long enough to call it stuck.
JOB_SECONDS = 60

_DEDUPLICATION_SECONDS = 30
_NETWORK_SECONDS = 0.5
# More than live at once: a sweep sends at most one for each lane every few seconds. While no worker runs, the
# expired ones before them would fill Redis, and the first worker would have to pass them all.
_MAX_JOBS = 1000
# After a round of rings the thread rests: a burst of groups becomes one round, and the first ring of a
# quiet moment has gone out already.
_PAUSE_SECONDS = 0.01

_log = structlog.get_logger(__name__)


class RedisWorkerNotifier(WorkerNotifier):
    """Rings by enqueueing an RQ job per lane, from one thread of its own.

    A job has a random id: RQ's `unique` would refuse a ring for as long as an earlier job's hash exists.
    """

    def __init__(self, url: str, *, job: str, setting: str = "the Redis URL", traces: Traces | None = None) -> None:
        """Ring by a job that calls the function of this dotted name with the lane.

        `setting` is the name of the setting with the URL, for texts to operators.
        """
        self._setting = setting
        self._job_name = job
        self._traces = traces
        # Of the ring that was first, since it alone is sent.
        self._carried: dict[int, str | None] = {}
        self._shown = redact_url(url)
        self._redis = redis.Redis.from_url(
            url, socket_timeout=_NETWORK_SECONDS, socket_connect_timeout=_NETWORK_SECONDS, retry=Retry(NoBackoff(), 0)
        )
        self._queue = Queue(QUEUE, connection=self._redis, serializer=JSONSerializer)
        # One byte per lane, written by the event loop and cleared by the thread before it rings, so that a
        # ring set in between is either part of this round or of the next.
        self._wanted = bytearray(LANES)
        self._wake = threading.Event()
        self._closing = False
        self._failing = False
        self._thread = threading.Thread(target=self._run, name="worker-notifier", daemon=True)
        self._thread.start()

    def notify(self, lane: int) -> None:
        """Note the lane and wake the thread."""
        # A lane that is wanted already will be rung after this, whenever the thread gets to it.
        if not self._wanted[lane]:
            if self._traces is not None:
                self._carried[lane] = self._traces.get_traceparent()
            self._wanted[lane] = 1
            self._wake.set()

    async def notify_due(self, lanes: Collection[int]) -> None:
        """Ring these lanes whatever was rung before."""
        await asyncio.to_thread(self._attempt, sorted(lanes), {}, swallow=False)

    async def acknowledge(self, lane: int) -> None:
        """Forget that the lane was rung."""
        try:
            await asyncio.to_thread(self._redis.delete, _build_key(lane))
        except redis.RedisError as error:
            self._failed(error)

    def close(self) -> None:
        """Send what is still wanted and end the thread."""
        self._closing = True
        self._wake.set()
        self._thread.join(timeout=2)
        self._redis.close()

    def _run(self) -> None:
        while not self._closing:
            self._wake.wait()
            self._wake.clear()
            self._ring_wanted()
            if not self._closing:
                time.sleep(_PAUSE_SECONDS)
        # What was wanted during the last rest.
        self._ring_wanted()

    def _ring_wanted(self) -> None:
        lanes = [lane for lane in range(LANES) if self._wanted[lane]]
        carried: dict[int, str | None] = {}
        for lane in lanes:
            carried[lane] = self._carried.pop(lane, None)
            self._wanted[lane] = 0
        if lanes:
            self._attempt(lanes, carried, swallow=True)

    def _attempt(self, lanes: list[int], carried: Mapping[int, str | None], *, swallow: bool) -> None:
        """Ring, or log that nobody heard it: the sweep rings again."""
        try:
            with self._redis.pipeline(transaction=False) as pipeline:
                for lane in lanes:
                    pipeline.set(_build_key(lane), 1, nx=swallow, ex=_DEDUPLICATION_SECONDS)
                rung = pipeline.execute()
            if not swallow:
                self._redis.ltrim(self._queue.key, -_MAX_JOBS, -1)
            due = [lane for lane, is_first in zip(lanes, rung, strict=True) if is_first]
            if due:
                self._queue.enqueue_many([self._job(lane, carried.get(lane)) for lane in due])
            self._heard()
        except (redis.RedisError, OSError) as error:
            self._failed(error)

    def _job(self, lane: int, carried: str | None) -> EnqueueData:
        return Queue.prepare_data(
            self._job_name,
            (lane,),
            timeout=JOB_SECONDS,
            ttl=JOB_SECONDS,
            result_ttl=0,
            failure_ttl=JOB_SECONDS,
            job_id=uuid4().hex,
            description=f"drain lane {lane}",
            # Beside the arguments, so that workers of the version before can read it too.
            meta={"traceparent": carried} if carried else None,
        )

    def _failed(self, error: Exception) -> None:
        # Once per outage: at thousands of deliveries per second it would flood the log.
        if not self._failing:
            self._failing = True
            said = f"{type(error).__name__}: {error}"
            reason = diagnose(error).with_setting(self._setting).remedy
            _log.warning("worker_notification_failed", url=self._shown, error=said, reason=reason)

    def _heard(self) -> None:
        if self._failing:
            self._failing = False
            _log.info("worker_notifications_resumed", url=self._shown)


def _build_key(lane: int) -> str:
    return f"git:bell:{lane}"
