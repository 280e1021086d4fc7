#!/usr/bin/env bash
# Builds everything under a sanitizer and runs every test with it: Scripts/sanitize.sh address|thread [SWIFT_TEST_OPTION ...]
set -euo pipefail
cd "$(dirname "$0")/.."
kind=${1:-}
case $kind in address | thread) shift ;; *) sed -n '2s/^# //p' "$0" >&2; exit 64 ;; esac
# lld: gold fails on these objects. Leaks are looked for at the end of each process, as the address sanitizer does.
options=(-c release --sanitize "$kind" --scratch-path ".build-$kind" -Xswiftc -use-ld=lld)
swift build "${options[@]}" --build-tests
# What leaks outside of this program: Foundation's buffer where it reads an empty file, its hold on the processes that tests
# start, libcurl's last request under it; libvorbis's tables where libsndfile gives up a broken Ogg file.
leaks=(readBytesFromFile 7ProcessC3run libcurl libvorbis libsndfile libFLAC libmpg123 libopus libXCTest)
printf 'leak:%s\n' "${leaks[@]}" > ".build-$kind/leaks.txt"
export LSAN_OPTIONS=suppressions=$PWD/.build-$kind/leaks.txt:print_suppressions=0
EARMARK=$(swift build "${options[@]}" --show-bin-path)/earmark
export EARMARK
swift test "${options[@]}" --skip-build "$@"
