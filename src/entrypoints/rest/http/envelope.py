"""Middleware around all responses: headers, logs, metrics, alerts and traces."""

import logging
from collections.abc import Callable
from http import HTTPStatus
from time import perf_counter

import structlog
from starlette.requests import ClientDisconnect
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from entrypoints.rest.http.paths import template_of
from entrypoints.rest.http.requests import REQUEST_ID_HEADER, request_id_of
from ports.system import Alerts
from ports.telemetry import Metrics, SpanRole, Traces

_log = structlog.get_logger(__name__)

# Browsers must not guess another type, show a response in a frame, cache it, or send its URL as a referrer.
_SECURITY_HEADERS: dict[bytes, bytes] = {
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"no-referrer",
    b"content-security-policy": b"default-src 'none'; base-uri 'none'; frame-ancestors 'none'",
    b"cross-origin-resource-policy": b"same-origin",
    b"cache-control": b"no-store",
}
# Two years, as lists of HTTPS-only hosts require. Without subdomains, because they may belong to other services.
_HSTS = (b"strict-transport-security", b"max-age=63072000")
_UNMATCHED = "unmatched"
_PROBES = frozenset({"/healthz", "/readyz", "/metrics"})


def security_headers(*, is_encrypted: bool) -> list[tuple[bytes, bytes]]:
    """Return the headers of all responses; `is_encrypted` if browsers use HTTPS."""
    return [*_SECURITY_HEADERS.items(), *([_HSTS] if is_encrypted else [])]


class Envelope:
    """Adds the request id and security headers to each response, and logs each request and each crash.

    Plain ASGI around the framework, so that it also applies to the framework's own responses.
    """

    def __init__(
        self, app: ASGIApp, alerts: Alerts, metrics: Metrics | None = None, *, is_encrypted: bool = False
    ) -> None:
        self._app = app
        self._metrics = metrics
        self._alerts = alerts
        self._headers = security_headers(is_encrypted=is_encrypted)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = request_id_of(scope)
        started = perf_counter()
        status: int | None = None

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = message["headers"] = list(message.get("headers", ()))
                names = {name.lower() for name, _ in headers}
                headers += [header for header in self._headers if header[0] not in names]
                headers.append((REQUEST_ID_HEADER, request_id.encode()))
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self._app(scope, receive, send_with_headers)
            except ClientDisconnect:
                _log.info("client_disconnected", method=scope["method"], path=scope["path"])
                return
            except Exception as error:  # noqa: BLE001 - the framework has sent a response already
                _log.exception("unexpected_error", method=scope["method"], path=scope["path"])
                self._alerts.alert(
                    "unexpected_error",
                    f"{type(error).__name__} in {scope['method']} {_endpoint_name(scope)}. This is a bug. Report the "
                    "stack trace in the log.",
                    request_id=request_id,
                )
            seconds = perf_counter() - started
            if self._metrics is not None:
                self._metrics.observe_http_request(scope["method"], _template(scope), status or 500, seconds)
            _log_request(scope, status, seconds)


def _log_request(scope: Scope, status: int | None, seconds: float) -> None:
    error = scope.get("error")
    fields = {
        "method": scope["method"],
        # Without the query, which can contain the codes and states of browser flows.
        "path": scope["path"],
        "status": status,
        "duration_ms": round(seconds * 1000, 2),
        "actor": scope.get("actor"),
        "code": error.code if error else None,
        "reason": getattr(error, "reason", None),
    }
    is_routine = scope["path"] in _PROBES and status == HTTPStatus.OK
    level = logging.DEBUG if is_routine else logging.INFO
    _log.log(level, "request", **{name: value for name, value in fields.items() if value is not None})


class Tracing:
    """Records a span for each request, except probes.

    The `traceparent` of a request is ignored: callers must not choose what is recorded, or add their requests to
    other traces.
    """

    def __init__(self, app: ASGIApp, traces: Traces, *, is_delivery: Callable[[str], bool]) -> None:
        self._app = app
        self._traces = traces
        self._is_delivery = is_delivery

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http" or scope["path"] in _PROBES:
            await self._app(scope, receive, send)
            return
        with self._traces.start_span("request", SpanRole.SERVER, method=scope["method"]) as span:

            async def send_and_record(message: Message) -> None:
                if message["type"] == "http.response.start":
                    status = message["status"]
                    request_id = dict(message["headers"]).get(REQUEST_ID_HEADER, b"").decode()
                    is_delivery = self._is_delivery(scope["path"])
                    span.rename("receive_delivery" if is_delivery else _endpoint_name(scope))
                    span.set_attributes(status=status, request_id=request_id)
                    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                        span.mark_failed(str(status))
                await send(message)

            await self._app(scope, receive, send_and_record)


def _template(scope: Scope) -> str:
    """Return the template of the path, which is the same for all ids in it."""
    route = scope.get("route")
    return template_of(route.path) if isinstance(route, Route) else _UNMATCHED


def _endpoint_name(scope: Scope) -> str:
    """Return a name without ids: one fault must be one alert, and callers can invent any number of paths."""
    return getattr(scope.get("endpoint"), "__name__", "an unknown route")
