#!/usr/bin/env bash
# Makes the pages of EarmarkKit out of the release build that is there: Scripts/docs.sh [FOLDER]   (default .build/docs)
# Needs the toolchain's docc; without it, says so and ends with status 2. A warning of docc is a failure.
set -euo pipefail
cd "$(dirname "$0")/.."
out=${1:-.build/docs}
# docc lies beside the compiler, which may be on the PATH by a link.
swift=$(command -v swift) || { echo "docs.sh: no 'swift' on the PATH" >&2; exit 1; }
tools=$(dirname "$(readlink -f "$swift")")
docc=$tools/docc
[ -x "$docc" ] || docc=$(command -v docc) || {
    echo "docs.sh: no docc beside $swift or on the PATH; the toolchains of swift.org have it" >&2
    exit 2
}
# Not asked of SwiftPM: a test that runs this is itself run by SwiftPM, which lets one of it at a time into a build.
modules=.build/release/Modules
[ -e "$modules/EarmarkKit.swiftmodule" ] || {
    echo "docs.sh: no build of EarmarkKit in $modules; expected 'swift build -c release' first" >&2
    exit 1
}

graphs=$(mktemp -d)
trap 'rm -rf "$graphs"' EXIT
# The modules of C that it is built on, ours and those of the packages that we depend on.
maps=()
while read -r map; do maps+=(-Xcc "-fmodule-map-file=$map"); done < <(
    ls Sources/C*/module.modulemap
    for folder in Sources/C*/include; do ls "$modules/../$(basename "$(dirname "$folder")").build/module.modulemap"; done
    find .build/checkouts/*/Sources -name module.modulemap ! -path '*SQLCipher*')
# The target as the compiler names it: the release build's own.
target=$("$tools/swift" -print-target-info | sed -n 's/.*"unversionedTriple": "\(.*\)",/\1/p' | head -1)
"$tools/swift-symbolgraph-extract" -module-name EarmarkKit -I "$modules" -target "$target" "${maps[@]}" \
    -minimum-access-level public -skip-synthesized-members -output-dir "$graphs"

"$docc" convert Sources/EarmarkKit/EarmarkKit.docc --additional-symbol-graph-dir "$graphs" --output-dir "$out" \
    --fallback-display-name EarmarkKit --fallback-bundle-identifier earmark.EarmarkKit --warnings-as-errors
echo "$out/index.html"
