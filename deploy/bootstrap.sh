#!/bin/sh
# Create .venv with exactly the locked dependencies. Needs Python 3.11 or 3.12 and a package index; no root.
# Usage: bootstrap.sh runtime|complete ID
#   runtime   the service, and Node to build the dashboard: what `make run` needs
#   complete  also the tools of tests and checks
# Afterwards .venv/runtime-ID, and .venv/complete-ID if complete, exist. ID is of this directory. PYTHON names a
# Python to use.
set -eu
cd "$(dirname "$0")/.."
extent=$1
id=$2
uv_version=0.13.9
# An environment that happens to be active must not be the one that is filled.
unset VIRTUAL_ENV UV_PROJECT_ENVIRONMENT PYTHONHOME PYTHONPATH

say() { printf '%s\n' "$*"; }
fail() { printf '\n%s\n' "$*" >&2; exit 1; }
right_version() { "$1" -c 'import sys; sys.exit(sys.version_info[:2] not in ((3, 11), (3, 12)))' >/dev/null 2>&1; }
# Compiled once here: where Python may not write bytecode, every start of every process would compile it all again.
# Quiet, because uv would list every package; its errors are shown all the same.
sync() {
    case $extent in
        # Inexact, so that tools which are installed already are kept.
        runtime) set -- --no-default-groups --group dashboard --inexact "$@" ;;
    esac
    .venv/bin/python -m uv sync --quiet --frozen --compile-bytecode --python .venv/bin/python "$@"
}

# Each is run, not only looked for: a version manager's shim exists for versions that are not installed.
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
    fail "This needs Python 3.11 or 3.12 and found $found: install one," \
        "or name it, as in: make run PYTHON=/path/to/python3.12"
}

# Absolute paths are inside it: one copied along with the tree would run the code of the tree it came from.
for other in .venv/complete-* .venv/runtime-*; do
    if [ -e "$other" ] && [ "${other##*-}" != "$id" ]; then rm -rf .venv; fi
done
if ! right_version .venv/bin/python || ! .venv/bin/python -c 'import pip' 2>/dev/null; then
    find_python
    say "[1/3] making .venv with $("$python" --version)"
    rm -rf .venv
    "$python" -m venv .venv
fi
if [ "$(.venv/bin/python -m uv --version 2>/dev/null | cut -d' ' -f2)" != "$uv_version" ]; then
    say "[2/3] installing uv $uv_version"
    .venv/bin/python -m pip --disable-pip-version-check --quiet install --retries 2 "uv==$uv_version" ||
        fail "uv could not be installed: if pip reports no connection above, connect to the network and try again."
fi
case $extent in
    runtime) say "[3/3] installing the service's dependencies and Node (140 MB to download the first time)" ;;
    complete) say "[3/3] installing all dependencies and the test tools (300 MB to download the first time)" ;;
esac
# First with the certificates this machine trusts, a company's own perhaps among them; a bare one may have none.
sync --system-certs || { say "trying once more with uv's own list of certificates"; sync; } ||
    fail "The dependencies could not be installed. uv's message above says why. Without a connection: connect to" \
        "the network and try again. Behind a proxy: set HTTPS_PROXY, and SSL_CERT_FILE to a file with its CA."
touch ".venv/runtime-$id"
[ "$extent" = runtime ] || touch ".venv/complete-$id"
