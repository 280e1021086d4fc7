#!/usr/bin/env python3
"""Mixes 20 dog sounds of ESC-10 at known times into half an hour of its other sounds, and counts which `export events` finds.

    barks.py ESC10 --model YAMNET.safetensors [--work DIR] [--seed 1] [--overlap 0.5] [--snr 20] [--thresholds FILE]

ESC10 is a folder with meta.csv (path,fold,category). A dog sound is a clip of "Dog bark" from its first bark to its last; its loud
frames are SNR dB above what it is mixed with. The rest is every clip of the other nine categories at one loudness, in an order drawn
by --seed, faded into one another, over and over. All sounds are of folds 2 and 3 (16 dogs: four of them come twice).

A sound is found where an event of Dog begins within 0.5 s of its first bark (each event for one sound). Events that touch no dog
sound are false; further events within one, of later barks, are counted apart.

Threshold and release come from fold 1, which nothing in the recording is of: a recording is made of that fold in the same way, and of
all thresholds and three releases (0.3, 0.5 and 0.8 of the threshold) those with the best F1 are taken, of equal ones the middle. Events
with less than a second between them are one throughout. --thresholds takes a table class,threshold,release instead. Needs numpy and
soundfile; EARMARK names the program.
"""
import argparse
import csv
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import soundfile

RATE = 44100
WITHIN = 0.5
GAP = 1.0
RELEASES = (0.3, 0.5, 0.8)
ROOT = Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("EARMARK", str(ROOT / ".build/release/earmark"))


def clips(folder, folds):
    """Samples by category, in the order of meta.csv."""
    found = {}
    with open(folder / "meta.csv", newline="") as file:
        for row in csv.DictReader(file):
            if row["fold"] in folds:
                wave, rate = soundfile.read(folder / row["path"], dtype="float32", always_2d=True)
                if rate != RATE:
                    sys.exit(f"barks.py: {row['path']}: {rate} Hz, expected {RATE}")
                found.setdefault(row["category"], []).append(wave.mean(axis=1))
    return found


def sound(wave):
    """From the first loud 10 ms to the last, with the loud ones' RMS at 1. Loud is a tenth of the loudest."""
    frame = RATE // 100
    count = len(wave) // frame
    level = np.sqrt((wave[:count * frame].reshape(count, frame) ** 2).mean(axis=1) + 1e-12)
    loud = level > level.max() / 10
    first, last = np.nonzero(loud)[0][[0, -1]]
    piece = wave[first * frame:(last + 1) * frame] / np.sqrt((level[loud] ** 2).mean())
    fade = np.linspace(0, 1, frame // 2, dtype=np.float32)
    piece[:len(fade)] *= fade
    piece[-len(fade):] *= fade[::-1]
    return piece


def background(found, rng, seconds):
    """Clips that are no dogs, each of one loudness, faded into one another for 50 ms."""
    others = [wave for category, waves in sorted(found.items()) if category != "Dog bark" for wave in waves]
    out = np.zeros(int(seconds * RATE), dtype=np.float32)
    fade = np.linspace(0, 1, RATE // 20, dtype=np.float32)
    place = 0
    while place < len(out):
        for index in rng.permutation(len(others)):
            wave = others[index] / max(1e-3, np.sqrt((others[index] ** 2).mean())) * 0.01
            wave[:len(fade)] *= fade
            wave[-len(fade):] *= fade[::-1]
            end = min(len(out), place + len(wave))
            out[place:end] += wave[:max(0, end - place)]
            place += len(wave) - len(fade)
            if place >= len(out):
                break
    return out


def mix(found, rng, snr, count=20, seconds=1800):
    """The recording, and (start, end) in seconds of each dog sound in it, one in each twentieth."""
    dogs = [sound(wave) for wave in found["Dog bark"]]
    order = np.concatenate([rng.permutation(len(dogs)) for _ in range(-(-count // len(dogs)))])[:count]
    out = background(found, rng, seconds)
    slot = seconds / count
    times = []
    for number, index in enumerate(order):
        piece = dogs[index]
        start = int((number * slot + rng.uniform(5, slot - 10)) * RATE)
        around = np.sqrt((out[max(0, start - RATE // 2):start + len(piece) + RATE // 2] ** 2).mean())
        out[start:start + len(piece)] += piece * max(around, 0.001) * 10 ** (snr / 20)
        times.append((start / RATE, (start + len(piece)) / RATE))
    # One level for all of it: nothing is clipped.
    return out / max(1, np.abs(out).max() / 0.99), times


def score(events, times):
    """Sounds that are found, as (start, end) of the difference in seconds; further events within sounds; events that are false."""
    left = sorted(events)
    found = []
    for start, end in times:
        hit = next((event for event in left if abs(event[0] - start) <= WITHIN), None)
        if hit:
            left.remove(hit)
            found.append((hit[0] - start, hit[1] - end))
    false = [e for e in left if not any(e[1] > start - WITHIN and e[0] < end + WITHIN for start, end in times)]
    return found, len(left) - len(false), false


def earmark(*words):
    ended = subprocess.run([PROGRAM, *map(str, words)], capture_output=True, text=True)
    if ended.returncode != 0:
        sys.exit(f"barks.py: earmark {' '.join(map(str, words))}: {ended.stderr.strip()}")
    return ended.stdout


class Recording:
    """A mix in a cache with its scores."""

    def __init__(self, a, folds, name, seed):
        path = a.work / f"{name}.wav"
        wave, self.times = mix(clips(a.esc10, folds), np.random.default_rng(seed), a.snr)
        soundfile.write(path, wave, RATE, subtype="PCM_16")
        with open(a.work / f"{name}.times.csv", "w") as file:
            file.write("start,end\n" + "".join(f"{start:.4f},{end:.4f}\n" for start, end in self.times))
        manifest = a.work / f"{name}.manifest.csv"
        manifest.write_text(f"clip,path,labels,split\n{name},{path.name},,\n")
        self.cache = a.work / f"{name}.{a.overlap}.cache"
        earmark("run", ROOT / "Pipelines/label.yaml", "--manifest", manifest, "--cache", self.cache, "--quiet",
                "--set", f"infer.model={a.model}", "--set", f"chunk.overlap={a.overlap}")

    def events(self, *words):
        table = earmark("export", "events", "--cache", self.cache, "--class", "Dog", "--gap", GAP, *words,
                        "--format", "csv", "--out", "-")
        return [(float(row["start"]), float(row["end"])) for row in csv.DictReader(table.splitlines())]


def calibrated(recording, table):
    """Writes the threshold and release with the best F1 as a table of thresholds; returns what to say of them."""
    best = (-1.0, 0, 0)
    for release in RELEASES:
        steps = [round(step, 2) for step in np.arange(0.04, 0.97, 0.02)]
        values = []
        for threshold in steps:
            found, _, false = score(recording.events("--threshold", threshold, "--release", round(threshold * release, 4)),
                                    recording.times)
            values.append(2 * len(found) / (len(recording.times) + len(found) + len(false)))
        top = [step for step, value in zip(steps, values) if value == max(values)]
        if max(values) > best[0]:
            best = (max(values), top[(len(top) - 1) // 2], release)
    f1, threshold, release = best
    table.write_text(f"class,threshold,release\nDog,{threshold},{round(threshold * release, 4)}\n")
    return f"threshold {threshold}, release {round(threshold * release, 4)} (F1 {f1:.3f} on fold 1)"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("esc10", type=Path, metavar="ESC10")
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--work", type=Path, default=ROOT / "Cache/barks")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--overlap", default="0.5")
    parser.add_argument("--snr", type=float, default=20)
    parser.add_argument("--thresholds", type=Path)
    a = parser.parse_args()
    a.work.mkdir(parents=True, exist_ok=True)
    recording = Recording(a, ["2", "3"], f"barks-{a.seed}", a.seed)
    if a.thresholds:
        table, said = a.thresholds, str(a.thresholds)
    else:
        table = a.work / f"thresholds-{a.seed}.{a.overlap}.csv"
        said = calibrated(Recording(a, ["1"], f"calibration-{a.seed}", a.seed + 1000), table)
    found, again, false = score(recording.events("--thresholds", table), recording.times)
    starts = np.array([start for start, _ in found] or [np.nan])
    print(f"seed {a.seed}, overlap {a.overlap}, SNR {a.snr:g} dB, {said}: {len(found)} of {len(recording.times)} dog sounds found within "
          f"{WITHIN} s, {len(false)} false, {again} further within sounds; starts {np.median(starts):+.2f} s in the median, "
          f"{np.abs(starts).max():.2f} s at most")


if __name__ == "__main__":
    main()
