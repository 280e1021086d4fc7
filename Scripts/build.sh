#!/usr/bin/env bash
# Builds with SwiftPM and fails if the compiler warned about a file of this project.
set -euo pipefail
cd "$(dirname "$0")/.."
log=$(mktemp)
trap 'rm -f "$log"' EXIT
swift build "$@" 2>&1 | tee "$log"
if grep -E "$(pwd -P)/(Sources|Tests)/.*: warning:" "$log"; then
    echo "build.sh: the build has warnings, expected none" >&2
    exit 1
fi
