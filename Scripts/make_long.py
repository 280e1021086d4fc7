#!/usr/bin/env python3
"""Makes a long recording, block by block, so that memory stays small however long it is.

    make_long.py OUT [--hours 2] [--rate 44100] [--channels 1] [--format WAV] [--subtype PCM_16] [--seed 1]

Tones that change every few seconds over noise: no two blocks are alike, and the same arguments give the same samples.
FORMAT is one of libsndfile's: WAV, RF64, W64, FLAC, OGG, AIFF, CAF, MP3. A WAV file ends at 4 GiB; take RF64 beyond. Needs
numpy and soundfile.
"""
import argparse
from pathlib import Path

import numpy as np
import soundfile

BLOCK_SECONDS = 4


def block(rng, rate, channels, frames):
    time = np.arange(frames, dtype=np.float32) / rate
    tone = np.sin(2 * np.pi * rng.uniform(100, 4000) * time) * rng.uniform(0.05, 0.4)
    pulse = 0.5 + 0.5 * np.sin(2 * np.pi * rng.uniform(0.5, 6) * time)
    noise = rng.standard_normal((frames, channels), dtype=np.float32) * rng.uniform(0.002, 0.1)
    return (noise + (tone * pulse)[:, None].astype(np.float32)).clip(-1, 1)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, metavar="OUT")
    parser.add_argument("--hours", type=float, default=2)
    parser.add_argument("--rate", type=int, default=44100)
    parser.add_argument("--channels", type=int, default=1)
    parser.add_argument("--format", default="WAV")
    parser.add_argument("--subtype", default=None, help="PCM_16 where the format has it, else the format's own")
    parser.add_argument("--seed", type=int, default=1)
    a = parser.parse_args()
    subtype = a.subtype
    if subtype is None:
        subtype = "PCM_16" if soundfile.check_format(a.format, "PCM_16") else soundfile.default_subtype(a.format)
    rng = np.random.default_rng(a.seed)
    total = int(a.hours * 3600 * a.rate)
    a.out.parent.mkdir(parents=True, exist_ok=True)
    with soundfile.SoundFile(a.out, "w", a.rate, a.channels, subtype=subtype, format=a.format) as file:
        left = total
        while left > 0:
            frames = min(left, BLOCK_SECONDS * a.rate)
            file.write(block(rng, a.rate, a.channels, frames))
            left -= frames
    print(f"{a.out}: {total / a.rate / 3600:g} hours, {a.rate} Hz, {a.channels} channels, {a.format} {subtype}")


if __name__ == "__main__":
    main()
