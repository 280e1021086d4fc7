#!/usr/bin/env python3
"""Copies ESC-10 as 44.1 kHz 16-bit WAV files: same folders and names, `.wav` in place of `.ogg`.

    esc10_wav.py IN OUT

IN is a folder of ESC-10 (sub-folders with .ogg files; meta.csv is copied with its paths changed). A file that is there
already is left alone. Needs soundfile.
"""
import argparse
import csv
from pathlib import Path

import soundfile


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path, metavar="IN")
    parser.add_argument("out", type=Path, metavar="OUT")
    a = parser.parse_args()
    files = sorted(a.source.rglob("*.ogg"))
    if not files:
        parser.error(f"{a.source}: found no .ogg file, expected ESC-10")
    made = 0
    for file in files:
        target = a.out / file.relative_to(a.source).with_suffix(".wav")
        if target.exists():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        wave, rate = soundfile.read(file, dtype="float32")
        partial = target.with_suffix(".wav.partial")
        soundfile.write(partial, wave, rate, subtype="PCM_16", format="WAV")
        partial.rename(target)
        made += 1
    meta = a.source / "meta.csv"
    if meta.exists():
        with open(meta, newline="") as old, open(a.out / "meta.csv", "w", newline="") as new:
            rows = list(csv.DictReader(old))
            writer = csv.DictWriter(new, rows[0].keys(), lineterminator="\n")
            writer.writeheader()
            for row in rows:
                writer.writerow({**row, "path": row["path"].removesuffix(".ogg") + ".wav"})
    print(f"{a.out}: {len(files)} clips, {made} of them new")


if __name__ == "__main__":
    main()
