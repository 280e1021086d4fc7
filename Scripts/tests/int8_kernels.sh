#!/usr/bin/env bash
# Compares the 8-bit kernels of every instruction set with the plain ones, bit for bit: those of this processor, and
# those of AArch64 under emulation. The same digest must come out everywhere. Needs the Swift toolchain's clang; for
# AArch64 also Debian's gcc-aarch64-linux-gnu, libc6-dev-arm64-cross and qemu-user, which are installed if this is run as root.
# Where they cannot be, that is said: a line "skip  REASON".
set -euo pipefail
cd "$(dirname "$0")/../.."
clang=$(dirname "$(readlink -f "$(command -v swift)")")/clang
made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT
sources=(Sources/CKernels/int8_*.c Scripts/tests/int8_kernels.c)
options=(-O2 -Wall -Wextra -Werror -ISources/CKernels/include)

# AVX-VNNI's kernels are compiled with the others, but few processors run them, and qemu does not emulate them.
"$clang" "${options[@]}" "${sources[@]}" -lm -o "$made/here"
"$made/here" | tee "$made/digests"

missing() {
    command -v qemu-aarch64 >/dev/null || echo qemu-aarch64
    [ -e /usr/aarch64-linux-gnu/lib/libc.a ] || echo libc6-dev-arm64-cross
    command -v aarch64-linux-gnu-gcc >/dev/null || echo gcc-aarch64-linux-gnu
}
if [ "$(uname -m)" = aarch64 ]; then
    :
elif [ -n "$(missing)" ] && {
    [ "$(id -u)" != 0 ] ||
        ! apt-get install -y -qq gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user >"$made/apt" 2>&1
}; then
    echo "skip  needs $(missing | tr '\n' ' ')to run AArch64's kernels: they are not compared"
else
    "$clang" --target=aarch64-linux-gnu "${options[@]}" "${sources[@]}" -static -fuse-ld=lld -lm -o "$made/there"
    qemu-aarch64 "$made/there" | tee -a "$made/digests"
fi
if [ "$(cut -d' ' -f1 "$made/digests" | sort -u | wc -l)" != 1 ]; then
    echo "int8_kernels.sh: the digests differ" >&2
    exit 1
fi
