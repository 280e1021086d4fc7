#!/usr/bin/env python3
"""What parts of a long recording cost, against the same seconds as files of their own.

    parts.py DIR [--hours 10] [--parts 1000] [--seconds 10] [--pairs 5] [--workers 1] [--format FLAC] [--program EARMARK]

Makes a recording of so many hours in DIR, and a file of each part's samples, unless they are there; then runs
Pipelines/features.yaml over the parts and over the files in turn, each into a cache of its own, and prints the seconds
of each by the clock and of processor time, the medians of the pairs' ratios, and whether all rows are the same bytes. Needs numpy and soundfile; 3 GB of
disk for ten hours.
"""
import argparse
import csv
import resource
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy
import soundfile

ROOT = Path(__file__).resolve().parents[2]


def make(a, long):
    """Makes what is not there yet; returns the start of each part, in milliseconds."""
    if not long.exists():
        subprocess.run(
            [sys.executable, ROOT / "Scripts/make_long.py", long.with_suffix(".new"), "--hours", str(a.hours),
             "--format", a.format], check=True)
        long.with_suffix(".new").rename(long)
    latest = int((a.hours * 3600 - a.seconds) * 1000)
    starts = [int(start) for start in numpy.random.default_rng(1).integers(0, latest, a.parts)]
    length = int(a.seconds * 1000)
    alone = a.folder / "alone"
    alone.mkdir(exist_ok=True)
    with soundfile.SoundFile(long) as file:
        rate = file.samplerate
        for number, start in enumerate(starts):
            path = alone / f"{number}.flac"
            if path.exists():
                continue
            # The nearest frame, halves up, without the rounding of binary fractions.
            first, end = ((time * rate + 500) // 1000 for time in (start, start + length))
            file.seek(first)
            soundfile.write(path, file.read(end - first, dtype="int16"), rate, subtype="PCM_16")
    return starts


def run(a, manifest, cache):
    """Runs the pipeline into a new cache; returns the seconds that it took, by the clock and of processor time."""
    shutil.rmtree(cache, ignore_errors=True)
    begun, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [a.program, "run", ROOT / "Pipelines/features.yaml", "--manifest", manifest, "--cache", cache, "--workers",
         str(a.workers), "--quiet"], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"parts.py: {done.stderr}")
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime
    return time.monotonic() - begun, processor


def rows(cache):
    """The rows of each clip and kind."""
    shards = {}
    found = {}
    with open(cache / "shards/index.csv", newline="") as file:
        for row in csv.DictReader(file):
            shard = shards.setdefault(row["shard"], numpy.load(cache / row["shard"], mmap_mode="r"))
            first = int(row["first"])
            found[row["clip"], row["kind"]] = shard[first:first + int(row["count"])]
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("--hours", type=float, default=10)
    parser.add_argument("--parts", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--format", default="FLAC")
    parser.add_argument("--program", type=Path, default=ROOT / ".build/release/earmark")
    a = parser.parse_args()
    a.folder.mkdir(parents=True, exist_ok=True)
    long = a.folder / f"long.{a.format.lower()}"
    starts = make(a, long)
    manifests = a.folder / "parts.csv", a.folder / "alone.csv"
    manifests[0].write_text("clip,path,start,end\n" + "".join(
        f"{n},{long.name},{start / 1000:.3f},{start / 1000 + a.seconds:.3f}\n" for n, start in enumerate(starts)))
    manifests[1].write_text("clip,path\n" + "".join(f"{n},alone/{n}.flac\n" for n in range(a.parts)))
    caches = a.folder / "cache-parts", a.folder / "cache-alone"
    ratios, processor = [], []
    for pair in range(a.pairs):
        # Which of the two goes first alternates.
        times = {}
        for side in ((0, 1) if pair % 2 == 0 else (1, 0)):
            times[side] = run(a, manifests[side], caches[side])
        ratios.append(times[0][0] / times[1][0])
        processor.append(times[0][1] / times[1][1])
        print(f"parts {times[0][0]:.2f} s, files of their own {times[1][0]:.2f} s, ratio {ratios[-1]:.2f}; processor "
              f"{times[0][1]:.2f} s, {times[1][1]:.2f} s, ratio {processor[-1]:.2f}", flush=True)
    parts, alone = (rows(cache) for cache in caches)
    same = parts.keys() == alone.keys() and all(numpy.array_equal(parts[key], alone[key]) for key in parts)
    print(f"median of {a.pairs} ratios: {statistics.median(ratios):.2f} (goal: 3 at most), of processor time "
          f"{statistics.median(processor):.2f}; {len(parts)} sets of rows, "
          + ("all the same bytes" if same else "NOT all the same"))
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
