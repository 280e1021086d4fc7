#!/usr/bin/env bash
# Makes .build/onnx, a Python environment with ONNX's own checker and ONNX Runtime, by which tests check exported models.
# Where it cannot be made (no network, no python3-venv), that is said and the tests are skipped: nothing of ours needs them.
# EARMARK_ONNX_PYTHON names another Python that has them.
set -uo pipefail
cd "$(dirname "$0")/../.."
[ -n "${EARMARK_ONNX_PYTHON:-}" ] && exit 0
reason=$(Scripts/tests/environment.sh .build/onnx Scripts/tests/onnx-requirements.txt "ONNX Runtime, for tests of exported models") ||
    echo "onnx: $reason: tests of exported models with ONNX Runtime are skipped" >&2
