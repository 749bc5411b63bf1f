"""Fixtures for tests that need real servers (tests/support/servers/servers.py)."""

import gc
import os
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from hypothesis import settings

from tests.support.servers.servers import Servers, create_template, flush_redis, new_database, run_servers

# Without bytecode files, each of the hundreds of processes that tests start would compile the same sources.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
# The garbage collector would search the thousands of collected tests again and again: a fifth of the time of collecting
# them, and a tenth of the time of short tests.
gc.disable()
# structlog would render tracebacks with rich, which the test tools install: up to a second for each.
structlog.dev.ConsoleRenderer.get_active().exception_formatter = structlog.dev.plain_traceback

# How many examples property tests try. `make unit` takes "quick"; `--hypothesis-profile=thorough` searches for long.
# A busy machine makes single examples slow, which is not an error of the code.
settings.register_profile("everyday", max_examples=60, deadline=None)
settings.register_profile("quick", parent=settings.get_profile("everyday"), max_examples=15)
settings.register_profile("thorough", parent=settings.get_profile("everyday"), max_examples=3000)
settings.load_profile("everyday")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let a run name a larger folder of payloads than the repository holds."""
    parser.addoption("--corpus", type=Path, help="a folder of payloads, EVENT/NAME.json, to replay")


# Files with long tests are in these; those of all others take seconds and fill what time is left.
_LONG = ("integration", "contract")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes long, so that no process is left alone with it; refuse ids that two tests share.

    Of several tests with one id, those who distribute tests to processes run one, and say nothing.
    """
    shared = [name for name, count in Counter(item.nodeid for item in items).items() if count > 1]
    if shared:
        raise pytest.UsageError(f"Several tests have the id {shared[0]}, and only one of them would be run.")
    items.sort(key=_is_short)


def pytest_collection_finish() -> None:
    """Let the garbage collector search only what tests create."""
    gc.freeze()
    gc.enable()


def _is_short(item: pytest.Item) -> bool:
    return not any(f"tests/{folder}/" in item.nodeid for folder in _LONG)


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """Run PostgreSQL and Redis for the session."""
    with run_servers() as running:
        yield running


@pytest.fixture(scope="session")
def database_template(servers: Servers) -> Iterator[str]:
    """Name a database at the newest migration, which nobody may connect to."""
    with create_template(servers) as name:
        yield name


@pytest.fixture
def database_url(servers: Servers, database_template: str) -> Iterator[str]:
    """Give a database at the newest migration to one test alone."""
    with new_database(servers.database_url, database_template) as url:
        yield url


@pytest.fixture
def redis_url(servers: Servers) -> Iterator[str]:
    """Give an empty Redis to one test alone."""
    with flush_redis(servers) as url:
        yield url
