#!/usr/bin/env bash
# Builds the program, links it once more with the Swift runtime in it, and tells on its last line where that one is.
#
# SwiftPM's --static-swift-stdlib would compile everything anew, as the static runtime's modules lie elsewhere. The compiled
# code is the same; only what to link differs, and that is in the static modules: so a file that does nothing but import
# them is compiled and linked with the objects that are there, which are those that the tests ran with.
set -euo pipefail
cd "$(dirname "$0")/../.."
fail() { echo "program.sh: $*" >&2; exit 1; }

Scripts/setup.sh --package >&2
Scripts/build.sh -c release --product earmark >&2
objects=.build/release/earmark.product/Objects.LinkFileList
[ -s $objects ] || fail "found no $objects, expected the list of objects that SwiftPM linked"
out=.build/package
mkdir -p $out
cat >$out/StaticRuntime.swift <<END
import Foundation
import FoundationNetworking
END
swiftc -O -parse-as-library -static-stdlib -module-name StaticRuntime $out/StaticRuntime.swift @$objects \
    -Xlinker --defsym=main=earmark_main -Xlinker --gc-sections -Xlinker -s -o $out/earmark >$out/link.log 2>&1 ||
    { cat $out/link.log >&2; fail "linking failed"; }
if ldd $out/earmark | grep -E 'libswift|libFoundation|libdispatch|not found' >&2; then
    fail "$out/earmark needs the libraries above, expected none of Swift's and all there"
fi
echo "$PWD/$out/earmark"
