#!/bin/sh
# Install a Chromium for the browser tests, if none is found: the system's package where there is one, else Playwright's.
set -eu
cd "$(dirname "$0")/.."
python=.venv/bin/python

found() { "$python" -m tests.support.chromium 2>/dev/null; }

if found; then exit 0; fi
if command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; then
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium
else
    "$python" -m playwright install chromium
fi
found || {
    echo "No Chromium could be installed: install one and name it in CREWKIT_GIT_TEST_CHROMIUM." >&2
    exit 1
}
