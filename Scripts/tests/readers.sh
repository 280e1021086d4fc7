#!/usr/bin/env bash
# Makes .build/readers, a Python environment of the programs that requirements.txt names, which tests read our files back with.
# Where it cannot be made (no network, no python3-venv), that is said and the tests are skipped: nothing of ours needs them.
# EARMARK_PYTHON names another Python that has them.
set -uo pipefail
cd "$(dirname "$0")/../.."
[ -n "${EARMARK_PYTHON:-}" ] && exit 0
reason=$(Scripts/tests/environment.sh .build/readers Scripts/tests/requirements.txt "other programs that read events, for tests") ||
    echo "readers: $reason: tests that read events back with other programs are skipped" >&2
