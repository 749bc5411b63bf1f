import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import structlog
from sentry_sdk import Client, Scope
from sentry_sdk.transport import Transport
from sentry_sdk.utils import event_from_exception
from urllib3.util import make_headers

from adapters.observability.redaction import redact
from core.domain.secret import Secret
from ports.system import Alerts

if TYPE_CHECKING:  # these names exist only for type checkers
    from sentry_sdk.types import Event, Hint

_FLUSH_SECONDS = 2.0
_log = structlog.get_logger(__name__)


class SentryAlerts(Alerts):
    """Passes alerts to `also`, then sends them to Sentry from a background thread.

    An event contains the code, the message, the facts, and the stack trace of the current exception without
    variables. The SDK's integrations are disabled: they read requests, breadcrumbs and command lines, which
    can contain secrets. The event is redacted as well.
    """

    def __init__(
        self,
        dsn: Secret,
        *,
        environment: str,
        also: Alerts,
        transport: Transport | None = None,
        proxy: str | None = None,
        ca_bundle: Path | None = None,
    ) -> None:
        self._also = also
        self._client = Client(
            dsn=dsn.reveal(),
            environment=environment,
            transport=transport,
            # An empty string means no proxy. None would read the environment.
            http_proxy=proxy or "",
            https_proxy=proxy or "",
            proxy_headers=_build_proxy_headers(proxy),
            ca_certs=str(ca_bundle) if ca_bundle else None,
            default_integrations=False,
            auto_enabling_integrations=False,
            # Both are needed: the SDK reads the second from its global client, and this client is not global.
            include_local_variables=False,
            data_collection={
                "user_info": False,
                "http_bodies": [],
                "database_query_data": False,
                "stack_frame_variables": False,
            },
            auto_session_tracking=False,
            send_client_reports=False,
            before_send=_redact_event,
        )

    def alert(self, code: str, message: str, **facts: str | int | None) -> None:
        """Queue one event, grouped by its code. If the queue is full, the event is dropped."""
        self._also.alert(code, message, **facts)
        try:
            self._send(code, message, facts)
        except Exception as error:  # noqa: BLE001 - the reported problem matters more
            _log.warning("alert_not_sent", code=code, error=f"{type(error).__name__}: {error}")

    def close(self) -> None:
        """Send the queued events, for at most two seconds."""
        self._client.close(timeout=_FLUSH_SECONDS)

    def _send(self, code: str, message: str, facts: Mapping[str, str | int | None]) -> None:
        event: Event = {}
        hint: Hint = {}
        current = sys.exception()
        if current is not None:
            event, hint = event_from_exception(current, client_options=self._client.options)
        event.update(
            {"level": "error", "message": message, "fingerprint": [code], "tags": {"code": code}, "extra": dict(facts)}
        )
        self._client.capture_event(event, hint, scope=Scope())


def _build_proxy_headers(proxy: str | None) -> dict[str, str] | None:
    """Return the header with the proxy's user and password. The SDK does not read them from the URL."""
    parts = urlsplit(proxy or "")
    if parts.username is None:
        return None
    credentials = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return make_headers(proxy_basic_auth=credentials)


def _redact_event(event: "Event", _hint: "Hint") -> "Event":
    redacted: Event = redact(event)
    return redacted
