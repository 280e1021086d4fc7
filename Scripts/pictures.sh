#!/usr/bin/env bash
# Makes the pictures of README.md (Docs/pictures) from the made-up corpus of 'earmark demo', in light and dark:
#
#   Scripts/pictures.sh [PROGRAM]     (default: EARMARK, else .build/release/earmark)
#
# Needs Chromium and NumPy. The demo goes to the folder earmark in TMPDIR (/tmp) rather than to one that mktemp names:
# the recordings' paths are in the pictures, which would otherwise differ each time.
set -euo pipefail
cd "$(dirname "$0")/.."
fail() { printf 'pictures.sh: %s\n' "$*" >&2; exit 1; }

earmark=${1:-${EARMARK:-.build/release/earmark}}
[ -x "$earmark" ] || fail "no program at $earmark; expected one that 'make build' made, or another as argument"
python3 -c 'import numpy' 2>/dev/null || fail "no NumPy; expected the package python3-numpy"
python3 Scripts/bench/pictures.py --check ||
    fail "no Chromium on the PATH; expected the package chromium. Docs/pictures is unchanged"

demo=${TMPDIR:-/tmp}/earmark
mkdir "$demo" || fail "cannot make $demo; expected a TMPDIR in which nothing has this name"
trap 'rm -rf "$demo"' EXIT
"$earmark" demo --dir "$demo" >"$demo/output" 2>&1 || { cat "$demo/output" >&2; fail "'earmark demo' failed"; }
python3 Scripts/bench/pictures.py "$earmark" "$demo" Docs/pictures
