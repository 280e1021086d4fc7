#!/usr/bin/env python3
"""Checks exported models with ONNX's own checker, and their scores with ONNX Runtime against this program's.

    check_onnx.py cases FOLDER                       every folder below it: model.onnx, its inputs and what to expect
    check_onnx.py clips MODEL SCORES.csv WAV...      mean scores of 16 kHz WAV files against `earmark export scores`

A case has NAME.f32 for each input and output, float32 in the machine's order, and limits.csv with `name,limit`. It is
run with 1, 2 and 7 chunks. `clips` takes a model with its front-end. Prints the largest differences; exit status 1 where
one is above its limit, or a file is not sound.
"""
import csv
import json
import sys
import wave
from pathlib import Path

import numpy as np
import onnx
import onnxruntime


def session(path):
    onnx.checker.check_model(str(path), full_check=True)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def values(folder, of):
    """The numbers of a case's input or output: (chunks, ...)."""
    return np.fromfile(folder / f"{of.name}.f32", np.float32).reshape(-1, *of.shape[1:])


def case(folder):
    """Lines about what is above its limit."""
    model = session(folder / "model.onnx")
    assert all(of.shape[0] == "batch" for of in model.get_inputs() + model.get_outputs()), "the batch is not open"
    inputs = {of.name: values(folder, of) for of in model.get_inputs()}
    expected = {of.name: values(folder, of) for of in model.get_outputs()}
    limits = dict(csv.reader((folder / "limits.csv").open()))
    largest = dict.fromkeys(limits, 0.0)
    for count in (1, 2, 7):
        names = list(limits)
        for name, found in zip(names, model.run(names, {key: value[:count] for key, value in inputs.items()})):
            assert found.shape == expected[name][:count].shape, f"{name} is {found.shape}"
            difference = np.abs(found - expected[name][:count]).max()
            largest[name] = max(largest[name], float(difference)) if np.isfinite(difference) else float("inf")
    print(f"{folder.name}: " + ", ".join(f"{name} {value:.2e}" for name, value in largest.items()))
    return [f"{folder.name}: {name} differs by {value:.3g}, limit {limits[name]}"
            for name, value in largest.items() if not value <= float(limits[name])]


def chunks(path, size, hop):
    """(chunks, size) samples: chunks begin every `hop` samples up to the first that reaches the end; zeros fill it."""
    with wave.open(path) as file:
        assert (file.getnchannels(), file.getframerate(), file.getsampwidth()) == (1, 16_000, 2), path
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float32) / 32768
    count = 1 + max(0, -(-(len(samples) - size) // hop))
    padded = np.zeros((count - 1) * hop + size, np.float32)
    padded[:len(samples)] = samples
    return np.stack([padded[i * hop:i * hop + size] for i in range(count)])


def clips(path, table, *files):
    model = session(path)
    with open(table, newline="") as lines:
        header, *rows = csv.reader(lines)
    assert json.loads(model.get_modelmeta().custom_metadata_map["classes"]) == header[1:], "other classes"
    expected = {row[0]: np.array(row[1:], float) for row in rows}
    size = model.get_inputs()[0].shape[1]
    largest = 0.0
    for file in files:
        scores = model.run(["scores"], {"wave": chunks(file, size, 8000)})[0].mean(axis=0)
        largest = max(largest, float(np.abs(scores - expected[Path(file).name]).max()))
    print(f"{len(files)} clips: {largest:.2e}")
    return [] if largest <= 1e-4 else [f"scores of clips differ by {largest:.3g}, limit 1e-4"]


def main():
    if sys.argv[1:2] == ["cases"] and len(sys.argv) == 3:
        found = [line for folder in sorted(Path(sys.argv[2]).iterdir()) for line in case(folder)]
    elif sys.argv[1:2] == ["clips"] and len(sys.argv) > 4:
        found = clips(*sys.argv[2:])
    else:
        sys.exit(__doc__)
    for line in found:
        print(line)
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
