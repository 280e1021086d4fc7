#!/usr/bin/env bash
# Where the times of Docs/Figures.md come from. Without arguments Earmark's own; with a folder of WAV files (44.1 kHz), one of Ogg Vorbis
# files and YAMNet's model file also those of its peers, in pairs, on this machine, in this run:
#
#   Scripts/bench.sh [WAV_DIR OGG_DIR YAMNET.safetensors]
#
# The peers come into .build/bench-venv by pip (Scripts/bench/requirements.txt). SCRATCH is where caches are made.
set -euo pipefail
cd "$(dirname "$0")/.."
earmark=.build/release/earmark
scratch=${SCRATCH:-${TMPDIR:-/tmp}}
[ -x "$earmark" ] || { echo "bench.sh: no program at $earmark; expected one that 'make build' made" >&2; exit 1; }
printf '%s, %s, %s cores\n' "$(date +%F)" "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1)" "$(nproc)"
"$earmark" --version
"$earmark" bench features --threads 1 --scratch "$scratch" --json
"$earmark" bench features --threads 2 --scratch "$scratch" --json
"$earmark" bench network --model Models/lean-esc10.safetensors --json
"$earmark" bench training --threads 2 --json
[ $# -eq 3 ] || exit 0
wav=$1 ogg=$2 yamnet=$3
python=.build/bench-venv/bin/python
[ -x "$python" ] || { python3 -m venv .build/bench-venv && "$python" -m pip install -q -r Scripts/bench/requirements.txt; }
compare() { "$python" Scripts/bench/compare.py "$@" --scratch "$scratch"; }
compare features "$wav" --repeat 12 --pairs 9
compare features "$ogg" --repeat 4
compare decoding "$ogg" --repeat 4
compare label "$wav" "$yamnet" --calibration "$wav"
compare network "$yamnet" --calibration "$wav"
compare network Models/lean-esc10.safetensors --calibration "$wav"
"$earmark" model quantize "$yamnet" "$scratch/yamnet-int8.safetensors" --force > /dev/null
printf 'where the time of a labelling job goes, in int8:\n'
"$earmark" bench job --profile --set infer.model="$scratch/yamnet-int8.safetensors" --scratch "$scratch"
"$python" -c 'import tensorflow' 2>/dev/null || "$python" -m pip install -q tensorflow
compare training "$python"
