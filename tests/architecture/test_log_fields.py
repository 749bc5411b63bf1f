"""Log lines use only documented keys and events."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from adapters.observability.log_fields import LOG_EVENTS, LOG_FIELDS
from tests.support.reference.logs import log_events

ROOT = Path(__file__).parents[2]
SOURCES = [path for folder in ("src", "sandbox") for path in (ROOT / folder).rglob("*.py")]
METHODS = {"debug", "info", "warning", "error", "critical", "exception", "log"}


def keys_logged(source: Path) -> Iterator[tuple[str, str]]:
    """Give every key of every call on a name that is `_log`, with the place of the call."""
    for node in ast.walk(ast.parse(source.read_text())):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id="_log"), attr=attribute)) if attribute in METHODS:
                for keyword in node.keywords:
                    if keyword.arg and keyword.arg != "exc_info":
                        yield keyword.arg, f"{source.relative_to(ROOT)}:{node.lineno}"


def test_every_logged_key_is_in_the_vocabulary() -> None:
    """Two words for one thing would make a search miss half of it."""
    logged = [found for source in SOURCES for found in keys_logged(source)]
    strange = [f"{key} at {place}" for key, place in logged if key not in LOG_FIELDS]

    assert strange == []
    assert len(logged) > 10


def test_loggers_have_one_name() -> None:
    """The vocabulary test sees calls on `_log` alone, so a logger of another name would escape it."""
    strange = []
    for source in SOURCES:
        for node in ast.walk(ast.parse(source.read_text())):
            if isinstance(node, ast.Assign) and "structlog.get_logger(" in ast.unparse(node.value):
                strange += [f"{ast.unparse(name)} in {source}" for name in node.targets if ast.unparse(name) != "_log"]

    assert strange == []


def test_every_documented_event_is_logged() -> None:
    """The opposite fails in `make reference`: an event without a meaning has no row."""
    assert set(re.findall(r"^\| `(\w+)` \|", log_events(), re.MULTILINE)) == LOG_EVENTS.keys()
