import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import Any, TypeAlias

import grpc
import structlog
from grpc import StatusCode

from core.domain.errors import DomainError
from core.domain.event_streams import StreamEnded
from entrypoints.grpc_api import calls
from entrypoints.grpc_api.calls import Authentication
from entrypoints.grpc_api.errors import Refusal, ended, refusal_of, too_slow, unexpected
from ports.alerts import Alerts
from ports.metrics import Metrics

# A caller's time began before ours: at their deadline they hang up while a little seems to be left here.
_TRAVEL_SECONDS = 0.2

_log = structlog.get_logger(__name__)

_OURS = "/crewkit."
_DETAILS = "grpc-status-details-bin"
# As over REST: whoever gives no deadline is not waited for without end.
SECONDS = 30.0

Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"
Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"
Details = grpc.HandlerCallDetails


class Envelope(grpc.aio.ServerInterceptor):
    """Give every call its caller, request id, log line and figures, and every failure its form.

    Health and reflection are anyone's and pass by. The only interceptor: what it wraps, it keeps.
    """

    def __init__(
        self, authenticate: Authentication, metrics: Metrics, alerts: Alerts, *, seconds: float = SECONDS
    ) -> None:
        self._authenticate = authenticate
        self._metrics = metrics
        self._alerts = alerts
        self._seconds = seconds
        self._wrapped: dict[str, Handler] = {}

    async def intercept_service(
        self,
        continuation: Callable[[Details], "Awaitable[Handler | None]"],
        handler_call_details: Details,
    ) -> "Handler | None":
        """Return what answers this method."""
        method = handler_call_details.method
        known = self._wrapped.get(method)
        if known is None:
            known = await continuation(handler_call_details)
            # None is of a method there is not, which any caller may make up.
            if known is not None and method.startswith(_OURS):
                known = self._wrapped[method] = self._wrap(method, known)
        return known

    def _wrap(self, method: str, handler: Handler) -> Handler:
        if handler.response_streaming:
            assert handler.unary_stream is not None  # the contract has no streams of requests
            return grpc.unary_stream_rpc_method_handler(
                self._streamed(method, handler.unary_stream),
                handler.request_deserializer,
                handler.response_serializer,
            )
        assert handler.unary_unary is not None
        return grpc.unary_unary_rpc_method_handler(
            self._answered(method, handler.unary_unary),
            handler.request_deserializer,
            handler.response_serializer,
        )

    def _answered(self, method: str, answer: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
        async def answered(request: object, context: Context) -> object:
            found: object = None
            with self._told(method, context) as told:
                try:
                    async with asyncio.timeout(self._seconds) as limit:
                        await self._admit(told)
                        found = await answer(request, context)
                except TimeoutError as error:
                    told.refusal = too_slow(told.request_id) if limit.expired() else self._crash(told, error)
                except Exception as error:  # noqa: BLE001 - nothing of it may reach the caller
                    told.refusal = self._refusal(told, error)
                await told.end()
            return found

        return answered

    def _streamed(self, method: str, stream: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
        # Each message is sent from here, so that a caller who leaves ends the stream here and now.
        async def streamed(request: object, context: Context) -> None:
            with self._told(method, context) as told:
                try:
                    await self._admit(told)
                    async with aclosing(stream(request, context)) as messages:
                        async for message in messages:
                            await context.write(message)
                except StreamEnded as end:
                    told.refusal = ended(end.reason, told.request_id)
                except Exception as error:  # noqa: BLE001 - nothing of it may reach the caller
                    told.refusal = self._refusal(told, error)
                await told.end()

        return streamed

    async def _admit(self, told: "_Told") -> None:
        call = await self._authenticate(told.metadata, told.request_id)
        told.actor = call.actor.name
        calls.begin(call)

    def _refusal(self, told: "_Told", error: Exception) -> Refusal:
        if isinstance(error, DomainError):
            told.reason = getattr(error, "reason", None)
            return refusal_of(error, told.request_id)
        return self._crash(told, error)

    def _crash(self, told: "_Told", error: Exception) -> Refusal:
        _log.error("unexpected_error", path=told.method, exc_info=error)
        self._alerts.alert(
            "unexpected_error", f"{type(error).__name__} in {told.method}", request_id=told.request_id
        )
        return unexpected(told.request_id)

    @contextmanager
    def _told(self, method: str, context: Context) -> Iterator["_Told"]:
        """Tell of a call when it has ended, however it did."""
        metadata: calls.Metadata = tuple(context.invocation_metadata() or ())
        told = _Told(method, context, metadata, calls.request_id_of(metadata))
        started = perf_counter()
        # gRPC answers each call in a task of its own, so nothing has to take this back.
        structlog.contextvars.bind_contextvars(request_id=told.request_id)
        try:
            yield told
        except (asyncio.CancelledError, GeneratorExit):
            left: float | None = context.time_remaining()
            late = left is not None and left <= _TRAVEL_SECONDS
            told.status = (StatusCode.DEADLINE_EXCEEDED if late else StatusCode.CANCELLED).name
            raise
        finally:
            seconds = perf_counter() - started
            self._metrics.called(method.rpartition("/")[2], told.status, seconds)
            told.log(seconds)


@dataclass(slots=True)
class _Told:
    """What is known of a call while it is answered."""

    method: str
    context: Context
    metadata: calls.Metadata
    request_id: str
    status: str = StatusCode.OK.name
    actor: str | None = None
    refusal: Refusal | None = None
    reason: str | None = None

    async def end(self) -> None:
        """Send what stands after the answer; a refusal is raised to whoever called this."""
        trailing: list[tuple[str, str | bytes]] = [(calls.REQUEST_ID, self.request_id)]
        refusal = self.refusal
        if refusal is None:
            self.context.set_trailing_metadata(tuple(trailing))
            return
        self.status = refusal.code.name
        trailing.append((_DETAILS, refusal.status()))
        await self.context.abort(refusal.code, refusal.message, tuple(trailing))

    def log(self, seconds: float) -> None:
        """Write the call's one line."""
        facts = {
            "path": self.method,
            "status": self.status,
            "duration_ms": round(seconds * 1000, 2),
            "actor": self.actor,
            "code": self.refusal.reason if self.refusal else None,
            "reason": self.reason,
        }
        _log.info("call", **{name: value for name, value in facts.items() if value is not None})
