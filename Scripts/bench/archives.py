#!/usr/bin/env python3
"""Time of a features run over recordings in a zip or a tar against the same files in a folder.

    Scripts/bench/archives.py WAV_DIR [--clips 20000] [--gigabytes 2] [--pairs 3] [--scratch DIR]

The recordings of WAV_DIR (Scripts/esc10_wav.py makes some) are repeated, cut to equal lengths so that all clips
together have the size that is asked for, and packed: stored and deflated in a zip, and in a tar. Runs alternate, each
with a new cache and one worker; the ratio is the median of the pairs. EARMARK names the program.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
import wave
import zipfile

root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
earmark = os.environ.get("EARMARK", os.path.join(root, ".build/release/earmark"))


def pieces(folder, clips, size):
    """Yields the clips' bytes: pieces of about `size` bytes of the folder's WAV files, each with its own header."""
    names = sorted(n for n in os.listdir(folder) if n.endswith(".wav"))
    if not names:
        sys.exit(f"archives.py: found no .wav file in {folder}")
    made = 0
    while made < clips:
        for name in names:
            with wave.open(os.path.join(folder, name)) as file:
                parameters, frames = file.getparams(), file.readframes(file.getnframes())
            width = parameters.sampwidth * parameters.nchannels
            # Another stretch each time round, so that no two clips are equal.
            start = made * 7919 * width % max(width, len(frames) // 2) // width * width
            data = (frames + frames)[start:start + size // width * width]
            yield parameters, data
            made += 1
            if made == clips:
                return


def make(folder, source, clips, size):
    """Writes the clips below a folder, a hundred in each sub-folder, and returns their names."""
    names = []
    for number, (parameters, data) in enumerate(pieces(source, clips, size)):
        name = f"{number // 100:04}/{number:06}.wav"
        path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with wave.open(path, "wb") as file:
            file.setparams(parameters)
            file.writeframes(data)
        names.append(name)
    return names


def run(scratch, manifest):
    """Seconds of one features run."""
    cache = os.path.join(scratch, "cache")
    shutil.rmtree(cache, ignore_errors=True)
    start = time.monotonic()
    done = subprocess.run(
        [earmark, "run", os.path.join(root, "Pipelines/features.yaml"), "--manifest", manifest, "--cache", cache,
         "--workers", "1", "--quiet"], capture_output=True, text=True)
    seconds = time.monotonic() - start
    if done.returncode:
        sys.exit(done.stderr)
    return seconds


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", metavar="WAV_DIR")
    parser.add_argument("--clips", type=int, default=20_000)
    parser.add_argument("--gigabytes", type=float, default=2)
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--scratch")
    options = parser.parse_args()
    scratch = tempfile.mkdtemp(prefix="earmark-archives-", dir=options.scratch)
    try:
        folder = os.path.join(scratch, "files")
        names = make(folder, options.folder, options.clips, int(options.gigabytes * 1e9 / options.clips))
        kinds = {"zip, stored": "stored.zip", "zip, deflated": "deflated.zip", "tar": "a.tar"}
        for method, name in [(zipfile.ZIP_STORED, "stored.zip"), (zipfile.ZIP_DEFLATED, "deflated.zip")]:
            with zipfile.ZipFile(os.path.join(scratch, name), "w", method) as file:
                for member in names:
                    file.write(os.path.join(folder, member), member)
        with tarfile.open(os.path.join(scratch, "a.tar"), "w") as file:
            for member in names:
                file.add(os.path.join(folder, member), member)
        listed = {}
        for what in ["files", *kinds.values()]:
            listed[what] = os.path.join(scratch, what + ".csv")
            start = time.monotonic()
            subprocess.run([earmark, "manifest", "folder", os.path.join(scratch, what), "--out", listed[what]],
                           check=True, capture_output=True)
            print(f"listed {what} in {time.monotonic() - start:.2f} s", file=sys.stderr)
        size = os.path.getsize(os.path.join(scratch, "stored.zip"))
        print(f"{len(names)} clips, {size / 1e9:.2f} GB, one worker, {options.pairs} pairs")
        print("| packed | seconds | files in a folder, seconds | ratio |")
        print("|---|---|---|---|")
        for kind, name in kinds.items():
            pairs = [(run(scratch, listed[name]), run(scratch, listed["files"])) for _ in range(options.pairs)]
            ratio = statistics.median(a / b for a, b in pairs)
            packed, plain = (statistics.median(side) for side in zip(*pairs))
            print(f"| {kind} | {packed:.1f} | {plain:.1f} | {ratio:.3f} |", flush=True)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


if __name__ == "__main__":
    main()
