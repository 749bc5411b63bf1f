"""Browser tests: the real service, its sandbox GitHub, and a real Chromium. `make e2e` runs them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from entrypoints.rest.dashboard.routes import BUILT_FILES
from tests.support.clients.chromium import find_chromium
from tests.support.scenarios.dashboard import Site
from tests.support.servers.up import run_up

_SECONDS = 10.0


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Run one Chromium for all tests; each person has a separate profile in it."""
    assert (BUILT_FILES / "index.html").is_file(), "The dashboard is not built: run `make dashboard`."
    path = find_chromium()
    expect.set_options(timeout=_SECONDS * 1000)
    with sync_playwright() as playwright:
        # The sandbox of Chromium does not run as root, as build servers do. All pages here are trusted.
        arguments = ["--no-sandbox", "--disable-background-networking"]
        running = playwright.chromium.launch(executable_path=path, args=arguments)
        yield running
        running.close()


@pytest.fixture(scope="module")
def site(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Run the service for one file of tests, with its own home directory."""
    home: Path = tmp_path_factory.mktemp("up") / "home"
    with run_up(home) as up:
        yield Site(up, browser)
