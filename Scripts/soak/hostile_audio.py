#!/usr/bin/env python3
"""Damaged audio files of every format: no crash, no hang, memory within its bound, always a recorded reason."""
import csv
import shutil

import peers
from bench import Bench
from damage import mutated
from product import Product, fresh

bench = Bench("hostile_audio", __doc__, files=10_000, batch=500)
earmark = Product(bench)
BOUND = 300 << 20
SECONDS = 10


def plain_wav():
    """A WAV file without any library: 16 bits, mono, 22.05 kHz, half a second."""
    data = bench.random.randbytes(22050)
    head = b"WAVEfmt " + (16).to_bytes(4, "little") + bytes([1, 0, 1, 0]) + (22050).to_bytes(4, "little") \
        + (44100).to_bytes(4, "little") + bytes([2, 0, 16, 0]) + b"data" + len(data).to_bytes(4, "little")
    return b"RIFF" + (len(head) + len(data)).to_bytes(4, "little") + head + data


def seeds():
    """Small sound files of every format that can be made here, by format."""
    folder = bench.scratch / "seeds"
    folder.mkdir()
    wanted = []
    for name, (form, subtype) in peers.FORMATS.items():
        for number, (rate, channels, seconds) in enumerate([(16000, 1, 0.4), (44100, 2, 0.7), (8000, 1, 1.3)]):
            # Opus knows 8, 12, 16, 24 and 48 kHz.
            rate = 48000 if name == "opus" and rate == 44100 else rate
            wanted.append((folder / f"{number}.{name}", form, subtype, rate, channels, seconds, number))
    made = peers.write(wanted)
    found = {"plain": [plain_wav()]}
    for path in made:
        found.setdefault(path.rsplit(".", 1)[1], []).append(open(path, "rb").read())
    for name in peers.FORMATS:
        if name not in found:
            bench.skip(f"format {name}", "it cannot be made here; the Python module soundfile makes it")
    return found


def batch(found, first, count):
    """Writes a batch of mutated files and its manifest; returns clip name -> bytes."""
    folder = fresh(bench.scratch / "batch")
    folder.mkdir()
    formats = sorted(found)
    clips = {}
    with open(folder / "manifest.csv", "w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["clip", "path"])
        for number in range(first, first + count):
            form = formats[number % len(formats)]
            name = f"{number}.{form}"
            clips[name] = mutated(bench.random.choice(found[form]), bench.random)
            (folder / name).write_bytes(clips[name])
            rows.writerow([name, name])
    return folder, clips


def keep(clips, names):
    """Files that a fault was seen with are kept beside the scratch folder."""
    kept = bench.scratch / "kept"
    kept.mkdir(exist_ok=True)
    for name in names:
        (kept / name).write_bytes(clips[name])
    return kept


def find_slow_or_deadly(folder, clips, alive):
    """One run a clip, for a batch in which something went wrong."""
    for name in clips:
        (folder / "one.csv").write_text(f"clip,path\n{name},{name}\n")
        ended = earmark.run(fresh(folder / "one"), folder / "one.csv", workers=1, limit=SECONDS)
        if ended.died or ended.peak > BOUND:
            alive(False, f"{name}: {ended.line}, {ended.peak >> 20} MB, kept in {keep(clips, [name])}")


def main():
    found = seeds()
    total, first, classes, peak, slowest = bench.options.files, 0, {}, 0, 0
    reasons = {}
    with bench.many("no batch ends by a signal or hangs") as alive, bench.many("peak memory under 300 MB") as memory, \
            bench.many("each clip is done, or failed with a reason") as reasoned:
        while first < total:
            count = min(bench.options.batch, total - first)
            folder, clips = batch(found, first, count)
            cache = folder / "cache"
            ended = earmark.run(cache, folder / "manifest.csv", workers=2, limit=SECONDS * 12)
            if not alive(not ended.died and ended.status in (0, 3), f"clips {first} to {first + count}: {ended.line}"):
                find_slow_or_deadly(folder, clips, alive)
            peak, slowest = max(peak, ended.peak), max(slowest, ended.seconds)
            if not memory(ended.peak < BOUND, f"clips {first} to {first + count}: {ended.peak >> 20} MB"):
                find_slow_or_deadly(folder, clips, memory)
            state, told = earmark.status(cache)
            if reasoned(state is not None, told.line):
                named = {f["clip"] for f in state["failures"] if f["reason"] and f["class"]}
                reasoned(state["done"] + len(named) == count and state["pending"] == 0,
                         f"{state['done']} done, {len(named)} with a reason, {state['pending']} pending of {count}")
                for failure in state["failures"]:
                    classes[failure["class"]] = classes.get(failure["class"], 0) + 1
                    reasons.setdefault(failure["class"], failure["reason"])
                classes["done"] = classes.get("done", 0) + state["done"]
                internal = [f["clip"] for f in state["failures"] if f["class"] == "internal"]
                reasoned(not internal, f"failures of class internal: {internal[:5]}")
            if state and first == 0:
                report, told = earmark.verify(cache)
                bench.check("a cache of hostile clips is sound", told.status == 0, told.line)
            first += count
            shutil.rmtree(folder)
    bench.note(f"{total} files: " + ", ".join(f"{k} {v}" for k, v in sorted(classes.items()))
               + f"; peak {peak >> 20} MB, slowest batch {slowest:.1f} s")
    bench.end()


main()
