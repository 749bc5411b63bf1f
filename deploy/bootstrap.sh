#!/bin/sh
# Make .venv with exactly the locked dependencies. Needs Python 3.11 or 3.12 and a package index; no root.
# Usage: bootstrap.sh STAMP   the file that says, by existing, that .venv is complete; PYTHON names a Python to use.
set -eu
cd "$(dirname "$0")/.."
stamp=$1
uv_version=0.13.9
# An environment that happens to be active must not be the one that is filled.
unset VIRTUAL_ENV UV_PROJECT_ENVIRONMENT PYTHONHOME PYTHONPATH

say() { printf '%s\n' "$*"; }
fail() { printf '\n%s\n' "$*" >&2; exit 1; }
right_version() { "$1" -c 'import sys; sys.exit(sys.version_info[:2] not in ((3, 11), (3, 12)))' >/dev/null 2>&1; }
# Compiled once here: where Python may not write bytecode, every start of every process would compile it all again.
sync() { .venv/bin/python -m uv sync --frozen --compile-bytecode --python .venv/bin/python "$@"; }

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
for other in .venv/complete-*; do
    if [ -e "$other" ] && [ "$other" != "$stamp" ]; then rm -rf .venv; fi
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
say "[3/3] installing the locked dependencies"
# First with the certificates this machine trusts, a company's own perhaps among them; a bare one may have none.
sync --system-certs || { say "trying once more with uv's own list of certificates"; sync; } ||
    fail "The dependencies could not be installed: if uv reports no connection above, connect to the network and" \
        "try again."
touch "$stamp"
