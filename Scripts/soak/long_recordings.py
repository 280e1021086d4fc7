#!/usr/bin/env python3
"""Recordings of hours, files over 4 GB, many channels, low and high rates: memory is bounded, and the first minute's
features are those of the same minutes as a short file.

Sizes: ten hours and, for files over 4 GB, 3.6 hours of two channels of floats. `--share 0.01` makes all a hundredth.
"""
import shutil

import numpy

import peers
from bench import ROOT, Bench
from process import run
from product import Product, fresh

bench = Bench("long_recordings", __doc__, share=1.0, only="")
earmark = Product(bench)
BOUND = 300 << 20
LABELLING_BOUND = 500 << 20
# Recordings that are labelled as well, for two hours of them at most: the whole graph, with YAMNet where it is here.
LABELLED = {"two-hours": (2, 44100, 1, "WAV", "PCM_16", 318e6)}
MINUTE = 60

# Name: hours, rate, channels, format, subtype, bytes an hour.
RECORDINGS = {
    "wav": (10, 44100, 1, "WAV", "PCM_16", 318e6),
    "flac": (10, 44100, 1, "FLAC", "PCM_16", 318e6),
    "rf64": (3.6, 44100, 2, "RF64", "FLOAT", 1270e6),
    "w64": (3.6, 44100, 2, "W64", "FLOAT", 1270e6),
    "six-channels": (1 / 6, 44100, 6, "WAV", "PCM_16", 1905e6),
    "8-khz": (1 / 6, 8000, 1, "WAV", "PCM_16", 58e6),
    "192-khz": (1 / 6, 192000, 2, "WAV", "PCM_24", 4147e6),
    "ogg": (1, 44100, 1, "OGG", "VORBIS", 60e6),
    "mp3": (10, 44100, 1, "MP3", "MPEG_LAYER_III", 60e6),
}
# Raw samples and log-mel frames at 16 kHz.
CACHE_AN_HOUR = 210e6


def make(python, path, hours, rate, channels, form, subtype):
    options = {"hours": hours, "rate": rate, "channels": channels, "format": form, "subtype": subtype}
    arguments = [text for key, value in options.items() for text in ("--" + key, str(value))]
    return run([python, ROOT / "Scripts/make_long.py", path, *arguments], limit=7200)


def features(name, path):
    """Takes a recording through a run; returns how it ended and its rows by kind, a minute of them."""
    manifest, cache = path.with_suffix(".csv"), fresh(bench.scratch / f"cache-{name}")
    manifest.write_text(f"clip,path\n{name},{path}\n")
    ended = earmark.run(cache, manifest, workers=2, limit=7200)
    rows, counts = {}, {}
    if ended.status == 0:
        for line in (cache / "shards/index.csv").read_text().splitlines()[1:]:
            _, kind, shard, first, count = line.rsplit(",", 4)
            rate = 16000 if kind == "raw" else 100
            part = numpy.load(cache / shard, mmap_mode="r")[int(first):int(first) + min(int(count), MINUTE * rate)]
            rows[kind], counts[kind] = numpy.array(part), int(count)
    shutil.rmtree(cache, ignore_errors=True)
    return ended, rows, counts


def label(python):
    """Peak memory of the whole labelling graph over a long recording."""
    model = earmark.model()
    if model is None:
        bench.skip("labelling a long recording", "no model; set EARMARK_MODEL")
        return
    for name, (hours, rate, channels, form, subtype, _) in LABELLED.items():
        hours = max(hours * bench.options.share, 2.5 * MINUTE / 3600)
        path, cache = bench.scratch / f"{name}.audio", fresh(bench.scratch / "cache-label")
        made = make(python, path, hours, rate, channels, form, subtype)
        manifest = path.with_suffix(".csv")
        manifest.write_text(f"clip,path\n{name},{path}\n")
        ended = earmark.run(cache, manifest, "label", workers=2, sets=[f"infer.model={model}"], limit=3600)
        bench.check(f"{name}: labelled, under 500 MB", made.status == 0 and ended.status == 0
                    and ended.peak < LABELLING_BOUND, f"{ended.line}; peak {ended.peak >> 20} MB")
        path.unlink(missing_ok=True)
        shutil.rmtree(cache, ignore_errors=True)


def main():
    python = peers.interpreter()
    if python is None:
        bench.skip("long recordings", "no Python with soundfile here; name one in SOUNDFILE_PYTHON")
        bench.end()
    only = [name for name in bench.options.only.split(",") if name]
    for name, (hours, rate, channels, form, subtype, size) in RECORDINGS.items():
        if only and name not in only:
            continue
        hours = max(hours * bench.options.share, 2.5 * MINUTE / 3600)
        need, free = hours * (size + CACHE_AN_HOUR) * 1.2, shutil.disk_usage(bench.scratch).free
        if free < need:
            bench.skip(name, f"{free / 1e9:.0f} GB free, {need / 1e9:.0f} wanted")
            continue
        long, short = bench.scratch / f"{name}-long.audio", bench.scratch / f"{name}-short.audio"
        made = make(python, long, hours, rate, channels, form, subtype)
        if made.status != 0 or make(python, short, 2 * MINUTE / 3600, rate, channels, form, subtype).status != 0:
            bench.skip(name, f"it cannot be made here: {made.line}")
            continue
        bytes = long.stat().st_size
        ended, rows, counts = features(f"{name}-long", long)
        bench.check(f"{name}: {hours:.2f} hours, {bytes / 1e9:.2f} GB", ended.status == 0,
                    f"{ended.line}; {hours * 3600 / ended.seconds:.0f} x real time, peak {ended.peak >> 20} MB")
        bench.check(f"{name}: peak memory under 300 MB", ended.peak < BOUND, f"{ended.peak >> 20} MB")
        brief, first, _ = features(f"{name}-short", short)
        same = bool(rows) and rows.keys() == first.keys() and all(
            numpy.array_equal(rows[kind], first[kind]) for kind in rows)
        detail = ", ".join(f"{kind} differs by {numpy.abs(rows[kind].astype('f8') - first[kind]).max():g}"
                           for kind in rows if kind in first and rows[kind].shape == first[kind].shape and not same)
        bench.check(f"{name}: the first minute is that of a short file", same, detail)
        seconds = counts.get("raw", 0) / 16000
        bench.check(f"{name}: nothing is missing at its end", 0 <= seconds - hours * 3600 < 2,
                    f"{seconds:.1f} s of {hours * 3600:.1f}")
        long.unlink()
        short.unlink()
    if not only or only == ["label"]:
        label(python)
    bench.end()


main()
