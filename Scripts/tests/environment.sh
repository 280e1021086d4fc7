#!/usr/bin/env bash
# Makes a Python environment for tests, or leaves it if it is made of the same list already: environment.sh PLACE LIST WHAT
# LIST is a file of pip requirements, WHAT says in words what the environment is for. On failure the reason is the last line of
# standard output, and nothing is left behind.
set -uo pipefail
place=$1 list=$2
wanted=$(sha256sum "$list")
[ "$(cat "$place/made-of" 2>/dev/null)" = "$wanted" ] && exit 0
echo "making $place (once; $3)" >&2
mkdir -p "$(dirname "$place")"
rm -rf "$place"
python=python3
[ -x /usr/bin/python3 ] && python=/usr/bin/python3
log=$(mktemp)
trap 'rm -f "$log"' EXIT
fail() { rm -rf "$place"; echo "$*"; exit 1; }
"$python" -m venv "$place" >/dev/null 2>&1 || fail "'$python -m venv' fails (is python3-venv installed?)"
timeout 600 "$place/bin/pip" install -q --disable-pip-version-check -r "$list" >"$log" 2>&1 ||
    fail "pip cannot install them ($(grep -i error "$log" | tail -1))"
echo "$wanted" >"$place/made-of"
