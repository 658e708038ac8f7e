#!/bin/sh
# Usage: tools/install.sh REQUIREMENTS
# Makes .venv if it is missing and installs REQUIREMENTS into it, hashes checked, then
# the package itself, editable. Says one clear sentence when the machine lacks something.
set -eu

say() { printf '%s\n' "$*" >&2; }

find_python() {
    for candidate in "${PYTHON:-python3}" python3.13 python3.12 python3.11; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    say "Broadsheet needs Python 3.11 or newer; install it, or name it: make PYTHON=/path/to/python3.11."
    return 1
}

make_venv() {
    python=$(find_python)
    if "$python" -m venv .venv >/dev/null 2>&1; then
        return
    fi
    rm -rf .venv
    # Debian keeps venv's own installer in a package apart.
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        say "Installing python3-venv…"
        { apt-get -qq update && apt-get -qq install -y python3-venv; } >/dev/null 2>&1 || true
        "$python" -m venv .venv >/dev/null 2>&1 && return
        rm -rf .venv
    fi
    say "$python cannot make a virtual environment; on Debian and Ubuntu: apt-get install python3-venv."
    return 1
}

[ -x .venv/bin/python ] || make_venv
say "Installing $1 (hashes checked)…"
pip() { .venv/bin/python -m pip --disable-pip-version-check "$@"; }
pip install -qq --require-hashes --no-deps -r requirements-build.txt
pip install -qq --require-hashes --no-deps -r "$1"
pip install -qq --no-deps --no-build-isolation --editable .
