#!/bin/sh
# Make the virtual environment ready: `dev/setup.sh run` for the program, `dev/setup.sh dev` for tests and checks too.
# Needs nothing but a POSIX shell and some Python from 3.11 on. Does nothing (in a moment) when all is in place.
set -u
cd "$(dirname "$0")/.." || exit 2
kind=${1:-run}
venv=${MAILROOM_VENV:-.venv}
needed_megabytes=700
usable='import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))'

fail() {
    echo "$*" >&2
    exit 2
}

# Every Python by name, on the PATH and where it is often put besides; each name as often as it is found, since the first
# may be a shim that does not work.
candidates() {
    [ -n "${PYTHON:-}" ] && command -v "$PYTHON"
    for name in python3.13 python3.12 python3.11 python3.14 python3 python; do
        old_ifs=$IFS
        IFS=:
        for folder in $PATH ${MAILROOM_PYTHON_FOLDERS-/usr/local/bin:/usr/bin:/opt/homebrew/bin}; do
            [ -x "$folder/$name" ] && echo "$folder/$name"
        done
        IFS=$old_ifs
    done
}

works() {
    "$1" -c "$usable" >/dev/null 2>&1 </dev/null
}

# A virtual environment without Debian's ensurepip: pip from wherever there is one.
bootstrap() {
    "$1" -m venv --clear --without-pip "$venv" >/dev/null 2>&1 || return 1
    for wheel in /usr/share/python-wheels/pip-*.whl; do
        [ -f "$wheel" ] && "$venv/bin/python" "$wheel/pip" install --quiet --no-index "$wheel" >/dev/null 2>&1 && return 0
    done
    for other in $pythons; do
        "$other" -m pip --python "$venv/bin/python" install --quiet pip >/dev/null 2>&1 && return 0
    done
    return 1
}

make_venv() {
    pythons=$(candidates | while read -r python; do works "$python" && echo "$python"; done | awk '!seen[$0]++')
    [ -n "$pythons" ] || fail "No usable Python was found: install Python 3.11 or newer (up to 3.14), or name it: make PYTHON=/path/to/python3.11"
    echo "Making the virtual environment in $venv ..."
    for python in $pythons; do
        "$python" -m venv --clear "$venv" >/dev/null 2>&1 && "$venv/bin/python" -m pip --version >/dev/null 2>&1 && return 0
    done
    for python in $pythons; do
        bootstrap "$python" && "$venv/bin/python" -m pip --version >/dev/null 2>&1 && return 0
    done
    rm -rf "$venv"
    fail "The Python found ($(echo $pythons | cut -d' ' -f1)) cannot make virtual environments: install its venv package (on Debian: python3-venv)."
}

# What is installed, by content: a checkout gives files new times.
mark() {
    cat "$@" | cksum | cut -d' ' -f1
}

install() {
    stamp=$1
    shift
    wanted=$(mark "$@")
    [ "$(cat "$venv/$stamp" 2>/dev/null)" = "$wanted" ] && return 0
    free=$(df -Pm . | awk 'NR == 2 {print $4}')
    [ "${free:-0}" -ge "$needed_megabytes" ] || fail "There is too little disk space here: ${free:-0} MB free, $needed_megabytes MB needed."
    echo "Installing the packages ..."
    set -- $(printf -- '-r %s ' "$@")
    # The locks name everything: left to look for itself, pip takes a newer release than theirs for a requirement with an
    # extra, and then refuses it for want of a hash.
    "$venv/bin/python" -m pip install --quiet --no-compile --disable-pip-version-check --no-input --no-deps --require-hashes "$@" >"$venv/pip.log" 2>&1 ||
        fail "The packages could not be installed (is there a network?): $(grep -v '^$' "$venv/pip.log" | tail -n 1 | cut -c1-300) (all of it: $venv/pip.log)"
    echo "$wanted" >"$venv/$stamp"
}

works "$venv/bin/python" && "$venv/bin/python" -m pip --version >/dev/null 2>&1 || make_venv
if [ "$kind" = dev ]; then
    install .installed-dev requirements.txt requirements-dev.txt
else
    # What the tests need contains what the program needs.
    [ "$(cat "$venv/.installed-dev" 2>/dev/null)" = "$(mark requirements.txt requirements-dev.txt)" ] || install .installed-run requirements.txt
fi
