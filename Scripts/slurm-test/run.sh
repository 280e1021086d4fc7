#!/usr/bin/env bash
# Runs parts on a real Slurm: Scripts/slurm-test/run.sh [CASE ...]
#
# Installs Slurm's daemons and commands and munge from Debian where they are missing, starts a cluster of two nodes on this
# machine alone (cluster.sh), runs every case of cases.py or the named ones, and ends every daemon again. Where Slurm cannot be
# installed or started, that is said, and nothing is tested.
set -uo pipefail
cd "$(dirname "$0")/../.."
skip() {
    echo "skip  slurm: $*"
    exit 0
}
export EARMARK=${EARMARK:-$PWD/.build/release/earmark}
[ -x "$EARMARK" ] || { echo "slurm-test: no program at $EARMARK; expected one that 'make build' made" >&2; exit 1; }

missing=()
for pair in slurmctld:slurmctld slurmd:slurmd sbatch:slurm-client munged:munge; do
    PATH=$PATH:/usr/sbin command -v "${pair%%:*}" >/dev/null || missing+=("${pair##*:}")
done
if [ ${#missing[@]} -gt 0 ]; then
    command -v apt-get >/dev/null || skip "runs on Slurm: found no ${missing[*]}, and no apt-get to install them"
    as_root=()
    [ "$(id -u)" -eq 0 ] || as_root=(sudo -n)
    echo "slurm-test: installing ${missing[*]}"
    export DEBIAN_FRONTEND=noninteractive
    # Installing must not start the daemons as services of this machine.
    install() { "${as_root[@]}" env RUNLEVEL=1 apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null 2>&1; }
    install || { "${as_root[@]}" apt-get update -qq >/dev/null 2>&1 && install; } ||
        skip "runs on Slurm: apt-get cannot install ${missing[*]}"
fi
export PATH=$PATH:/usr/sbin

scratch=$(mktemp -d)
chmod 0755 "$scratch"
finish() {
    Scripts/slurm-test/cluster.sh stop "$scratch/cluster" 2>/dev/null
    rm -rf "$scratch"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
reason=$(Scripts/slurm-test/cluster.sh start "$scratch/cluster" 2>&1) ||
    skip "runs on Slurm: a cluster does not start here: ${reason##*$'\n'}"
export SLURM_CONF=$scratch/cluster/slurm.conf
python3 Scripts/slurm-test/cases.py "$scratch" "$@"
