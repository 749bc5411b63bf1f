import logging
from http import HTTPStatus
from time import perf_counter

import structlog
from starlette.requests import ClientDisconnect
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from entrypoints.rest.http import request_ids
from entrypoints.rest.http.paths import template_of
from ports.alerts import Alerts
from ports.metrics import Metrics

_log = structlog.get_logger(__name__)

# An answer of ours is never guessed to be another type, framed, cached on the way, or named in a referrer.
SECURITY_HEADERS: dict[bytes, bytes] = {
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"no-referrer",
    b"content-security-policy": b"default-src 'none'; base-uri 'none'; frame-ancestors 'none'",
    b"cross-origin-resource-policy": b"same-origin",
    b"cache-control": b"no-store",
}
# Two years, as lists of https-only hosts ask; of other hosts of the domain it is not ours to say.
_ENCRYPTED_ONLY = (b"strict-transport-security", b"max-age=63072000")
_UNMATCHED = "unmatched"
PROBES = frozenset({"/healthz", "/readyz", "/metrics"})


def security_headers(*, is_encrypted: bool) -> list[tuple[bytes, bytes]]:
    """Return what every answer has; `is_encrypted` says that browsers reach us by https."""
    return [*SECURITY_HEADERS.items(), *([_ENCRYPTED_ONLY] if is_encrypted else [])]


class Envelope:
    """Give every answer its request id and headers, every request one log line, every crash an alert.

    Plain ASGI around the framework, so that not even its last resort answers without them.
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
        request_id = request_ids.request_id_of(scope)
        started = perf_counter()
        status: int | None = None

        async def send_enveloped(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = message["headers"] = list(message.get("headers", ()))
                given = {name.lower() for name, _ in headers}
                headers += [item for item in self._headers if item[0] not in given]
                headers.append((request_ids.HEADER, request_id.encode()))
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self._app(scope, receive, send_enveloped)
            except ClientDisconnect:
                _log.info("client_disconnected", method=scope["method"], path=scope["path"])
                return
            except Exception as error:  # noqa: BLE001 - the framework has answered; the server has nothing to add
                _log.exception("unexpected_error", method=scope["method"], path=scope["path"])
                self._alerts.alert(
                    "unexpected_error",
                    f"{type(error).__name__} in {scope['method']} {_route(scope)}. This is a bug. Report the "
                    "stack trace in the log.",
                    request_id=request_id,
                )
            seconds = perf_counter() - started
            if self._metrics is not None:
                self._metrics.observe_http_request(scope["method"], _template(scope), status or 500, seconds)
            _log_request(scope, status, seconds)


def _log_request(scope: Scope, status: int | None, seconds: float) -> None:
    refusal = scope.get("refusal")
    facts = {
        "method": scope["method"],
        # Without the query, which can contain the codes and states of browser flows.
        "path": scope["path"],
        "status": status,
        "duration_ms": round(seconds * 1000, 2),
        "actor": scope.get("actor"),
        "code": refusal.code if refusal else None,
        "reason": getattr(refusal, "reason", None),
    }
    routine = scope["path"] in PROBES and status == HTTPStatus.OK
    level = logging.DEBUG if routine else logging.INFO
    _log.log(level, "request", **{name: value for name, value in facts.items() if value is not None})


def _template(scope: Scope) -> str:
    """Return the template of the path, which is the same for all ids in it."""
    route = scope.get("route")
    return template_of(route.path) if isinstance(route, Route) else _UNMATCHED


def _route(scope: Scope) -> str:
    """Name the route rather than the path, so that one fault is one alert."""
    endpoint = scope.get("endpoint")
    return getattr(endpoint, "__name__", "an unknown route")
