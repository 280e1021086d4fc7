#!/usr/bin/env bash
# Long tests of trust, black-box, each with a verdict a line: Scripts/soak.sh [TOPIC ...] [-- OPTIONS]
#
# TOPIC is a file of Scripts/soak without its ending (default: all); OPTIONS go to each of them, such as --seed 2 or
# --scratch DIR. SOAK=short makes all of them short. Needs Python 3 with NumPy; audio formats other than WAV and long
# recordings need soundfile too, in a Python that SOUNDFILE_PYTHON may name; scores need a model, EARMARK_MODEL.
set -uo pipefail
cd "$(dirname "$0")/.."
here=$PWD/Scripts/soak
export PYTHONDONTWRITEBYTECODE=1
export EARMARK=${EARMARK:-$PWD/.build/release/earmark}
[ -x "$EARMARK" ] || { echo "soak.sh: no program at $EARMARK; expected one that 'make build' made" >&2; exit 1; }
python=
for candidate in "${PYTHON:-python3}" /usr/bin/python3; do
    "$candidate" -c 'import numpy' 2>/dev/null && python=$candidate && break
done
[ -n "$python" ] || { echo "soak.sh: no Python 3 with NumPy; install python3-numpy" >&2; exit 1; }

topics=()
while [ $# -gt 0 ] && [ "$1" != -- ]; do topics+=("${1%.py}"); shift; done
[ $# -gt 0 ] && shift
[ ${#topics[@]} -gt 0 ] || topics=(
    order crash_loop races parts rot full_disk faults deadly changing_files hostile_files hostile_audio hostile_media
    hostile_archives scale long_recordings example_package)

short_of() {
    [ "${SOAK:-long}" = short ] || return 0
    case $1 in
        crash_loop) echo "--kills 50 --clips 30" ;;
        order) echo "--commits 2 --clips 30" ;;
        races) echo "--races 10 --clips 30 --reads 10" ;;
        parts) echo "--rounds 2 --clips 20 --damages 6 --steps 2 --together 1" ;;
        rot) echo "--clips 4 --flips 30 --ways 1" ;;
        full_disk) echo "--clips 30 --steps 4" ;;
        faults) echo "--places 4 --clips 12" ;;
        deadly) echo "--clips 30 --hang-limit 20" ;;
        changing_files) echo "--rounds 3" ;;
        hostile_files) echo "--files 50" ;;
        hostile_audio | hostile_media) echo "--files 2000" ;;
        hostile_archives) echo "--archives 300" ;;
        scale) echo "--rows 2000,20000" ;;
        long_recordings) echo "--share 0.01" ;;
    esac
}

failed=()
for topic in "${topics[@]}"; do
    [ -f "$here/$topic.py" ] || { echo "soak.sh: no topic '$topic' in Scripts/soak" >&2; exit 64; }
    echo "== $topic"
    # shellcheck disable=SC2046 # the options are words
    "$python" "$here/$topic.py" $(short_of "$topic") "$@" || failed+=("$topic")
done
if [ ${#failed[@]} -gt 0 ]; then
    echo "soak: failed: ${failed[*]}"
    exit 1
fi
echo "soak: all ${#topics[@]} topics passed"
