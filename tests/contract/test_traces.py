"""One trace over processes: what OpenTelemetry's adapter keeps, and what it does not."""

import pytest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from adapters.observability.open_telemetry import OpenTelemetryTraces
from ports.telemetry import SpanRole


@pytest.fixture
def kept() -> InMemorySpanExporter:
    """Give what spans are exported to."""
    return InMemorySpanExporter()


def test_continues_a_trace_in_another_process(kept: InMemorySpanExporter) -> None:
    """The carried span is the parent there, whatever span is current."""
    here, there = (OpenTelemetryTraces(SimpleSpanProcessor(kept)) for _ in range(2))
    with here.start_span("receive_delivery", SpanRole.SERVER):
        carried = here.get_traceparent()
    with (
        there.start_span("drain_lane", SpanRole.CONSUMER, parent=carried, lane=3),
        there.start_span("github GET", SpanRole.CLIENT),
    ):
        pass
    received, called, drained = kept.get_finished_spans()
    assert {one.context.trace_id for one in (received, called, drained)} == {received.context.trace_id}
    assert drained.parent is not None
    assert called.parent is not None
    assert (drained.parent.span_id, called.parent.span_id) == (received.context.span_id, drained.context.span_id)
    assert (received.kind, drained.kind, called.kind) == (SpanKind.SERVER, SpanKind.CONSUMER, SpanKind.CLIENT)
    assert drained.attributes == {"lane": 3}


@pytest.mark.parametrize("parent", ["", "nonsense", "00-" + "0" * 32 + "-" + "0" * 16 + "-01"])
def test_starts_a_new_trace_if_the_carrier_is_invalid(kept: InMemorySpanExporter, parent: str) -> None:
    """Other programs can write to the queue."""
    with OpenTelemetryTraces(SimpleSpanProcessor(kept)).start_span("drain_lane", SpanRole.CONSUMER, parent=parent):
        pass
    (span,) = kept.get_finished_spans()
    assert span.parent is None


def test_records_an_error_without_its_text(kept: InMemorySpanExporter) -> None:
    """Texts of exceptions may contain secrets."""
    traces = OpenTelemetryTraces(SimpleSpanProcessor(kept))
    with pytest.raises(ValueError, match="s3cret"), traces.start_span("request", SpanRole.SERVER):
        raise ValueError("s3cret")
    (span,) = kept.get_finished_spans()
    assert (span.status.status_code, span.status.description) == (StatusCode.ERROR, "ValueError")
    assert "s3cret" not in span.to_json()


def test_carries_nothing_outside_of_spans(kept: InMemorySpanExporter) -> None:
    """A notification outside a trace has no carrier."""
    assert OpenTelemetryTraces(SimpleSpanProcessor(kept)).get_traceparent() is None
