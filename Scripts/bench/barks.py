#!/usr/bin/env python3
"""Mixes 20 dog sounds of ESC-10 at known times into half an hour of its other sounds, and counts which `export events` finds.

    barks.py ESC10 --model YAMNET.safetensors [--work DIR] [--seed 1] [--overlap 0.5] [--snr 20] [--voices] [--thresholds FILE]

ESC10 is a folder with meta.csv (path,fold,category). A dog sound is a clip of "Dog bark" from its first bark to its last; its loud
frames are SNR dB above what it is mixed with. The rest is every clip of rain, sea waves, fire, clocks, helicopters and chainsaws at
one loudness, in an order drawn by --seed, faded into one another, over and over; with --voices, crying babies, sneezes and roosters
as well, the first of which YAMNet takes for dogs. All sounds are of folds 2 and 3 (16 dogs: four of them come twice).

A sound is found if an event of Dog begins within 0.5 s of its first bark (each event for one sound). Events that touch no dog sound
are false; further events within one, of later barks, are counted apart.

The threshold is that of `earmark calibrate` (best F1) on short clips whose labels are known: a recording is made of fold 1, which
nothing in the other one is of, in the same way and with voices; the clips are the second about the start of each of its 20 dog
sounds and 200 seconds without any. Events with less than a second between them are one; the release is 0.8 of the threshold, as
the start of a sound matters here and a low release draws it forward. --thresholds takes a table class,threshold,release instead.
Needs numpy and soundfile; EARMARK names the program.
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
VOICES = {"Baby cry", "Person sneeze", "Rooster"}
PIECES = 200
RELEASE = 0.8
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


def background(found, rng, seconds, voices):
    """Clips that are no dogs, each of one loudness, faded into one another for 50 ms."""
    left_out = {"Dog bark"} | (set() if voices else VOICES)
    others = [wave for category, waves in sorted(found.items()) if category not in left_out for wave in waves]
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


def mix(found, rng, snr, voices, count=20, seconds=1800):
    """The recording, and (start, end) in seconds of each dog sound in it, one in each twentieth."""
    dogs = [sound(wave) for wave in found["Dog bark"]]
    order = np.concatenate([rng.permutation(len(dogs)) for _ in range(-(-count // len(dogs)))])[:count]
    out = background(found, rng, seconds, voices)
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


def run(a, name, manifest):
    cache = a.work / f"{name}.{a.overlap}.cache"
    earmark("run", ROOT / "Pipelines/label.yaml", "--manifest", manifest, "--cache", cache, "--quiet",
            "--set", f"infer.model={a.model}", "--set", f"chunk.overlap={a.overlap}")
    return cache


def recording(a, folds, name, seed, voices):
    """A mix of these folds as a WAV file, with its samples and the times of its dog sounds."""
    path = a.work / f"{name}.wav"
    wave, times = mix(clips(a.esc10, folds), np.random.default_rng(seed), a.snr, voices)
    soundfile.write(path, wave, RATE, subtype="PCM_16")
    with open(a.work / f"{name}.times.csv", "w") as file:
        file.write("start,end\n" + "".join(f"{start:.4f},{end:.4f}\n" for start, end in times))
    return path, wave, times


def calibrated(a, table):
    """Writes the thresholds of `earmark calibrate` for the pieces of a recording of fold 1; returns what to say of Dog's."""
    name = f"calibration-{a.seed}"
    _, wave, times = recording(a, ["1"], name, a.seed + 1000, voices=True)
    rng = np.random.default_rng(a.seed + 2000)
    pieces = [(start - 0.25, "Dog") for start, _ in times]
    while len(pieces) < len(times) + PIECES:
        start = rng.uniform(0, len(wave) / RATE - 1)
        if all(start + 1 < first or start > last for first, last in times):
            pieces.append((start, ""))
    folder = a.work / name
    folder.mkdir(exist_ok=True)
    rows = ["clip,path,labels,split"]
    for number, (start, label) in enumerate(pieces):
        first = int(start * RATE)
        soundfile.write(folder / f"{number}.wav", wave[first:first + RATE], RATE, subtype="PCM_16")
        rows.append(f"{number},{name}/{number}.wav,{label},")
    manifest = a.work / f"{name}.manifest.csv"
    manifest.write_text("\n".join(rows) + "\n")
    earmark("calibrate", "--cache", run(a, name, manifest), "--truth", manifest, "--out", table)
    with open(table, newline="") as file:
        row = next(row for row in csv.DictReader(file) if row["class"] == "Dog")
    threshold = float(row["threshold"])
    table.write_text(f"class,threshold,release\nDog,{threshold},{threshold * RELEASE:.6f}\n")
    return f"threshold {float(row['threshold']):.3f} (F1 {float(row['f1']):.3f} on fold 1)"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("esc10", type=Path, metavar="ESC10")
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--work", type=Path, default=ROOT / "Cache/barks")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--overlap", default="0.5")
    parser.add_argument("--snr", type=float, default=20)
    parser.add_argument("--voices", action="store_true")
    parser.add_argument("--thresholds", type=Path)
    a = parser.parse_args()
    a.work.mkdir(parents=True, exist_ok=True)
    kind = "-voices" if a.voices else ""
    name = f"barks-{a.seed}{kind}"
    path, _, times = recording(a, ["2", "3"], name, a.seed, a.voices)
    manifest = a.work / f"{name}.manifest.csv"
    manifest.write_text(f"clip,path,labels,split\n{name},{path.name},,\n")
    cache = run(a, name, manifest)
    if a.thresholds:
        table, said = a.thresholds, str(a.thresholds)
    else:
        table = a.work / f"thresholds-{a.seed}.{a.overlap}.csv"
        said = calibrated(a, table)
    exported = earmark("export", "events", "--cache", cache, "--class", "Dog", "--gap", GAP, "--thresholds", table,
                       "--format", "csv", "--out", "-")
    events = [(float(row["start"]), float(row["end"])) for row in csv.DictReader(exported.splitlines())]
    found, again, false = score(events, times)
    starts = np.array([start for start, _ in found] or [np.nan])
    print(f"seed {a.seed}, {'with' if a.voices else 'without'} voices, overlap {a.overlap}, SNR {a.snr:g} dB, {said}: {len(found)} of "
          f"{len(times)} dog sounds found within {WITHIN} s, {len(false)} false, {again} further within sounds; starts "
          f"{np.median(starts):+.2f} s in the median, {np.abs(starts).max():.2f} s at most")


if __name__ == "__main__":
    main()
