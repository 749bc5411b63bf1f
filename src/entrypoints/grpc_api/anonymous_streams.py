from collections import Counter
from collections.abc import Iterator
from contextlib import aclosing, contextmanager
from inspect import isasyncgen
from typing import Any

import grpc
import structlog

from core.domain.streams.stream import TooManyStreams
from entrypoints.grpc_api import calls
from entrypoints.grpc_api.errors import STATUS_DETAILS, to_grpc_error

# A client that watches the health of each service and of the server as a whole needs ten.
MAX_PER_CONNECTION = 16
MAX_PER_SERVICE = 500
_RETRY_AFTER = 10.0

_log = structlog.get_logger(__name__)


class AnonymousStreams:
    """Limits the streams that do not need a token: health and reflection.

    A caller can keep such a stream open forever, so their number is limited per connection, and per service
    over all connections.
    """

    def __init__(self, *, max_per_connection: int = MAX_PER_CONNECTION, max_per_service: int = MAX_PER_SERVICE) -> None:
        self._max_per_connection = max_per_connection
        self._max_per_service = max_per_service
        self._open: Counter[str] = Counter()

    def limit(self, method: str, handler: "grpc.RpcMethodHandler[Any, Any]") -> "grpc.RpcMethodHandler[Any, Any]":
        """Return a handler of this method that rejects a stream if too many are open."""
        service = method.split("/")[1]
        stream: Any = handler.stream_stream or handler.unary_stream
        wrap: Any = (
            grpc.stream_stream_rpc_method_handler if handler.request_streaming else grpc.unary_stream_rpc_method_handler
        )

        async def handle(request: object, context: Any) -> None:  # noqa: ANN401 - gRPC's own, without types
            try:
                with self._admit(service, context.peer()):
                    answers = stream(request, context)
                    if not isasyncgen(answers):
                        await answers
                        return
                    async with aclosing(answers):
                        async for answer in answers:
                            await context.write(answer)
            except TooManyStreams as error:
                await _refuse(method, error, context)

        handled: grpc.RpcMethodHandler[Any, Any] = wrap(
            handle, handler.request_deserializer, handler.response_serializer
        )
        return handled

    @contextmanager
    def _admit(self, service: str, peer: str) -> Iterator[None]:
        """Count a stream of the connection from `peer` while the block runs; raises `TooManyStreams`."""
        if self._open[peer] >= self._max_per_connection:
            raise TooManyStreams(
                f"This connection has {self._max_per_connection} health or reflection streams open. "
                "Close some, or try again later.",
                retry_after=_RETRY_AFTER,
            )
        if self._open[service] >= self._max_per_service:
            raise TooManyStreams(
                f"The server has {self._max_per_service} open streams of {service}. Try again later.",
                retry_after=_RETRY_AFTER,
            )
        keys = (service, peer)
        self._open.update(keys)
        try:
            yield
        finally:
            self._open.subtract(keys)
            for key in keys:
                if not self._open[key]:
                    del self._open[key]


async def _refuse(method: str, error: TooManyStreams, context: Any) -> None:  # noqa: ANN401 - as above
    request_id = calls.request_id_of(tuple(context.invocation_metadata() or ()))
    refusal = to_grpc_error(error, request_id)
    _log.info("call", path=method, status=refusal.code.name, code=refusal.reason)
    trailing = ((calls.REQUEST_ID, request_id), (STATUS_DETAILS, refusal.status()))
    await context.abort(refusal.code, refusal.message, trailing)
