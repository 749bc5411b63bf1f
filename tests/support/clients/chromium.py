"""Find the Chromium of this machine; without one the browser tests fail and say how to get it."""

import os
import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_MISSING = (
    "The browser tests need a Chromium: `make chromium` installs one, or name yours in CREWKIT_GIT_TEST_CHROMIUM."
)


def find_chromium() -> str:
    """Return the path of one: the named one, the system's, or Playwright's own."""
    named = os.environ.get("CREWKIT_GIT_TEST_CHROMIUM")
    candidates = [named] if named else map(shutil.which, _NAMES)
    found = next((one for one in candidates if one and Path(one).is_file()), None)
    if found is None and not named and Path(own := _own()).is_file():
        found = own
    if found is not None:
        return found
    raise LookupError(_MISSING)


def _own() -> str:
    with sync_playwright() as playwright:
        return playwright.chromium.executable_path


if __name__ == "__main__":
    try:
        sys.stdout.write(f"{find_chromium()}\n")
    except LookupError as missing:
        sys.exit(str(missing))
