"""The pages in `docs/reference`: text written by hand around tables made from the code."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.support.reference.commands import commands, options
from tests.support.reference.contract import domain_event_messages, domain_event_types, grpc_methods
from tests.support.reference.endpoints import endpoints
from tests.support.reference.errors import error_codes, stream_ends
from tests.support.reference.logs import alerts, log_events, log_keys
from tests.support.reference.metrics import alert_rules, metrics, process_metrics
from tests.support.reference.settings import settings

FOLDER = Path(__file__).parents[3] / "docs" / "reference"

TABLES: Mapping[str, Callable[[], str]] = {
    "alert-rules": alert_rules,
    "alerts": alerts,
    "commands": commands,
    "domain-event-messages": domain_event_messages,
    "domain-event-types": domain_event_types,
    "error-codes": error_codes,
    "grpc-methods": grpc_methods,
    "log-events": log_events,
    "log-keys": log_keys,
    "metrics": metrics,
    "options": options,
    "process-metrics": process_metrics,
    "rest-endpoints": endpoints,
    "settings": settings,
    "stream-ends": stream_ends,
}
"""Every table by the name that its page writes in `<!-- table: NAME -->`."""

BLOCK = re.compile(r"<!-- table: ([a-z-]+) -->\n(.*?)<!-- /table -->", re.DOTALL)


def fill(page: str) -> str:
    """Return the page with every table made again."""
    return BLOCK.sub(_block, page)


def without_tables(page: str) -> str:
    """Return what was written by hand."""
    return BLOCK.sub("", page)


def _block(match: re.Match[str]) -> str:
    name = match.group(1)
    return f"<!-- table: {name} -->\n{TABLES[name]()}\n<!-- /table -->"
