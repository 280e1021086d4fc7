#!/usr/bin/env bash
# Says what a log of `swift test` and of the soak topics tells was skipped, a line for each reason: skipped.sh < LOG
set -euo pipefail
awk '
    function add(reason, what) {
        if (!(reason in count)) order[++reasons] = reason
        count[reason]++
        kind[reason] = what
        total++
    }
    # A skipped suite names its tests as well, each on a line of its own.
    / Test .* skipped: "/ { reason = $0; sub(/^.* skipped: "/, "", reason); sub(/"$/, "", reason); add(reason, "test"); next }
    / Test .* skipped\.?$/ { add("no reason given", "test"); next }
    /^skip  / { reason = $0; sub(/^skip  /, "", reason); add(reason, "soak check") }
    END {
        if (!total) { print "Skipped: nothing."; exit }
        printf "Skipped: %d, as this machine lacks what they need.\n", total
        for (i = 1; i <= reasons; i++) {
            r = order[i]
            printf "  %d %s%s: %s\n", count[r], kind[r], count[r] == 1 ? "" : "s", r
        }
    }'
