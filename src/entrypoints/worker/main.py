import logging
import signal
import threading
from contextlib import AsyncExitStack
from types import FrameType

import structlog
from redis import Redis, RedisError
from redis.client import Pipeline
from rq import SimpleWorker, worker_registration
from rq.job import Job
from rq.serializers import JSONSerializer
from rq.timeouts import BaseDeathPenalty
from rq.worker_registration import WORKERS_BY_QUEUE_KEY

from core.domain.errors import DomainError
from core.domain.secret import Secret, redact_url
from core.use_cases.deliveries.drain_lane import DrainResult
from entrypoints.bootstrap.application import LANE_QUEUE, Runtime
from entrypoints.bootstrap.monitoring import open_monitored
from entrypoints.process.limits import freeze_existing_objects
from entrypoints.settings.settings import Settings
from entrypoints.worker import jobs
from entrypoints.worker.loop import LoopThread, run_loop_thread
from ports.telemetry import SpanRole

# A drain ends after 30 s. If it still runs after this time, it hangs and is cancelled.
_DRAIN_SECONDS = 50.0
_START_SECONDS = 30.0
_REDIS_PAUSE_SECONDS = 0.5
# Lifetime of the worker's registration in Redis. RQ also derives its socket timeout from it (5 s less): a
# dead connection stays unnoticed for that long.
_REGISTRATION_SECONDS = 30

_log = structlog.get_logger(__name__)


class _NoDeathPenalty(BaseDeathPenalty):
    """Disables RQ's job timeout, which interrupts the waiting thread but leaves the drain running."""

    def setup_death_penalty(self) -> None:
        """Do nothing: the drain has a time limit in its event loop."""

    def cancel_death_penalty(self) -> None:
        """Do nothing."""


class RedisOutage:
    """Logs a Redis outage once at its beginning and once at its end."""

    def __init__(self, url: str) -> None:
        self._shown = redact_url(url)
        self._is_on = False

    def record_failure(self, error: RedisError) -> None:
        """Record that a request to Redis failed."""
        if not self._is_on:
            self._is_on = True
            text = f"{type(error).__name__}: {error}"
            remedy = "Start Redis or correct CREWKIT_GIT_REDIS_URL."
            _log.warning("redis_unavailable", url=self._shown, error=text, reason=remedy)

    def record_success(self) -> None:
        """Record that a request to Redis succeeded."""
        if self._is_on:
            self._is_on = False
            _log.info("redis_available", url=self._shown)


class _OutageFilter(logging.Filter):
    """Drops the line that RQ logs every two seconds while Redis is unavailable. One line is in the log."""

    def __init__(self, outage: RedisOutage) -> None:
        super().__init__()
        self._outage = outage

    def filter(self, record: logging.LogRecord) -> bool:
        """Keep all other records."""
        causes = [*(record.args or ()), *(record.exc_info or ())]
        errors = [cause for cause in causes if isinstance(cause, RedisError)]
        for error in errors:
            self._outage.record_failure(error)
        return not errors


class LaneWorker(SimpleWorker):
    """An RQ worker that runs jobs in its own process. A fork for each job takes 3 to 30 ms."""

    death_penalty_class = _NoDeathPenalty
    log_result_lifespan = False
    # Notice within seconds that Redis is back. RQ waits up to a minute.
    max_connection_wait_time = 2.0

    def __init__(self, connection: Redis, stopping: threading.Event, outage: RedisOutage) -> None:
        super().__init__(
            [LANE_QUEUE],
            connection=connection,
            serializer=JSONSerializer,
            log_job_description=False,
            worker_ttl=_REGISTRATION_SECONDS,
        )
        self._stopping = stopping
        self._outage = outage

    def heartbeat(self, timeout: int | None = None, pipeline: Pipeline | None = None) -> None:
        """Send the heartbeat to Redis, and register the worker again if Redis has lost its registration."""
        if pipeline is None:
            self._register_again_if_lost()
        super().heartbeat(timeout, pipeline)
        if pipeline is None:
            self._outage.record_success()

    def _register_again_if_lost(self) -> None:
        """RQ registers a worker only when it starts, and Redis may be emptied or replaced later."""
        if self.birth_date is None or self.connection.sismember(WORKERS_BY_QUEUE_KEY % LANE_QUEUE, self.key):
            return
        with self.connection.pipeline() as pipeline:
            pipeline.hset(self.key, mapping=self.serialize())
            worker_registration.register(self, pipeline)
            pipeline.execute()
        _log.warning("worker_registered_again", reason="Redis had lost the registration of this worker.")

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        """Stop after the current job, and keep the process from starting another worker."""
        self._stopping.set()
        # RQ is only partly typed.
        super().request_stop(signum, frame)  # type: ignore[no-untyped-call]

    def handle_exception(self, job: Job, *exc_info: object) -> None:  # noqa: ARG002 - RQ's signature
        """Log one line. Drains do not raise, so Redis failed or the job is not from this service."""
        _log.warning("job_failed", error=f"{type(exc_info[1]).__name__}: {exc_info[1]}")

    def set_shutdown_requested_date(self) -> None:
        """Do nothing: RQ calls this in a signal handler during a job, and Redis may be unavailable."""

    def subscribe(self) -> None:
        """Do not listen for remote commands: nothing sends them, and they need a thread and a connection."""


def run_worker(settings: Settings) -> None:
    """Process lanes until SIGTERM or Ctrl-C. The current job is finished first."""
    assert settings.redis_url is not None  # the settings require it for a worker
    outage = RedisOutage(settings.redis_url.reveal())
    rq_log = logging.getLogger("rq.worker")
    rq_log.setLevel(logging.WARNING)
    rq_log.addFilter(_OutageFilter(outage))
    stopping = threading.Event()
    with run_loop_thread() as loop:
        stack = AsyncExitStack()
        runtime = loop.run(stack.enter_async_context(open_monitored(settings)), seconds=_START_SECONDS)
        jobs.serve(lambda lane: _drain(loop, runtime, lane))
        freeze_existing_objects()
        try:
            _log.info("worker_started")
            _work(settings.redis_url, stopping, outage)
        finally:
            jobs.serve(None)
            loop.run(stack.aclose(), seconds=_START_SECONDS)
            _log.info("worker_stopped")


def _drain(loop: LoopThread, runtime: Runtime, lane: int) -> None:
    """Drain the lane, or log the failure. Events stay due, and the scheduler notifies a worker again."""
    try:
        traceparent = jobs.find_traceparent() if runtime.traces else None
        ended = loop.run(_drain_in_span(runtime, lane, traceparent), seconds=_DRAIN_SECONDS)
        _log.debug("lane_drained", lane=lane, drain_result=ended.value)
    except DomainError as error:
        _log.warning("drain_failed", lane=lane, error=error.code)
    except TimeoutError:
        _log.error("drain_timed_out", lane=lane, seconds=_DRAIN_SECONDS)
    except Exception:  # noqa: BLE001 - a failure in one lane must not end the worker
        _log.exception("drain_failed", lane=lane)


async def _drain_in_span(runtime: Runtime, lane: int, traceparent: str | None) -> DrainResult:
    """Drain. If traces are on, the span is a child of the span that notified the worker."""
    if runtime.traces is None:
        return await runtime.application.deliveries.drain_lane(lane)
    with runtime.traces.start_span("drain_lane", SpanRole.CONSUMER, parent=traceparent, lane=lane) as span:
        ended = await runtime.application.deliveries.drain_lane(lane)
        span.set_attributes(ended=ended.value)
        return ended


def _work(url: Secret, stopping: threading.Event, outage: RedisOutage) -> None:
    """Work until a stop is requested. If RQ's worker ends because of Redis, start a new one."""
    _listen(stopping)
    while not stopping.is_set():
        # The blocking pop waits for a long time by design. Only connecting has a timeout.
        connection = Redis.from_url(url.reveal(), socket_connect_timeout=1)
        try:
            LaneWorker(connection, stopping, outage).work(logging_level="WARNING")
        except RedisError as error:
            outage.record_failure(error)
        finally:
            # RQ's signal handlers interrupt the main thread at any point.
            _listen(stopping)
            connection.close()
        stopping.wait(_REDIS_PAUSE_SECONDS)


def _listen(stopping: threading.Event) -> None:
    def stop(_signal: int, _frame: FrameType | None) -> None:
        stopping.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
