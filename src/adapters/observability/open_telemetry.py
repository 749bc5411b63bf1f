from asyncio import CancelledError
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from requests import Session

from ports.telemetry import Span, SpanRole, Traces

_KINDS = {SpanRole.SERVER: SpanKind.SERVER, SpanRole.CLIENT: SpanKind.CLIENT, SpanRole.CONSUMER: SpanKind.CONSUMER}
_W3C = TraceContextTextMapPropagator()
_PARENT = "traceparent"


def make_span_processor(collector: str, *, proxy: str | None = None, ca_bundle: Path | None = None) -> SpanProcessor:
    """Return a processor that sends spans to the collector in batches, with OTLP over HTTP."""
    session = Session()
    session.trust_env = False  # the settings define proxies and certificate authorities
    if proxy is not None:
        session.proxies = {"https": proxy}
    exporter = OTLPSpanExporter(
        endpoint=f"{collector.rstrip('/')}/v1/traces",
        certificate_file=str(ca_bundle) if ca_bundle else None,
        session=session,
    )
    return BatchSpanProcessor(exporter)


class OpenTelemetryTraces(Traces):
    """Traces with OpenTelemetry.

    `OTEL_TRACES_SAMPLER` selects the sampled traces, and `OTEL_RESOURCE_ATTRIBUTES` adds attributes of the
    service. The global tracer provider is not set, so libraries create no spans.
    """

    def __init__(self, processor: SpanProcessor) -> None:
        resource = Resource.create({"service.name": "crewkit-git"})
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer("crewkit-git")

    @contextmanager
    def start_span(self, name: str, role: SpanRole, *, parent: str | None = None, **facts: str | int) -> Iterator[Span]:
        """Start a span. It ends with the block."""
        context = None if parent is None else _W3C.extract({_PARENT: parent}, context=Context())
        with self._tracer.start_as_current_span(
            name,
            context=context,
            kind=_KINDS[role],
            attributes=facts,
            # The message and stack trace can contain secrets.
            record_exception=False,
            set_status_on_exception=False,
        ) as started:
            span = _Span(started)
            try:
                yield span
            except CancelledError:
                # The caller disconnected. This is not a failure of the operation.
                raise
            except BaseException as error:
                span.mark_failed(type(error).__name__)
                raise

    def get_traceparent(self) -> str | None:
        """Return the current span as `traceparent`."""
        carrier: dict[str, str] = {}
        _W3C.inject(carrier)
        return carrier.get(_PARENT)

    def close(self) -> None:
        """Send the remaining spans, within the time limits of the SDK."""
        self._provider.shutdown()


class _Span(Span):
    def __init__(self, span: trace.Span) -> None:
        self._span = span

    def rename(self, name: str) -> None:
        self._span.update_name(name)

    def set_attributes(self, **facts: str | int) -> None:
        self._span.set_attributes(facts)

    def mark_failed(self, reason: str) -> None:
        self._span.set_status(Status(StatusCode.ERROR, reason))
