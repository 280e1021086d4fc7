#!/usr/bin/env bash
# Installs the Debian package into a fresh Debian root that has no Swift, and uses it there as an ordinary user:
# Scripts/package/test.sh [--or-skip]
#
# Needs root and debootstrap, which is installed where it is missing. With --or-skip a machine that cannot make such a root
# is told so in one line and the status is 0. The bare root is kept in .build/debian-root for the next time
# (DEBIAN_ROOTS names another folder). Everything is mounted in a mount namespace, which ends with the test.
set -euo pipefail
cd "$(dirname "$0")/../.."
or_skip=
[ "${1:-}" = --or-skip ] && or_skip=yes
fail() { echo "test.sh: $*" >&2; exit 1; }
skip() {
    [ -n "$or_skip" ] || fail "$*"
    echo "skip  the Debian package in a fresh root: $*"
    exit 0
}

[ "$(id -u)" -eq 0 ] || skip "this user is not root"
command -v apt-get >/dev/null || skip "there is no apt-get here"
unshare --mount --pid --fork --mount-proc true 2>/dev/null || skip "mounting is not allowed here"
command -v debootstrap >/dev/null || DEBIAN_FRONTEND=noninteractive apt-get install -y -qq debootstrap >/dev/null 2>&1 ||
    skip "debootstrap is not here and cannot be installed"
release=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
[ -n "$release" ] && [ -e "/usr/share/debootstrap/scripts/$release" ] ||
    skip "debootstrap does not know the release '$release'"
architecture=$(dpkg --print-architecture)
# The archive that this machine uses.
mirror=$(apt-get indextargets --format '$(REPO_URI) $(CODENAME) $(COMPONENT) $(CREATED_BY)' |
    awk -v release="$release" '$2 == release && $3 == "main" && $4 == "Packages" { print $1; exit }')
[ -n "$mirror" ] || skip "no package archive of the release '$release' is set up here"

work=$(mktemp -d "${TMPDIR:-/var/tmp}/earmark-package-XXXXXX")
trap 'rm -rf --one-file-system "$work"' EXIT
roots=${DEBIAN_ROOTS:-.build/debian-root}
bare=$roots/$release-$architecture.tar
if [ ! -s "$bare" ]; then
    mkdir -p "$roots"
    echo "test.sh: making a bare root of $release, which is kept in $bare"
    # A root that was broken off must not be taken for a whole one.
    timeout 600 unshare --mount --pid --fork --mount-proc \
        debootstrap --variant=minbase "$release" "$work/bare" "$mirror" >"$roots/debootstrap.log" 2>&1 ||
        skip "debootstrap failed or took more than 10 minutes: $(tail -1 "$roots/debootstrap.log")"
    rm -f "$work"/bare/var/cache/apt/archives/*.deb
    tar -C "$work/bare" --numeric-owner -cf "$bare.partial" .
    mv "$bare.partial" "$bare"
    rm -rf --one-file-system "$work/bare"
fi

package=$(Scripts/package/deb.sh | tail -1)
commit=$(sed -n 's/.*return "\(.*\)".*/\1/p' Sources/CBuildCommit/commit.c 2>/dev/null || echo unknown)
echo "test.sh: $(basename "$package"), $(($(stat -c %s "$package") / 1000000)) MB"
if command -v lintian >/dev/null; then
    lintian --allow-root --fail-on error "$package" || fail "lintian found errors"
else
    echo "skip  lintian's verdict on the Debian package: it is not installed"
fi
if command -v mandoc >/dev/null; then
    Scripts/package/man_page.py .build/package/earmark >"$work/earmark.1"
    said=$(mandoc -Tlint "$work/earmark.1" || true)
    [ -z "$said" ] || fail "mandoc about the manual page, expected nothing: $said"
else
    echo "skip  mandoc's verdict on the manual page: it is not installed"
fi
cp "$package" "$work/first.deb"
Scripts/package/deb.sh .build/package/earmark >/dev/null 2>&1
cmp "$work/first.deb" "$package" || fail "two packages of the same program differ, expected the same bytes"

# What is installed by hand is found away from the checkout, and all of it can be taken away again.
export DESTDIR=$work/tree PREFIX=/opt/here
Scripts/package/install.sh .build/package/earmark
[ "$(cd / && "$DESTDIR$PREFIX/bin/earmark" plan none.yaml --manifest none.csv --cache none 2>&1 |
    grep -cF "$DESTDIR$PREFIX/share/earmark/Pipelines, which has ")" = 1 ] ||
    fail "a program in $PREFIX/bin does not look into $PREFIX/share/earmark"
Scripts/package/install.sh --uninstall
left=$(find "$DESTDIR" -type f)
[ -z "$left" ] || fail "these files are left after the program was uninstalled: $left"
unset DESTDIR PREFIX

root=$work/root
mkdir "$root"
tar -C "$root" --numeric-owner -xf "$bare"
cp /etc/resolv.conf "$root/etc/resolv.conf"
cp "$package" "$root/root/earmark.deb"
cat >"$root/root/inside.sh" <<'END'
set -eu
commit=$1
export DEBIAN_FRONTEND=noninteractive PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8
fail() { echo "test.sh: in the fresh root: $*" >&2; exit 1; }
as_user() { runuser -u listener -- env -i PATH=/usr/bin:/bin HOME=/home/listener LC_ALL=C.UTF-8 sh -euc "cd; $1"; }
find / -xdev \( -name 'libswift*' -o -name swiftc \) -print -quit | grep . && fail "there is Swift here, expected none"
# No archive to be reached is no fault of the package.
apt-get update -qq -o APT::Update::Error-Mode=any || exit 77
apt-get install -y -qq --no-install-recommends /root/earmark.deb man-db >/root/apt.log 2>&1 ||
    { tail -20 /root/apt.log >&2; fail "apt-get could not install the package"; }
useradd --create-home listener
said=$(as_user 'earmark --version')
echo "$said"
echo "$said" | grep -qx "commit $commit" || fail "found the version above, expected commit $commit"
as_user 'mkdir work; cd work; earmark demo' >/root/demo.log 2>&1 || { cat /root/demo.log >&2; fail "earmark demo failed"; }
grep mAP /root/demo.log || { cat /root/demo.log >&2; fail "earmark demo told no mAP"; }
as_user 'cd work; earmark run features.yaml --manifest Cache/demo/manifest.csv --cache features --quiet'
as_user 'MANWIDTH=80 man -P cat earmark' >/root/man.txt
commands=$(earmark --help | sed -n '/^SUBCOMMANDS:/,/^$/s/^  \([a-z]*\) .*/\1/p')
[ -n "$commands" ] || fail "the help names no command, expected all of them"
for command in $commands; do
    grep -q "^ *earmark $command" /root/man.txt || fail "the manual page does not tell of 'earmark $command'"
done
longest=$(awk '{ if (length($0) > longest) longest = length($0) } END { print longest }' /root/man.txt)
[ "$longest" -le 80 ] || fail "the manual page has a line of $longest columns, expected 80 at most"
echo "manual page: $(wc -l </root/man.txt) lines"
as_user 'bash -c ". /usr/share/bash-completion/completions/earmark; complete -p earmark"'
apt-get purge -y -qq earmark >/dev/null 2>&1
left=$(find / -xdev -path /root -prune -o -path /home -prune -o -path /proc -prune -o -name '*earmark*' -print)
[ -z "$left" ] || fail "these files are left after 'apt-get purge': $left"
END
unshare --mount --pid --fork sh -euc '
    mount -t proc proc "$1/proc"
    exec chroot "$1" /bin/sh /root/inside.sh "$2"' sh "$root" "$commit" || {
    status=$?
    [ "$status" -ne 77 ] || skip "the package archive cannot be reached from the root"
    exit "$status"
}
! grep -qF " $work" /proc/self/mountinfo || fail "something is still mounted below $work"
echo "test.sh: the Debian package passed"
