from collections.abc import Callable
from http import HTTPStatus

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from entrypoints.rest.http.envelope import PROBES
from ports.traces import SpanRole, Traces


class Traced:
    """Make a span of every request but probes.

    A `traceparent` that a request has is not taken up: browsers and whoever else reaches this interface must
    not choose what is recorded, or put their requests into traces of others.
    """

    def __init__(self, app: ASGIApp, traces: Traces, *, is_delivery: Callable[[str], bool]) -> None:
        self._app = app
        self._traces = traces
        self._is_delivery = is_delivery

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http" or scope["path"] in PROBES:
            await self._app(scope, receive, send)
            return
        with self._traces.start_span("request", SpanRole.SERVER, method=scope["method"]) as span:

            async def send_noted(message: Message) -> None:
                if message["type"] == "http.response.start":
                    status = message["status"]
                    request_id = dict(message["headers"]).get(b"x-request-id", b"").decode()
                    span.rename(self._name(scope))
                    span.set_attributes(status=status, request_id=request_id)
                    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                        span.mark_failed(str(status))
                await send(message)

            await self._app(scope, receive, send_noted)

    def _name(self, scope: Scope) -> str:
        """Name what was asked for: paths hold ids, and there are as many as callers make up."""
        if self._is_delivery(scope["path"]):
            return "receive_delivery"
        return getattr(scope.get("endpoint"), "__name__", "an unknown route")
