#!/usr/bin/env bash
# Installs the program with its pipelines, models, manual page and completions, or takes them away again:
# Scripts/package/install.sh PROGRAM | --uninstall
#
# PREFIX (/usr/local) is where they will be found, DESTDIR a folder put before it for the copying only. ZSH_FOLDER
# (share/zsh/site-functions) is the folder of zsh's completions in PREFIX.
set -euo pipefail
cd "$(dirname "$0")/../.."
[ $# -eq 1 ] || { sed -n '2,3s/^# //p' "$0" >&2; exit 64; }
prefix=${PREFIX:-/usr/local}
[[ $prefix == /* ]] || { echo "install.sh: PREFIX is '$prefix', expected an absolute path" >&2; exit 64; }
prefix=${prefix%/}
root=${DESTDIR:-}$prefix
data=share/earmark
man=share/man/man1/earmark.1.gz
bash=share/bash-completion/completions/earmark
zsh=${ZSH_FOLDER:-share/zsh/site-functions}/_earmark
fish=share/fish/vendor_completions.d/earmark.fish

if [ "$1" = --uninstall ]; then
    # Folders stay, as other programs may count on them; share/earmark is the program's own.
    for file in bin/earmark $man $bash "$zsh" $fish; do rm -f "$root/$file"; done
    rm -rf "${root:?}/$data"
    exit
fi

program=$1
[ -x "$program" ] || { echo "install.sh: found no program at $program" >&2; exit 66; }
install -d "$root/bin" "$root/$data/Pipelines" "$root/$data/Models"
install -m 755 -s "$program" "$root/bin/earmark.new"
# A program that runs keeps its file; a rename gives others the new one at once.
mv -f "$root/bin/earmark.new" "$root/bin/earmark"
# What Git holds, not what lies about in a checkout.
files() { git -c safe.directory="$PWD" ls-files -- "$1" 2>/dev/null | grep . || find "$1" -maxdepth 2 -type f; }
while IFS= read -r file; do install -D -m 644 "$file" "$root/$data/$file"; done < <(files Pipelines; files Models)
install -m 644 LICENSE "$root/$data/LICENSE"

made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT
Scripts/package/man_page.py "$program" >"$made/earmark.1"
gzip -9n "$made/earmark.1"
for shell in bash zsh fish; do "$program" completions $shell >"$made/$shell"; done
# A shell reads it; it is no program.
sed -i '1{/^#!/d}' "$made/bash"
install -D -m 644 "$made/earmark.1.gz" "$root/$man"
install -D -m 644 "$made/bash" "$root/$bash"
install -D -m 644 "$made/zsh" "$root/$zsh"
install -D -m 644 "$made/fish" "$root/$fish"
