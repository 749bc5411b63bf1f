import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from time import perf_counter
from types import TracebackType
from typing import Any, Self, TypeAlias

import grpc
import structlog
from google.protobuf.message import DecodeError
from grpc import StatusCode

from core.domain.errors import DomainError, ErrorKind
from core.domain.streams.stream import StreamEnded
from entrypoints.grpc_api import calls
from entrypoints.grpc_api.anonymous_streams import AnonymousStreams
from entrypoints.grpc_api.calls import Authentication
from entrypoints.grpc_api.errors import STATUS_DETAILS, Refusal, ended, refusal_of, too_slow, unexpected
from ports.alerts import Alerts
from ports.metrics import Metrics
from ports.traces import Role, Traces

# The caller's deadline started before the server's copy of it. When the caller cancels at its deadline,
# the server still sees a little time left.
_TRAVEL_SECONDS = 0.2

_log = structlog.get_logger(__name__)

_OURS = "/crewkit."
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
        self,
        continuation: Callable[[Details], "Awaitable[Handler | None]"],
        handler_call_details: Details,
    ) -> "Handler | None":
        """Return the wrapped handler of this method."""
        method = handler_call_details.method
        known = self._wrapped.get(method)
        if known is None:
            known = await continuation(handler_call_details)
            # Unknown methods (None) are not cached, because a caller can invent any number of them.
            if known is not None and method.startswith(_OURS):
                known = self._wrapped[method] = self._wrap(method, known)
            elif known is not None and known.response_streaming:
                known = self._wrapped[method] = self._anonymous.bound(method, known)
        return known

    def _wrap(self, method: str, handler: Handler) -> Handler:
        if handler.response_streaming:
            assert handler.unary_stream is not None  # the contract has no streams of requests
            return grpc.unary_stream_rpc_method_handler(
                self._streamed(method, handler.unary_stream),
                _lenient(handler.request_deserializer),
                handler.response_serializer,
            )
        assert handler.unary_unary is not None
        return grpc.unary_unary_rpc_method_handler(
            self._answered(method, handler.unary_unary),
            _lenient(handler.request_deserializer),
            handler.response_serializer,
        )

    def _answered(self, method: str, answer: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
        async def answered(request: object, context: Context) -> object:
            found: object = None
            with _Told(method, context, self._metrics, self._traces) as told:
                try:
                    async with asyncio.timeout(self._seconds) as limit:
                        await self._admit(told, request)
                        found = await answer(request, context)
                except TimeoutError as error:
                    told.refusal = too_slow(told.request_id) if limit.expired() else self._crash(told, error)
                except Exception as error:  # noqa: BLE001 - nothing of it may reach the caller
                    told.refusal = self._refusal(told, error)
                await told.end()
            return found

        return answered

    def _streamed(self, method: str, stream: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
        # Streams have no span, because it would last for hours. Each message is sent here, so that the stream
        # ends immediately when the caller disconnects.
        async def streamed(request: object, context: Context) -> None:
            with _Told(method, context, self._metrics) as told:
                try:
                    await self._admit(told, request)
                    async with aclosing(stream(request, context)) as messages:
                        async for message in messages:
                            await context.write(message)
                except StreamEnded as end:
                    told.refusal = ended(end.reason, told.request_id)
                except Exception as error:  # noqa: BLE001 - nothing of it may reach the caller
                    told.refusal = self._refusal(told, error)
                await told.end()

        return streamed

    async def _admit(self, told: "_Told", request: object) -> None:
        call = await self._authenticate(told.metadata, told.request_id)
        told.actor = call.actor.name
        if request is _UNREADABLE:
            raise MessageMalformed(
                "The request cannot be parsed. Send the method's request type, with strings in UTF-8."
            )
        calls.begin(call)

    def _refusal(self, told: "_Told", error: Exception) -> Refusal:
        if isinstance(error, DomainError):
            told.reason = getattr(error, "reason", None)
            return refusal_of(error, told.request_id)
        return self._crash(told, error)

    def _crash(self, told: "_Told", error: Exception) -> Refusal:
        _log.error("unexpected_error", path=told.method, exc_info=error)
        self._alerts.alert(
            "unexpected_error",
            f"{type(error).__name__} in {told.method}. This is a bug. Report the stack trace in the log.",
            request_id=told.request_id,
        )
        return unexpected(told.request_id)


def _lenient(read: Callable[[bytes], Any] | None) -> Callable[[bytes], Any]:
    """Return a parser that returns `_UNREADABLE` on errors: gRPC's own error would bypass the envelope."""
    assert read is not None  # the contract has messages alone

    def lenient(body: bytes) -> object:
        try:
            return read(body)
        except DecodeError:
            return _UNREADABLE

    return lenient


class _Told:
    """The state of one call, logged and measured when the call ends.

    Written as a class, because a generator-based context manager costs more on every call.
    """

    __slots__ = (
        "_began",
        "_context",
        "_metrics",
        "_span",
        "_spanning",
        "actor",
        "metadata",
        "method",
        "reason",
        "refusal",
        "request_id",
        "status",
    )

    def __init__(self, method: str, context: Context, metrics: Metrics, traces: Traces | None = None) -> None:
        self.method = method
        self.metadata: calls.Metadata = tuple(context.invocation_metadata() or ())
        self.request_id = calls.request_id_of(self.metadata)
        self.status = StatusCode.OK.name
        self.actor: str | None = None
        self.refusal: Refusal | None = None
        self.reason: str | None = None
        self._context = context
        self._metrics = metrics
        # As over REST, an incoming `traceparent` is ignored.
        self._spanning = traces.span(self.name, Role.ANSWERS, request_id=self.request_id) if traces else None

    @property
    def name(self) -> str:
        """The method name without its service."""
        return self.method.rpartition("/")[2]

    def __enter__(self) -> Self:
        self._began = perf_counter()
        # gRPC runs each call in a separate task, so this needs no cleanup.
        structlog.contextvars.bind_contextvars(request_id=self.request_id)
        self._span = self._spanning.__enter__() if self._spanning else None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, asyncio.CancelledError | GeneratorExit):
            left: float | None = self._context.time_remaining()
            late = left is not None and left <= _TRAVEL_SECONDS
            self.status = (StatusCode.DEADLINE_EXCEEDED if late else StatusCode.CANCELLED).name
        seconds = perf_counter() - self._began
        self._metrics.called(self.name, self.status, seconds)
        self._log(seconds)
        if self._span is not None and self._spanning is not None:
            self._span.note(status=self.status)
            if self.status in _OUR_FAULTS:
                self._span.failed(self.status)
            # The exception is not recorded: expected errors are raised too, and most are not server faults.
            self._spanning.__exit__(None, None, None)

    async def end(self) -> None:
        """Send the trailing metadata. If the call failed, abort it, which raises."""
        trailing: list[tuple[str, str | bytes]] = [(calls.REQUEST_ID, self.request_id)]
        refusal = self.refusal
        if refusal is None:
            self._context.set_trailing_metadata(tuple(trailing))
            return
        self.status = refusal.code.name
        trailing.append((STATUS_DETAILS, refusal.status()))
        await self._context.abort(refusal.code, refusal.message, tuple(trailing))

    def _log(self, seconds: float) -> None:
        facts: dict[str, object] = {
            "path": self.method,
            "status": self.status,
            "duration_ms": round(seconds * 1000, 2),
        }
        if self.actor is not None:
            facts["actor"] = self.actor
        if self.refusal is not None:
            facts["code"] = self.refusal.reason
        if self.reason is not None:
            facts["reason"] = self.reason
        _log.info("call", **facts)
