#!/usr/bin/env bash
# Makes the model that ships: LEAN from YAMNet's weights, on ESC-10 and on made-up sounds, then in 8-bit integers, then
# with recommended thresholds.
#
#   Scripts/train_lean_esc10.sh ESC10_DIR YAMNET.safetensors WORK_DIR
#
# ESC10_DIR holds meta.csv (path,fold,category) and the audio; all folds that are there are trained on. The made-up corpus
# is another one than the demo's (seed 1001 here, 1 there); its own split `val` chooses the epoch.
set -euo pipefail
cd "$(dirname "$0")/.."
[ $# -eq 3 ] || { sed -n '4,8s/^# \{0,1\}//p' "$0" >&2; exit 64; }
esc10=$1 yamnet=$2 work=$3
earmark=${EARMARK:-.build/release/earmark}
mkdir -p "$work"
[ -d "$work/synth" ] || "$earmark" synth "$work/synth" --clips 400 --seed 1001
"$earmark" manifest fsd50k "$work/synth" --out "$work/synth.csv"
python3 Scripts/esc10_manifest.py "$esc10" --out "$work/esc10.csv"
# The made-up eval half is for training here: the demo has one of its own.
{ cat "$work/esc10.csv"; tail -n +2 "$work/synth.csv" | sed 's/,eval$/,train/'; } > "$work/manifest.csv"
"$earmark" train --manifest "$work/manifest.csv" --cache "$work/cache" --init "$yamnet" --out "$work/lean" \
    --epochs 8 --schedule cosine --gain 6 --seed 1 --licence "Apache-2.0 AND CC-BY-3.0"
"$earmark" model quantize "$work/lean/model.safetensors" "$work/lean-esc10-bare.safetensors"
Scripts/calibrate_lean_esc10.sh "$work/lean-esc10-bare.safetensors" "$work/lean-esc10.safetensors" "$work"
