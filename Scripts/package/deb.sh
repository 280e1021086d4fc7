#!/usr/bin/env bash
# Builds the Debian package of the program, and tells on its last line where it is: Scripts/package/deb.sh [PROGRAM]
#
# Without PROGRAM it is built first, with the Swift runtime linked in. The same program, commit and dpkg give the same bytes:
# all times in the package are the commit's.
set -euo pipefail
cd "$(dirname "$0")/../.."
fail() { echo "deb.sh: $*" >&2; exit 1; }

program=${1:-$(Scripts/package/program.sh | tail -1)}
[ -x "$program" ] || fail "found no program at $program"
version=$("$program" --version | sed -n '1s/^earmark //p')
[[ $version =~ ^[0-9][0-9.]*$ ]] || fail "found version '$version', expected a number such as 0.1.0"
architecture=$(dpkg --print-architecture)
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git -c safe.directory="$PWD" log -1 --format=%ct 2>/dev/null || stat -c %Y Package.swift)}
export SOURCE_DATE_EPOCH TZ=UTC LC_ALL=C.UTF-8
# Several threads cut the archive in other places than one.
export DPKG_DEB_THREADS_MAX=1
maintainer="Earmark maintainers <maintainers@earmark.invalid>"

out=.build/package/deb
root=$out/root
rm -rf "$root"
mkdir -p "$root/DEBIAN"
umask 022
DESTDIR=$PWD/$root PREFIX=/usr ZSH_FOLDER=share/zsh/vendor-completions Scripts/package/install.sh "$program"
rm "$root/usr/share/earmark/LICENSE"   # Debian has it; Packaging/copyright says where.
doc=$root/usr/share/doc/earmark
install -D -m 644 Packaging/copyright "$doc/copyright"
install -m 644 README.md "$doc/README.md"
install -D -m 644 Packaging/lintian-overrides "$root/usr/share/lintian/overrides/earmark"
{
    echo "earmark ($version) stable; urgency=medium"
    echo
    echo "  * Commit $("$program" --version | sed -n 's/^commit //p')."
    echo
    echo " -- $maintainer  $(date -R -d "@$SOURCE_DATE_EPOCH")"
} | gzip -9n >"$doc/changelog.gz"
chmod 644 "$doc/changelog.gz"

# Every package that the program is linked with must be named with its licence.
while IFS= read -r package; do
    grep -qi "^Comment: $package\b" Packaging/copyright || fail "Packaging/copyright does not name '$package', which is linked in"
done < <(sed -n 's/.*"identity" : "\(.*\)".*/\1/p' Package.resolved)

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/debian"
: >"$work/debian/control"
depends=$(cd "$work" && dpkg-shlibdeps -O -e"$OLDPWD/$root/usr/bin/earmark" 2>"$work/said" | sed -n 's/^shlibs:Depends=//p') ||
    fail "dpkg-shlibdeps: $(cat "$work/said")"
[ -n "$depends" ] || fail "dpkg-shlibdeps found nothing that the program depends on: $(cat "$work/said")"
# FFmpeg's libraries are loaded, not linked, in the versions of the headers that the program was built with.
recommends=
for library in avformat avcodec avutil; do
    major=$(printf '#include <lib%s/version.h>\nmajor=LIB%s_VERSION_MAJOR\n' "$library" "${library^^}" |
        "${CC:-clang}" -E -P -x c - | sed -n 's/^major=//p')
    [[ $major =~ ^[0-9]+$ ]] || fail "found no version of lib$library in its headers"
    recommends+=${recommends:+, }lib$library$major
done
(cd "$root" && find usr -type f -print0 | sort -z | xargs -0 md5sum) >"$root/DEBIAN/md5sums"
size=$(du -k -s --apparent-size "$root/usr" | cut -f1)
sed -e "s/@VERSION@/$version/" -e "s/@ARCHITECTURE@/$architecture/" -e "s/@MAINTAINER@/$maintainer/" \
    -e "s/@INSTALLED_SIZE@/$size/" -e "s/@DEPENDS@/$depends/" -e "s/@RECOMMENDS@/$recommends/" Packaging/control.in >"$root/DEBIAN/control"
find "$root" -print0 | xargs -0 touch -h -d "@$SOURCE_DATE_EPOCH"
package=.build/package/earmark_${version}_$architecture.deb
# Level 1 takes 10 s and 20 MB, level 6 40 s and 19 MB: most of it is data of ICU.
dpkg-deb --root-owner-group -Zxz -z1 --build "$root" "$package" >&2
bytes=$(stat -c %s "$package")
[ "$bytes" -lt 40000000 ] || fail "$package has $bytes bytes, expected less than 40 MB"
echo "$PWD/$package"
