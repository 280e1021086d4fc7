#!/usr/bin/env bash
# Makes .build/readers, a Python environment of the programs that requirements.txt names, which tests read our files back with.
# Where it cannot be made (no network, no python3-venv), that is said and the tests are skipped: nothing of ours needs them.
# EARMARK_PYTHON names another Python that has them.
set -uo pipefail
cd "$(dirname "$0")/../.."
[ -n "${EARMARK_PYTHON:-}" ] && exit 0
wanted=$(sha256sum Scripts/tests/requirements.txt)
place=.build/readers
[ "$(cat "$place/made-of" 2>/dev/null)" = "$wanted" ] && exit 0

skip() {
    echo "readers: $*: tests that read events back with other programs are skipped" >&2
    exit 0
}
echo "readers: making $place (once; other programs that read events, for tests)"
mkdir -p .build
rm -rf "$place"
python=python3
[ -x /usr/bin/python3 ] && python=/usr/bin/python3
"$python" -m venv "$place" >/dev/null 2>&1 || { rm -rf "$place"; skip "'$python -m venv' fails (is python3-venv installed?)"; }
log=$(mktemp)
trap 'rm -f "$log"' EXIT
timeout 600 "$place/bin/pip" install -q --disable-pip-version-check -r Scripts/tests/requirements.txt >"$log" 2>&1 ||
    { rm -rf "$place"; skip "pip cannot install them ($(grep -i error "$log" | tail -1))"; }
echo "$wanted" >"$place/made-of"
