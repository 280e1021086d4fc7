#!/usr/bin/env python3
"""Times Earmark beside its peers on the same machine, in one run, in pairs; prints one JSON line a comparison.

    compare.py features DIR   a folder of audio to sealed raw and mel shards with the ledger, beside librosa
    compare.py decoding DIR   reading by libsndfile and resampling by soxr HQ alone, which both of these do, beside librosa
    compare.py media FILE          one long recording to sealed shards, beside FFmpeg's command, which decodes and resamples it alone
    compare.py label DIR MODEL.safetensors     the whole labelling job in float32 and int8, beside Python with OpenVINO
    compare.py network MODEL.safetensors       forward passes at batch 64 in float32 and int8, beside ONNX Runtime and OpenVINO
                                               (YAMNet or LEAN)
    compare.py training PYTHON                 training steps of LEAN at batch 64 on two cores, beside TensorFlow in PYTHON
Options: --earmark BIN, --pairs 5, --workers 1, --scratch DIR (where caches are made), --repeat 4 (both sides take
each file that often, so that starting a process and sealing small shards do not stand for a corpus), --calibration DIR (every
tenth recording of this folder calibrates the 8-bit networks of both sides; without it those of the peers are skipped), --processor
(features, label and network: processor time, user and system, in place of time, for a machine that does other work as well)
"""
import argparse
import csv
import json
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import peers

ROOT = Path(__file__).resolve().parent.parent.parent


def seconds_of_children(arguments):
    """The time, or the processor time of the programs that have ended."""
    if not arguments.processor:
        return time.perf_counter()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def earmark_run(arguments, pipeline, manifest, sets=()):
    """Seconds of a whole `earmark run` in a fresh cache, process start and sealing included."""
    cache = tempfile.mkdtemp(prefix="bench-", dir=arguments.scratch)
    command = [arguments.earmark, "run", str(ROOT / "Pipelines" / pipeline), "--manifest", manifest, "--cache", cache,
               "--workers", str(arguments.workers), "--quiet"]
    for item in sets:
        command += ["--set", item]
    start = seconds_of_children(arguments)
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wall = seconds_of_children(arguments) - start
    shutil.rmtree(cache)
    if done.returncode != 0:
        sys.exit(f"compare.py: earmark ended with status {done.returncode}, expected 0")
    return wall


def clock(arguments):
    return "processor" if arguments.processor else "wall"


def report(arguments, what, audio, ours, theirs, peer, workers):
    ratios = [a / b for a, b in zip(ours, theirs)]
    median = statistics.median
    print(json.dumps({
        "what": what, "audio_s": round(audio, 1), "pairs": len(ours), "workers": workers, "clock": clock(arguments), "peer": peer,
        "earmark_ms_per_audio_s": round(median(ours) / audio * 1e3, 4),
        "peer_ms_per_audio_s": round(median(theirs) / audio * 1e3, 4),
        "earmark_x_realtime": round(audio / median(ours), 1), "peer_x_realtime": round(audio / median(theirs), 1),
        "time_ratio": round(median(ratios), 3), "time_ratio_min": round(min(ratios), 3),
        "time_ratio_max": round(max(ratios), 3), "speed_ratio": round(1 / median(ratios), 3)}), flush=True)


def corpus(arguments, folder):
    files = peers.audio_files(folder)
    if not files:
        sys.exit(f"compare.py: no audio in {folder}")
    files = files * arguments.repeat
    with tempfile.NamedTemporaryFile("w", suffix=".csv", dir=arguments.scratch, delete=False, newline="") as handle:
        writer = csv.writer(handle)
        writer.writerow(["clip", "path"])
        writer.writerows([f"clip {number}", str(Path(path).resolve())] for number, path in enumerate(files))
    return files, handle.name, peers.seconds_of(files)


def features(arguments):
    files, manifest, audio = corpus(arguments, arguments.paths[0])
    earmark_run(arguments, "features.yaml", manifest)
    ours, theirs = [], []
    for _ in range(arguments.pairs):
        ours.append(earmark_run(arguments, "features.yaml", manifest))
        theirs.append(peers.time_librosa(files))
    report(arguments, "features", audio, ours, theirs, "librosa, one process", arguments.workers)
    if arguments.workers == 1 and not arguments.processor:
        one, two = [], []
        for _ in range(arguments.pairs):
            arguments.workers = 1
            one.append(earmark_run(arguments, "features.yaml", manifest))
            arguments.workers = 2
            two.append(earmark_run(arguments, "features.yaml", manifest))
        report(arguments, "features, two workers against one", audio, two, one, "earmark, one worker", 2)


def decoding(arguments):
    """How much of librosa's time the two libraries take that both programs call, here as Python calls them."""
    files = peers.audio_files(arguments.paths[0]) * arguments.repeat
    alone, whole = [], []
    for _ in range(arguments.pairs):
        alone.append(peers.time_decoding(files))
        whole.append(peers.time_librosa(files))
    ratio = statistics.median(a / b for a, b in zip(alone, whole))
    audio = peers.seconds_of(files)
    print(json.dumps({
        "what": "decoding and resampling alone", "audio_s": round(audio, 1), "pairs": arguments.pairs, "peer": "librosa, one process",
        "decoding_ms_per_audio_s": round(statistics.median(alone) / audio * 1e3, 4),
        "peer_ms_per_audio_s": round(statistics.median(whole) / audio * 1e3, 4), "time_ratio": round(ratio, 3)}), flush=True)


def media(arguments):
    """A file of FFmpeg's formats to features, one worker, beside FFmpeg's command in one thread."""
    path = arguments.paths[0]
    ours, theirs = [], []
    with tempfile.TemporaryDirectory(dir=arguments.scratch) as scratch:
        wav = f"{scratch}/decoded.wav"
        with open(f"{scratch}/manifest.csv", "w", newline="") as handle:
            csv.writer(handle).writerows([["clip", "path"], ["clip", str(Path(path).resolve())]])
        command = ["ffmpeg", "-nostdin", "-v", "error", "-y", "-threads", "1", "-i", path, "-ac", "1", "-ar", "16000", wav]
        subprocess.run(command, check=True)
        audio = (Path(wav).stat().st_size - 44) / 32000
        earmark_run(arguments, "features.yaml", f"{scratch}/manifest.csv")
        for _ in range(arguments.pairs):
            ours.append(earmark_run(arguments, "features.yaml", f"{scratch}/manifest.csv"))
            start = time.perf_counter()
            subprocess.run(command, check=True)
            theirs.append(time.perf_counter() - start)
    report(arguments, "media to features", audio, ours, theirs, "ffmpeg -threads 1, decoding and resampling", arguments.workers)


def calibration(arguments):
    """Every tenth recording of the folder that --calibration names."""
    return peers.audio_files(arguments.calibration)[::10] if arguments.calibration else []


def note_skipped(what, engines):
    for peer, reason in engines.skipped.items():
        print(json.dumps({"what": what, "peer": peer, "skipped": reason}), flush=True)


def quantized(arguments, scratch):
    """Our own 8-bit model, calibrated on the same recordings; the model itself if it is in 8 bits already."""
    model, clips = arguments.paths[-1], calibration(arguments)
    if not clips or any(t.dtype == "int8" for t in peers.read_safetensors(model, raw=True)[0].values()):
        return model
    with open(f"{scratch}/calibration.csv", "w", newline="") as handle:
        csv.writer(handle).writerows([["clip", "path"]] + [[f"clip {n}", str(Path(p).resolve())] for n, p in enumerate(clips)])
    made, manifest, cache = f"{scratch}/int8.safetensors", f"{scratch}/calibration.csv", f"{scratch}/calibration"
    for command in (["run", str(ROOT / "Pipelines/features.yaml"), "--manifest", manifest, "--cache", cache, "--quiet"],
                    ["model", "quantize", model, made, "--cache", cache, "--manifest", manifest]):
        subprocess.run([arguments.earmark, *command], check=True, stdout=subprocess.DEVNULL)
    return made


def label(arguments):
    folder, model = arguments.paths
    files, manifest, audio = corpus(arguments, folder)
    with tempfile.TemporaryDirectory(dir=arguments.scratch) as scratch:
        engines = peers.Engines(model, scratch, calibration(arguments))
        theirs = {name: make for name, make in engines.makers.items() if name.startswith("openvino")}
        small = quantized(arguments, scratch)
        note_skipped("label", engines)
        ours = {"float32": [f"infer.model={model}", "infer.precision=float32"],
                "int8": [f"infer.model={small}", "infer.precision=int8"]}
        times = {name: [] for name in [*ours, *theirs]}
        for sets in ours.values():
            earmark_run(arguments, "label.yaml", manifest, sets)
        for _ in range(arguments.pairs):
            for name, sets in ours.items():
                times[name].append(earmark_run(arguments, "label.yaml", manifest, sets))
            for name, make in theirs.items():
                times[name].append(peers.time_labelling(files, make()[0]))
    for precision in ours:
        for name in theirs:
            report(arguments, f"label, {precision}", audio, times[precision], times[name],
                   f"soundfile + soxr + NumPy + {name}, one process", arguments.workers)


def network(arguments):
    """Forward passes of one thread: float32 and int8 beside every peer, with the kernels in use."""
    model = arguments.paths[0]
    with tempfile.TemporaryDirectory(dir=arguments.scratch) as scratch:
        engines = peers.Engines(model, scratch, calibration(arguments))
        small = quantized(arguments, scratch)
        loaded = {name: make() for name, make in engines.makers.items()}
        note_skipped("network", engines)
        ours, theirs = {"float32": [], "int8": []}, []
        for _ in range(arguments.pairs):
            for precision, times in ours.items():
                out = subprocess.run(
                    [arguments.earmark, "bench", "network", "--model", small if precision == "int8" else model,
                     "--precision", precision, "--threads", "1", "--batch", "64", "--json"],
                    check=True, capture_output=True, text=True).stdout
                times.append(json.loads(out.splitlines()[-1]))
            theirs.append(peers.time_network({name: run for name, (run, _) in loaded.items()}, engines.onnx, 64))
    median = statistics.median
    key = "processor_ms_per_chunk" if arguments.processor else "ms_per_chunk"
    for precision, times in ours.items():
        mine = [t[key] for t in times]
        base = {"what": "network", "network": times[0]["network"], "precision": precision, "kernels": times[0]["kernels"],
                "batch": 64, "threads": 1, "pairs": len(mine), "clock": clock(arguments),
                "earmark_ms_per_chunk": round(median(mine), 4)}
        if precision == "int8":
            print(json.dumps({**base, "peer": "earmark float32", "time_ratio": round(
                median(a / b[key] for a, b in zip(mine, ours["float32"])), 3)}), flush=True)
        for peer, (_, kernels) in loaded.items():
            print(json.dumps({
                **base, "peer": peer, "peer_kernels": kernels, "peer_ms_per_chunk": round(median(b[peer] for b in theirs), 4),
                "time_ratio": round(median(a / b[peer] for a, b in zip(mine, theirs)), 3)}), flush=True)


def training(arguments):
    ours, theirs = [], []
    script = str(Path(__file__).resolve().parent / "keras_lean.py")
    for _ in range(arguments.pairs):
        for times, command in ((ours, [arguments.earmark, "bench", "training", "--threads", "2", "--batch", "64", "--json"]),
                               (theirs, [arguments.paths[0], script, "--threads", "2", "--batch", "64"])):
            out = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
            times.append(json.loads(out.splitlines()[-1])["ms_per_chunk"])
    ratios = [a / b for a, b in zip(ours, theirs)]
    print(json.dumps({
        "what": "training", "peer": "TensorFlow", "batch": 64, "threads": 2, "pairs": len(ours),
        "earmark_ms_per_chunk": round(statistics.median(ours), 3), "peer_ms_per_chunk": round(statistics.median(theirs), 3),
        "time_ratio": round(statistics.median(ratios), 3), "time_ratio_min": round(min(ratios), 3),
        "time_ratio_max": round(max(ratios), 3)}), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["features", "decoding", "media", "label", "network", "training"])
    parser.add_argument("paths", nargs="+")
    parser.add_argument("--earmark", default=str(ROOT / ".build" / "release" / "earmark"))
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--scratch", default=None)
    parser.add_argument("--repeat", type=int, default=4)
    parser.add_argument("--calibration", default=None)
    parser.add_argument("--processor", action="store_true")
    arguments = parser.parse_args()
    if arguments.processor:
        peers.clock = time.process_time
    {"features": features, "decoding": decoding, "media": media, "label": label, "network": network, "training": training}[arguments.what](arguments)


if __name__ == "__main__":
    main()
