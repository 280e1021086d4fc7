#!/usr/bin/env bash
# Reads what `swift build` prints. Its steps become a line that is rewritten on a terminal, and a line a quarter elsewhere;
# all else, errors and warnings above all, comes out as it is.
set -uo pipefail
terminal=
columns=80
if [ -t 1 ]; then
    terminal=yes
    columns=$(tput cols 2>/dev/null || echo 80)
fi
quarter=-1

show() { # text
    if [ -n "$terminal" ]; then
        local text=$1
        [ ${#text} -lt "$columns" ] || text=${text:0:columns-1}
        printf '\r%s\e[K' "$text"
    elif [ -n "${2:-}" ]; then
        printf '%s\n' "$1"
    fi
}

while IFS= read -r line || [ -n "$line" ]; do
    if [[ $line =~ ^\[([0-9]+)/([0-9]+)\]\ (.*) ]]; then
        done=${BASH_REMATCH[1]} all=${BASH_REMATCH[2]}
        passed=
        # The number of steps still grows a little.
        if [ "$all" -gt 1 ] && [ $((4 * done / all)) -gt $quarter ]; then
            quarter=$((4 * done / all))
            passed=yes
        fi
        show "building: $done/$all ${BASH_REMATCH[3]}" $passed
    elif [[ $line =~ ^(Fetching|Fetched|Updating|Updated|Computing\ version|Computed|Creating\ working\ copy|Working\ copy\ of)\  ]]; then
        show "building: $line"
    elif [[ $line =~ ^Building\ for\  ]]; then
        # What went before were plugins of packages, counted apart.
        quarter=-1
    elif [[ $line =~ ^(Build\ complete!|Build\ of\ product\ ) ]]; then
        continue
    else
        [ -z "$terminal" ] || printf '\r\e[K'
        printf '%s\n' "$line"
    fi
done
[ -z "$terminal" ] || printf '\r\e[K'
