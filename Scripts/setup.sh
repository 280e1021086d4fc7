#!/usr/bin/env bash
# Installs what Earmark builds on, where it is missing: the C libraries, and NumPy, strace and FFmpeg's command for some
# tests.
# Debian 12 / Ubuntu 22.04 or later, with Swift 6 on the PATH. With --package, what the Debian package needs as well.
set -euo pipefail

fail() { printf 'setup: %s\n' "$*" >&2; exit 1; }

command -v swift >/dev/null || fail "no 'swift' on the PATH; expected Swift 6 or later, from swift.org/install"
version=$(swift --version 2>/dev/null | sed -n 's/.*Swift version \([0-9]*\).*/\1/p' | head -1)
[ "${version:-0}" -ge 6 ] || fail "found Swift ${version:-of unknown version}, expected 6 or later"

missing=()
include() { # header package
    local dir
    for dir in /usr/include /usr/include/*-linux-gnu /usr/local/include; do [ -e "$dir/$1" ] && return; done
    missing+=("$2")
}
include sndfile.h libsndfile1-dev
include mpg123.h libmpg123-dev
include samplerate.h libsamplerate0-dev
include soxr.h libsoxr-dev
include fftw3.h libfftw3-dev
include sqlite3.h libsqlite3-dev
include xxhash.h libxxhash-dev
include nettle/sha2.h nettle-dev
include png.h libpng-dev
include libavformat/avformat.h libavformat-dev
include libavcodec/avcodec.h libavcodec-dev
include libavutil/avutil.h libavutil-dev
include zlib.h zlib1g-dev
command -v strace >/dev/null || missing+=(strace)
command -v ffmpeg >/dev/null || missing+=(ffmpeg)
/usr/bin/python3 -c 'import numpy' 2>/dev/null || python3 -c 'import numpy' 2>/dev/null || missing+=(python3-numpy)

if [ "${1:-}" = --package ]; then
    # The static Foundation is linked with curl, which the shared one brings along.
    include curl/curl.h libcurl4-openssl-dev
    command -v dpkg-shlibdeps >/dev/null || missing+=(dpkg-dev)
    command -v strip >/dev/null || missing+=(binutils)
fi

[ ${#missing[@]} -eq 0 ] && exit 0
as_root=()
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null && sudo -n true 2>/dev/null && as_root=(sudo -n)
    [ ${#as_root[@]} -gt 0 ] || fail "these packages are missing, and this user may not install them; run: sudo apt-get install ${missing[*]}"
fi
command -v apt-get >/dev/null || fail "these packages are missing, and there is no apt-get here: ${missing[*]}"
echo "setup: installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get update -qq || echo "setup: apt-get update failed; trying with the lists at hand" >&2
"${as_root[@]}" apt-get install -y -qq "${missing[@]}" >/dev/null || fail "apt-get could not install ${missing[*]}"
