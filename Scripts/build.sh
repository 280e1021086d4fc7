#!/usr/bin/env bash
# Builds with SwiftPM: Scripts/build.sh [SWIFT_BUILD_OPTION ...]. Shows progress in one line, and all of the output in
# .build/build.log. Fails if the compiler warned about a file of this project.
set -uo pipefail
cd "$(dirname "$0")/.."
here=$(pwd -P)
log=.build/build.log
mkdir -p .build

# The commit goes into a file that only changes when the commit does: see Sources/CBuildCommit/unknown.c.
# Under sudo the checkout is another user's; Git is told that it may be read.
in_git() { git -c safe.directory="$here" "$@" 2>/dev/null; }
commit=
if [ "$(in_git rev-parse --show-toplevel)" = "$here" ] && commit=$(in_git rev-parse --short=12 HEAD); then
    [ -z "$(in_git status --porcelain -- Package.swift Sources)" ] || commit+=-modified
fi
stamp=Sources/CBuildCommit/commit.c
if [ -n "$commit" ]; then
    text="#include \"build_commit.h\"

const char *build_commit(void) { return \"$commit\"; }"
    [ "$(cat $stamp 2>/dev/null)" = "$text" ] || printf '%s\n' "$text" >$stamp
else
    rm -f $stamp
fi

start=$SECONDS
swift build "$@" 2>&1 | tee "$log" | Scripts/build_progress.sh
status=${PIPESTATUS[0]}
if [ "$status" -ne 0 ]; then
    echo "build.sh: the build failed; all of its output is in $log" >&2
    exit "$status"
fi
mapfile -t warned < <(awk -F: -v here="$here/" '
    / warning: / && (index($0, here "Sources/") == 1 || index($0, here "Tests/") == 1) { print $1 }' "$log" | sort -u)
if [ ${#warned[@]} -gt 0 ]; then
    # The compiler warns once; files that are newer than their objects make it warn again in the next build.
    touch "${warned[@]}"
    echo "build.sh: found warnings, above and in $log, expected none about files of this project: ${warned[*]#"$here"/}" >&2
    exit 1
fi
echo "built in $((SECONDS - start)) s"
