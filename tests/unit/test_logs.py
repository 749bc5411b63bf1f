"""A process writes all log lines to one stream, in one format."""

import json
import subprocess
import sys
from pathlib import Path

PROGRAM = """
import logging, sys, warnings
import structlog
from adapters.observability.logs import configure_logs

log = structlog.get_logger(__name__)
library = logging.getLogger("uvicorn.error")
library.addHandler(logging.StreamHandler(sys.stdout))
library.propagate = False
configure_logs(level="INFO", development=sys.argv[1] == "development")

with structlog.contextvars.bound_contextvars(request_id="r-1"):
    log.info("delivery_received", lane=7, url="https://u:s3cret@h/")
log.debug("unseen")
library.warning("from a library: %s", "Bearer s3cret-s3cret")
logging.getLogger("httpx").info("unseen")
def fail(argument):
    raise ValueError("password=s3cret")
try:
    fail("local s3cret")
except ValueError:
    log.exception("broken")
    library.exception("broken too")
warnings.warn("beware")
"""


def run(environment: str) -> list[str]:
    """Run the program in a separate process, since the logging configuration is global."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, environment],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2] / "src",
    )
    assert done.stdout == ""
    assert "s3cret" not in done.stderr
    assert "unseen" not in done.stderr
    return done.stderr.splitlines()


def test_every_line_is_one_json_object() -> None:
    """Of this service and of libraries, with context, and with stacks without variables."""
    lines = [json.loads(line) for line in run("production")]

    assert [line["event"] for line in lines[:4]] == [
        "delivery_received",
        "from a library: Bearer [redacted]",
        "broken",
        "broken too",
    ]
    assert lines[0] == {
        "time": lines[0]["time"],
        "level": "info",
        "event": "delivery_received",
        "request_id": "r-1",
        "lane": 7,
        "url": "https://[redacted]@h/",
    }
    assert lines[0]["time"].endswith("Z")
    assert [line["level"] for line in lines[:5]] == ["info", "warning", "error", "error", "warning"]
    assert "request_id" not in lines[1]
    assert lines[1]["logger"] == "uvicorn.error"
    assert "in fail" in lines[2]["exception"]
    assert "in fail" in lines[3]["exception"]
    assert "beware" in lines[4]["event"]


def test_development_logs_are_readable_and_redacted() -> None:
    """Developers read them, and paste them elsewhere."""
    text = "\n".join(run("development"))

    assert "delivery_received" in text
    assert "request_id=r-1" in text
    assert "in fail" in text
