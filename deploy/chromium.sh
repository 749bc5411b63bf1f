#!/bin/sh
# Install Chromium for the browser tests if it is missing: the Debian package for root, otherwise Playwright's build.
set -eu
cd "$(dirname "$0")/.."
python=.venv/bin/python

found() { "$python" -m tests.support.clients.chromium 2>/dev/null; }

if found; then exit 0; fi
if command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; then
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium
else
    "$python" -m playwright install chromium
fi
found || {
    echo "Chromium could not be installed. Install it and set CREWKIT_GIT_TEST_CHROMIUM to its path." >&2
    exit 1
}
