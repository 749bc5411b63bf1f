import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, aclosing, contextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import Any, TypeAlias

import grpc
import structlog
from google.protobuf.message import DecodeError
from grpc import StatusCode

from core.domain.errors import DomainError, ErrorKind
from core.domain.streams.stream import StreamEnded
from entrypoints.grpc_api import calls
from entrypoints.grpc_api.anonymous_streams import AnonymousStreams
from entrypoints.grpc_api.calls import Authentication
from entrypoints.grpc_api.errors import (
    STATUS_DETAILS,
    Refusal,
    internal_error,
    stream_ended_error,
    timeout_error,
    to_grpc_error,
)
from ports.system import Alerts
from ports.telemetry import Metrics, SpanRole, Traces

# The caller's deadline started before the server's copy of it. When the caller cancels at its deadline,
# the server still sees a little time left.
_TRAVEL_SECONDS = 0.2

_log = structlog.get_logger(__name__)

_OWN_SERVICES = "/crewkit."
_UNREADABLE = object()
# The time limit of a call, as over REST. It also applies if the caller sets no deadline.
SECONDS = 30.0

# Codes that indicate a fault of this service. All other codes report a fault of the call.
_OUR_FAULTS = frozenset({"INTERNAL", "UNAVAILABLE", "DEADLINE_EXCEEDED"})

Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"
Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"
Details = grpc.HandlerCallDetails


class MessageMalformed(DomainError):
    """The request cannot be parsed as the method's message type, or a string in it is not UTF-8.

    Send a valid message of the method's request type.
    """

    kind = ErrorKind.INVALID_ARGUMENT
    code = "message_malformed"


class Envelope(grpc.aio.ServerInterceptor):
    """Authenticates, logs and measures every call, and converts exceptions to gRPC errors.

    Health and reflection need no token; only the number of their streams is limited. Wrapped handlers are
    cached, so this must be the only interceptor.
    """

    def __init__(
        self,
        authenticate: Authentication,
        metrics: Metrics,
        alerts: Alerts,
        traces: Traces | None = None,
        *,
        seconds: float = SECONDS,
        anonymous: AnonymousStreams | None = None,
    ) -> None:
        self._anonymous = anonymous or AnonymousStreams()
        self._authenticate = authenticate
        self._metrics = metrics
        self._alerts = alerts
        self._traces = traces
        self._seconds = seconds
        self._wrapped: dict[str, Handler] = {}

    async def intercept_service(
        self, continuation: Callable[[Details], "Awaitable[Handler | None]"], handler_call_details: Details
    ) -> "Handler | None":
        """Return the wrapped handler of this method."""
        method = handler_call_details.method
        wrapped = self._wrapped.get(method)
        if wrapped is None:
            handler = await continuation(handler_call_details)
            # Unknown methods (None) are not cached, because a caller can invent any number of them.
            if handler is None:
                return None
            if method.startswith(_OWN_SERVICES):
                wrapped = self._wrapped[method] = self._wrap(method, handler)
            elif handler.response_streaming:
                wrapped = self._wrapped[method] = self._anonymous.limit(method, handler)
            else:
                return handler
        return wrapped

    def _wrap(self, method: str, handler: Handler) -> Handler:
        if handler.response_streaming:
            assert handler.unary_stream is not None  # the contract has no streams of requests
            return grpc.unary_stream_rpc_method_handler(
                self._call_stream(method, handler.unary_stream),
                _lenient(handler.request_deserializer),
                handler.response_serializer,
            )
        assert handler.unary_unary is not None
        return grpc.unary_unary_rpc_method_handler(
            self._call_unary(method, handler.unary_unary),
            _lenient(handler.request_deserializer),
            handler.response_serializer,
        )

    def _call_unary(self, method: str, call_method: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
        async def handle_unary(request: object, context: Context) -> object:
            response: object = None
            with self._observe(method, context, self._traces) as state:
                try:
                    async with asyncio.timeout(self._seconds) as limit:
                        await self._admit(state, request)
                        response = await call_method(request, context)
                except TimeoutError as error:
                    state.refusal = timeout_error(state.request_id) if limit.expired() else self._crash(state, error)
                except Exception as error:  # noqa: BLE001 - nothing of it may reach the caller
                    state.refusal = self._refusal(state, error)
                await state.end(context)
            return response

        return handle_unary

    def _call_stream(self, method: str, stream: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
        # Streams have no span, because it would last for hours. Each message is sent here, so that the stream
        # ends immediately when the caller disconnects.
        async def handle_stream(request: object, context: Context) -> None:
            with self._observe(method, context) as state:
                try:
                    await self._admit(state, request)
                    async with aclosing(stream(request, context)) as messages:
                        async for message in messages:
                            await context.write(message)
                except StreamEnded as end:
                    state.refusal = stream_ended_error(end.reason, state.request_id)
                except Exception as error:  # noqa: BLE001 - nothing of it may reach the caller
                    state.refusal = self._refusal(state, error)
                await state.end(context)

        return handle_stream

    @contextmanager
    def _observe(self, method: str, context: Context, traces: Traces | None = None) -> Iterator["_CallState"]:
        """Log, measure and trace a call."""
        metadata: calls.Metadata = tuple(context.invocation_metadata() or ())
        state = _CallState(method, metadata, calls.request_id_of(metadata))
        started = perf_counter()
        # gRPC runs each call in a separate task, so this needs no cleanup.
        structlog.contextvars.bind_contextvars(request_id=state.request_id)
        spans = ExitStack()
        # As over REST, an incoming `traceparent` is ignored.
        span = (
            spans.enter_context(traces.start_span(state.name, SpanRole.SERVER, request_id=state.request_id))
            if traces
            else None
        )
        try:
            yield state
        except (asyncio.CancelledError, GeneratorExit):
            remaining: float | None = context.time_remaining()
            is_late = remaining is not None and remaining <= _TRAVEL_SECONDS
            state.status = (StatusCode.DEADLINE_EXCEEDED if is_late else StatusCode.CANCELLED).name
            raise
        finally:
            seconds = perf_counter() - started
            self._metrics.observe_grpc_call(state.name, state.status, seconds)
            state.log(seconds)
            if span is not None:
                span.set_attributes(status=state.status)
                if state.status in _OUR_FAULTS:
                    span.mark_failed(state.status)
            # Without the exception: expected errors are raised too, and most are not server faults.
            spans.close()

    async def _admit(self, state: "_CallState", request: object) -> None:
        call = await self._authenticate(state.metadata, state.request_id)
        state.actor = call.actor.name
        if request is _UNREADABLE:
            raise MessageMalformed(
                "The request cannot be parsed. Send the method's request type, with strings in UTF-8."
            )
        calls.begin(call)

    def _refusal(self, state: "_CallState", error: Exception) -> Refusal:
        if isinstance(error, DomainError):
            state.reason = getattr(error, "reason", None)
            return to_grpc_error(error, state.request_id)
        return self._crash(state, error)

    def _crash(self, state: "_CallState", error: Exception) -> Refusal:
        _log.error("unexpected_error", path=state.method, exc_info=error)
        self._alerts.alert(
            "unexpected_error",
            f"{type(error).__name__} in {state.method}. This is a bug. Report the stack trace in the log.",
            request_id=state.request_id,
        )
        return internal_error(state.request_id)


def _lenient(read: Callable[[bytes], Any] | None) -> Callable[[bytes], Any]:
    """Return a parser that returns `_UNREADABLE` on errors: gRPC's own error would bypass the envelope."""
    assert read is not None  # the contract has messages alone

    def lenient(body: bytes) -> object:
        try:
            return read(body)
        except DecodeError:
            return _UNREADABLE

    return lenient


@dataclass(slots=True)
class _CallState:
    """What is known about a call, for its response, log line, metrics and span."""

    method: str
    metadata: calls.Metadata
    request_id: str
    status: str = StatusCode.OK.name
    actor: str | None = None
    refusal: Refusal | None = None
    reason: str | None = None

    @property
    def name(self) -> str:
        """The method name without its service."""
        return self.method.rpartition("/")[2]

    async def end(self, context: Context) -> None:
        """Send the trailing metadata. If the call failed, abort it, which raises."""
        trailing: list[tuple[str, str | bytes]] = [(calls.REQUEST_ID, self.request_id)]
        refusal = self.refusal
        if refusal is None:
            context.set_trailing_metadata(tuple(trailing))
            return
        self.status = refusal.code.name
        trailing.append((STATUS_DETAILS, refusal.status()))
        await context.abort(refusal.code, refusal.message, tuple(trailing))

    def log(self, seconds: float) -> None:
        """Log the call, which took this many seconds."""
        facts: dict[str, object] = {"path": self.method, "status": self.status, "duration_ms": round(seconds * 1000, 2)}
        if self.actor is not None:
            facts["actor"] = self.actor
        if self.refusal is not None:
            facts["code"] = self.refusal.reason
        if self.reason is not None:
            facts["reason"] = self.reason
        _log.info("call", **facts)
