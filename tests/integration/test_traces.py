"""A trace over the real queue."""

import redis
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from rq import Queue, SimpleWorker
from rq.serializers import JSONSerializer

from adapters.observability.open_telemetry import OpenTelemetryTraces
from adapters.redis_queue.worker_notifier import QUEUE, RedisWorkerNotifier
from entrypoints.worker import jobs
from ports.telemetry import SpanRole


def test_drain_belongs_to_the_trace_of_its_notification(redis_url: str) -> None:
    """The job carries it from the API's process to the worker's."""
    kept = InMemorySpanExporter()
    traces = OpenTelemetryTraces(SimpleSpanProcessor(kept))

    def drain(lane: int) -> None:
        with traces.start_span("drain_lane", SpanRole.CONSUMER, parent=jobs.find_traceparent(), lane=lane):
            pass

    worker_notifier = RedisWorkerNotifier(redis_url, job="entrypoints.worker.jobs.drain", traces=traces)
    with traces.start_span("receive_delivery", SpanRole.SERVER):
        worker_notifier.notify(3)
    worker_notifier.notify(4)
    worker_notifier.close()
    connection = redis.Redis.from_url(redis_url)
    queue = Queue(QUEUE, connection=connection, serializer=JSONSerializer)
    jobs.serve(drain)
    try:
        SimpleWorker([queue], connection=connection, serializer=JSONSerializer).work(burst=True)
    finally:
        jobs.serve(None)
        connection.close()

    received, *drains = kept.get_finished_spans()
    of_lane = {one.attributes["lane"]: one for one in drains if one.attributes}
    assert of_lane[3].context.trace_id == received.context.trace_id
    assert of_lane[4].context.trace_id != received.context.trace_id
