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
# A drain stops after 30 s, so a job that runs twice as long hangs.
JOB_SECONDS = 60

_DEDUPLICATION_SECONDS = 30
_NETWORK_SECONDS = 0.5
# More jobs than are valid at a time. Without a limit, expired jobs would fill Redis while no worker runs, and
# the first worker would have to skip them all.
_MAX_JOBS = 1000
# The thread pauses after each round, so that a burst of deliveries becomes one round.
_PAUSE_SECONDS = 0.01

_log = structlog.get_logger(__name__)


class RedisWorkerNotifier(WorkerNotifier):
    """Notifies workers by an RQ job per lane, from a separate thread.

    Jobs have random ids: with RQ's `unique`, a job would be rejected as long as the hash of an earlier job exists.
    """

    def __init__(self, url: str, *, job: str, setting: str = "the Redis URL", traces: Traces | None = None) -> None:
        """`job` is the dotted name of the function that a job calls with the lane.

        `setting` is the name of the setting with the URL, for messages to operators.
        """
        self._setting = setting
        self._job_name = job
        self._traces = traces
        # The trace of the first notification of each lane, because only this one is sent.
        self._traceparents: dict[int, str | None] = {}
        self._redacted_url = redact_url(url)
        self._redis = redis.Redis.from_url(
            url, socket_timeout=_NETWORK_SECONDS, socket_connect_timeout=_NETWORK_SECONDS, retry=Retry(NoBackoff(), 0)
        )
        self._queue = Queue(QUEUE, connection=self._redis, serializer=JSONSerializer)
        # One byte per lane, set by the event loop and cleared by the thread before it sends. A lane that is set
        # in between is part of this round or of the next.
        self._pending = bytearray(LANES)
        self._wake = threading.Event()
        self._closing = False
        self._failing = False
        self._thread = threading.Thread(target=self._run, name="worker-notifier", daemon=True)
        self._thread.start()

    def notify(self, lane: int) -> None:
        """Mark the lane as pending and wake the thread. Does nothing for a pending lane."""
        if not self._pending[lane]:
            if self._traces is not None:
                self._traceparents[lane] = self._traces.get_traceparent()
            self._pending[lane] = 1
            self._wake.set()

    async def notify_due(self, lanes: Collection[int]) -> None:
        """Send a job for each lane, even if an earlier job is not acknowledged."""
        await asyncio.to_thread(self._attempt, sorted(lanes), {}, deduplicate=False)

    async def acknowledge(self, lane: int) -> None:
        """Delete the mark of the lane's job, so that the next notification is sent."""
        try:
            await asyncio.to_thread(self._redis.delete, _build_key(lane))
        except redis.RedisError as error:
            self._log_failure(error)

    def close(self) -> None:
        """Send pending notifications and stop the thread."""
        self._closing = True
        self._wake.set()
        self._thread.join(timeout=2)
        self._redis.close()

    def _run(self) -> None:
        while not self._closing:
            self._wake.wait()
            self._wake.clear()
            self._send_pending()
            if not self._closing:
                time.sleep(_PAUSE_SECONDS)
        # Lanes that became pending during the last pause.
        self._send_pending()

    def _send_pending(self) -> None:
        lanes = [lane for lane in range(LANES) if self._pending[lane]]
        traceparents: dict[int, str | None] = {}
        for lane in lanes:
            traceparents[lane] = self._traceparents.pop(lane, None)
            self._pending[lane] = 0
        if lanes:
            self._attempt(lanes, traceparents, deduplicate=True)

    def _attempt(self, lanes: list[int], traceparents: Mapping[int, str | None], *, deduplicate: bool) -> None:
        """Send jobs, or log the failure: the scheduler notifies again."""
        try:
            with self._redis.pipeline(transaction=False) as pipeline:
                for lane in lanes:
                    pipeline.set(_build_key(lane), 1, nx=deduplicate, ex=_DEDUPLICATION_SECONDS)
                are_new = pipeline.execute()
            if not deduplicate:
                self._redis.ltrim(self._queue.key, -_MAX_JOBS, -1)
            due = [lane for lane, is_new in zip(lanes, are_new, strict=True) if is_new]
            if due:
                self._queue.enqueue_many([self._build_job(lane, traceparents.get(lane)) for lane in due])
            self._log_success()
        except (redis.RedisError, OSError) as error:
            self._log_failure(error)

    def _build_job(self, lane: int, traceparent: str | None) -> EnqueueData:
        return Queue.prepare_data(
            self._job_name,
            (lane,),
            timeout=JOB_SECONDS,
            ttl=JOB_SECONDS,
            result_ttl=0,
            failure_ttl=JOB_SECONDS,
            job_id=uuid4().hex,
            description=f"drain lane {lane}",
            # Not an argument, so that workers of the previous version can run the job.
            meta={"traceparent": traceparent} if traceparent else None,
        )

    def _log_failure(self, error: Exception) -> None:
        # Only once per outage, because there can be thousands of deliveries per second.
        if not self._failing:
            self._failing = True
            said = f"{type(error).__name__}: {error}"
            reason = diagnose(error).with_setting(self._setting).remedy
            _log.warning("worker_notification_failed", url=self._redacted_url, error=said, reason=reason)

    def _log_success(self) -> None:
        if self._failing:
            self._failing = False
            _log.info("worker_notifications_resumed", url=self._redacted_url)


def _build_key(lane: int) -> str:
    return f"git:bell:{lane}"
