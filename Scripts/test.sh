#!/usr/bin/env bash
# Runs the soak topics' short forms, every test of the build that is there, parts on a real Slurm and the Debian package's tests, then says what was skipped and why:
# Scripts/test.sh [SWIFT_TEST_OPTION ...]
set -uo pipefail
cd "$(dirname "$0")/.."
Scripts/tests/readers.sh
Scripts/tests/browser.sh
Scripts/tests/onnx.sh
log=$(mktemp)
trap 'rm -f "$log"' EXIT
status=0
{
    Scripts/tests/int8_kernels.sh &&
        SOAK=short Scripts/soak.sh order races full_disk faults deadly changing_files hostile_files &&
        EARMARK=$PWD/.build/release/earmark swift test "$@" --skip-build &&
        Scripts/slurm-test/run.sh &&
        Scripts/package/test.sh --or-skip
} 2>&1 | tee "$log" || status=$?
Scripts/skipped.sh <"$log"
exit "$status"
