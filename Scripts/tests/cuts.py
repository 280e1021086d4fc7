#!/usr/bin/env python3
"""Makes recordings of many kinds, and compares cuts of them with the same samples of an independent decoding.

    cuts.py make FOLDER               recordings, manifest.csv and events.csv
    cuts.py check FOLDER INDEX PAD    every line of an export's index.csv against the recording; "N cuts" where all are the same

The decoder is soundfile's own libsndfile. What is stored without loss must be the same to the last bit (in FLAC, of recordings of more
than 24 bits, to half a step of 24 bits, and cut to full scale); Vorbis, whose decoders round as they like, within 1e-6.
"""
import csv
import sys
from pathlib import Path

import numpy as np
import soundfile

KINDS = [("wav", "PCM_U8", 8000, 1), ("wav", "PCM_16", 44100, 2), ("wav", "PCM_24", 48000, 3), ("wav", "PCM_32", 96000, 1),
         ("wav", "FLOAT", 22050, 2), ("wav", "DOUBLE", 11025, 1), ("wav", "ULAW", 8000, 1), ("flac", "PCM_16", 44100, 2),
         ("flac", "PCM_24", 96000, 6), ("aiff", "PCM_24", 32000, 2), ("caf", "PCM_16", 192000, 1), ("w64", "PCM_16", 16000, 4),
         ("ogg", "VORBIS", 44100, 2)]
SECONDS = 4.2


def make(folder):
    rng = np.random.default_rng(5)
    with open(folder / "manifest.csv", "w") as manifest, open(folder / "events.csv", "w") as events:
        manifest.write("clip,path,labels,split\n")
        events.write("clip,path,start,end,label,score,peak\n")
        for kind, subtype, rate, channels in KINDS:
            clip = f"{kind}-{subtype}"
            path = folder / f"{clip}.{kind}"
            frames = int(SECONDS * rate)
            wave = rng.uniform(-0.9, 0.9, (frames, channels)) * np.sin(np.arange(frames) / rate * 3)[:, None]
            soundfile.write(path, wave, rate, subtype=subtype)
            manifest.write(f"{clip},{path.name},,\n")
            length = soundfile.info(path).frames / rate
            spans = [(0, 0.5), (length - 0.3, length), (0, length), (1.0005, 1.3), (1.2, 3.1), (2, 2.0001)]
            for place, (start, end) in enumerate(spans):
                events.write(f"{clip},{path},{start:.6f},{end:.6f},Label {place},0.{place + 1},0.9\n")


def check(folder, index, pad):
    count = 0
    with open(index, newline="") as file:
        for row in csv.DictReader(file):
            source = next(folder.glob(row["recording"] + ".*"))
            info = soundfile.info(source)
            whole, rate = soundfile.read(source, dtype="float64", always_2d=True)
            first = max(0, int(np.floor((float(row["event_start"]) - pad) * rate + 0.5)))
            end = min(len(whole), int(np.floor((float(row["event_end"]) + pad) * rate + 0.5)))
            found, own = soundfile.read(index.parent / row["path"], dtype="float64", always_2d=True)
            expected = whole[first:max(end, first + 1)]
            where = f"{row['path']} of {source.name}"
            assert own == rate, f"{where}: {own} Hz, expected {rate}"
            assert found.shape == expected.shape, f"{where}: {found.shape}, expected {expected.shape}"
            lossless = info.subtype != "VORBIS"
            rounded = row["path"].endswith(".flac") and info.subtype in ("PCM_32", "FLOAT", "DOUBLE", "VORBIS")
            limit = (0 if lossless else 1e-6) + (0.5000001 / 2 ** 23 if rounded else 0)
            if rounded:
                expected = np.clip(expected, -1, 1 - 1 / 2 ** 23)
            worst = np.abs(found - expected).max()
            assert worst <= limit, f"{where}: differs by {worst}, expected {limit} at most"
            assert abs(float(row["from"]) - first / rate) < 1e-6 and abs(float(row["to"]) - end / rate) < 2 / rate, where
            count += 1
    print(f"{count} cuts")


if __name__ == "__main__":
    if sys.argv[1] == "make":
        make(Path(sys.argv[2]))
    else:
        check(Path(sys.argv[2]), Path(sys.argv[3]), float(sys.argv[4]))
