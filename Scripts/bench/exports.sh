#!/usr/bin/env bash
# Seconds and peak memory of labels and events of made-up scores (200 classes, 10 chunks a clip), by their clips:
#
#   Scripts/bench/exports.sh [CLIPS ...]        50000 by default; SCRATCH is where caches are made, 8 KB a clip
set -euo pipefail
cd "$(dirname "$0")/../.."
earmark=.build/release/earmark
scratch=$(mktemp -d "${SCRATCH:-${TMPDIR:-/tmp}}/earmark-exports-XXXXXX")
trap 'rm -rf "$scratch"' EXIT
[ -x "$earmark" ] || { echo "exports.sh: no program at $earmark; expected one that 'make build' made" >&2; exit 1; }
printf '%s, %s, %s cores\n' "$(date +%F)" "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1)" "$(nproc)"
echo "| clips | export | seconds | peak MB | rows | file, kB |"
echo "|---|---|---|---|---|---|"
for clips in "${@:-50000}"; do
    "$earmark" bench scores --cache "$scratch/cache" --clips "$clips" >"$scratch/made"
    for what in "labels csv" "labels jsonl" "labels sqlite" "events csv" "events jsonl" "events sqlite"; do
        read -r kind format <<<"$what"
        line=$(python3 - "$earmark" export "$kind" --cache "$scratch/cache" --format "$format" --out "$scratch/out" <<'PYTHON'
import resource, subprocess, sys, time
start = time.monotonic()
done = subprocess.run(sys.argv[1:], capture_output=True, text=True)
if done.returncode:
    sys.exit(done.stderr)
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
print(f"{time.monotonic() - start:.2f} | {peak:.0f} | {done.stdout.split()[0]}")
PYTHON
        )
        echo "| $clips | $kind, $format | $line | $(($(stat -c %s "$scratch/out") / 1000)) |"
    done
    rm -rf "$scratch/cache"
done
