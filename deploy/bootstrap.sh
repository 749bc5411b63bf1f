#!/bin/sh
# Create .venv with exactly the locked dependencies. Needs Python 3.11 or 3.12 and a package index; no root.
# Usage: bootstrap.sh runtime|complete ID
#   runtime   the service, its local servers, and Node to build the dashboard: what `make run` needs
#   complete  also the tools of tests and checks
# When it is done, .venv/runtime-ID exists, and .venv/complete-ID if complete. ID identifies this directory.
# PYTHON can name the Python to use.
set -eu
cd "$(dirname "$0")/.."
extent=$1
id=$2
uv_version=0.13.9
# Do not install into an environment that is active in the caller's shell.
unset VIRTUAL_ENV UV_PROJECT_ENVIRONMENT PYTHONHOME PYTHONPATH

say() { printf '%s\n' "$*"; }
fail() { printf '\n%s\n' "$*" >&2; exit 1; }
right_version() { "$1" -c 'import sys; sys.exit(sys.version_info[:2] not in ((3, 11), (3, 12)))' >/dev/null 2>&1; }
# Compile once here. If Python cannot write bytecode, each process would compile everything again at each start.
# --quiet hides uv's list of packages; errors are still shown.
sync() {
    case $extent in
        # --inexact keeps tools that are already installed.
        runtime) set -- --no-default-groups --group dashboard --group local --inexact "$@" ;;
    esac
    .venv/bin/python -m uv sync --quiet --frozen --compile-bytecode --python .venv/bin/python "$@"
}

# Run each candidate: a version manager has shims for versions that are not installed.
find_python() {
    found=none
    for candidate in "${PYTHON:-python3.11}" "${PYTHON:-python3.12}" "${PYTHON:-python3}" "${PYTHON:-python}"; do
        if right_version "$candidate"; then
            python=$candidate
            "$python" -c 'import ensurepip, venv' >/dev/null 2>&1 && return
            found="$("$python" --version) that cannot make virtual environments (Debian: apt install python3-venv)"
        elif [ "$found" = none ]; then
            found=$("$candidate" --version 2>/dev/null) || found=none
        fi
    done
    fail "Python 3.11 or 3.12 is required; found: $found. Install a required version," \
        "or set its path: make run PYTHON=/path/to/python3.12"
}

# A .venv contains absolute paths. If it was copied with the directory, it would run the code of the original.
for other in .venv/complete-* .venv/runtime-*; do
    if [ -e "$other" ] && [ "${other##*-}" != "$id" ]; then rm -rf .venv; fi
done
if ! right_version .venv/bin/python || ! .venv/bin/python -c 'import pip' 2>/dev/null; then
    find_python
    say "[1/3] Creating .venv with $("$python" --version)"
    rm -rf .venv
    "$python" -m venv .venv
fi
if [ "$(.venv/bin/python -m uv --version 2>/dev/null | cut -d' ' -f2)" != "$uv_version" ]; then
    say "[2/3] Installing uv $uv_version"
    .venv/bin/python -m pip --disable-pip-version-check --quiet install --retries 2 "uv==$uv_version" ||
        fail "uv could not be installed. If pip reports a connection error above, connect to the network and try again."
fi
case $extent in
    runtime) say "[3/3] Installing the service's dependencies and Node.js (first download: 140 MB)" ;;
    complete) say "[3/3] Installing all dependencies and the test tools (first download: 300 MB)" ;;
esac
# First use the certificates that this machine trusts, which can include a company's own. A minimal system has none.
sync --system-certs || { say "Trying again with the certificates included in uv"; sync; } ||
    fail "The dependencies could not be installed. See uv's message above. If there is no connection, connect to" \
        "the network and try again. Behind a proxy, set HTTPS_PROXY, and SSL_CERT_FILE to a file with its CA."
touch ".venv/runtime-$id"
[ "$extent" = runtime ] || touch ".venv/complete-$id"
