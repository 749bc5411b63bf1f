"""What every `Alerts` promises, and what goes to Sentry."""

import gzip
import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from queue import Queue
from threading import Thread
from typing import Any
from uuid import uuid4

import pytest
from sentry_sdk.envelope import Envelope
from sentry_sdk.transport import Transport
from structlog.testing import capture_logs

from adapters.observability.logs import LoggedAlerts
from adapters.observability.sentry import SentryAlerts
from core.domain.secret import Secret
from ports.system import Alerts

DSN = Secret("https://public@sentry.example/1")


class Collected(Transport):
    """Sentry's end of the wire: keeps what arrives, or breaks."""

    def __init__(self, *, broken: bool = False) -> None:
        super().__init__()
        self.broken = broken
        self.events: list[dict[str, Any]] = []

    def capture_envelope(self, envelope: Envelope) -> None:
        """Keep the event as it would be sent."""
        if self.broken:
            raise OSError("no route to host")
        for item in envelope.items:
            self.events.append(json.loads(item.get_bytes()))


def sentry(transport: Transport) -> SentryAlerts:
    """Give alerts that go to this transport."""
    return SentryAlerts(DSN, environment="production", also=LoggedAlerts(), transport=transport)


@pytest.fixture(params=["logged", "sentry", "sentry that is broken"])
def alerts(request: pytest.FixtureRequest) -> Iterator[Alerts]:
    """Give each adapter."""
    if request.param == "logged":
        yield LoggedAlerts()
        return
    made = sentry(Collected(broken=request.param == "sentry that is broken"))
    yield made
    made.close()


def test_logs_an_alert_and_does_not_raise(alerts: Alerts) -> None:
    """An alert follows an error, so it must not cause another. The log has it even if Sentry is down."""
    with capture_logs() as lines:
        alerts.alert("event_failed", "A delivery could not be processed.", delivery_id="d-1", lane=None)

    assert lines[0] == (
        {
            "event": "alert",
            "log_level": "error",
            "code": "event_failed",
            "message": "A delivery could not be processed.",
            "delivery_id": "d-1",
            "lane": None,
        }
    )


def test_sentry_groups_by_code() -> None:
    """A thousand failed events are one issue."""
    received = Collected()
    sentry(received).alert("event_failed", "A delivery could not be processed.", delivery_id="d-1")

    (event,) = received.events
    assert event["fingerprint"] == ["event_failed"]
    assert event["tags"] == {"code": "event_failed"}
    assert event["extra"]["delivery_id"] == "d-1"
    assert event["environment"] == "production"


def fail(token: str) -> None:
    """Raise with a secret in a variable and in the text."""
    raise ValueError(f"password={token}")


def test_sentry_receives_the_stack_without_variables_or_secrets() -> None:
    """The stack helps to find the fault; variables would leak credentials."""
    received = Collected()
    secret = uuid4().hex  # not written in this file, whose lines are sent
    try:
        fail(secret)
    except ValueError:
        sentry(received).alert(
            "unexpected_error", "See ghs_16C7e42F292c6912E7710c838347Ae178B4a", url=f"https://u:{secret}@h"
        )

    (event,) = received.events
    text = json.dumps(event)
    assert secret not in text
    assert event["message"] == "See [redacted]"
    assert '"vars"' not in text
    frames = event["exception"]["values"][0]["stacktrace"]["frames"]
    assert frames[-1]["function"] == "fail"


def test_sentry_receives_nothing_about_the_process() -> None:
    """No request, breadcrumb, command line, environment or list of modules."""
    received = Collected()
    sentry(received).alert("x", "y")

    assert not {"request", "user", "modules"} & received.events[0].keys()
    assert not received.events[0].get("breadcrumbs", {}).get("values")
    assert "sys.argv" not in received.events[0].get("extra", {})


def test_sends_sentry_one_envelope_to_the_address_of_the_dsn() -> None:
    """With its project and key, and without secrets."""
    arrived: Queue[tuple[str, str, bytes]] = Queue()

    class Sink(BaseHTTPRequestHandler):
        """Keeps what is posted to it."""

        def do_POST(self) -> None:
            """Answer as Sentry does."""
            body = self.rfile.read(int(self.headers["content-length"]))
            if self.headers.get("content-encoding") == "gzip":
                body = gzip.decompress(body)
            arrived.put((self.path, self.headers["x-sentry-auth"], body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_args: Any, **_names: Any) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Sink) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        dsn = Secret(f"http://public@127.0.0.1:{server.server_port}/7")
        alerts = SentryAlerts(dsn, environment="production", also=LoggedAlerts())
        alerts.alert("event_failed", "See ghs_16C7e42F292c6912E7710c838347Ae178B4a", delivery_id="d-1")
        path, auth, body = arrived.get(timeout=10)
        alerts.close()
        server.shutdown()

    assert path == "/api/7/envelope/"
    assert "sentry_key=public" in auth
    assert b'"delivery_id":"d-1"' in body
    assert b"ghs_" not in body
