#!/usr/bin/env python3
"""Distils the model that ships into a student with random weights, on made-up sounds: what distil_esc10.py does, without any corpus.

    distil_synth.py WORK_DIR [--clips 240] [--labelled 2] [--epochs 20] [--seed 1] [--architecture yamnet-projection]

The clips are those of `earmark synth`; one label of each counts. Ends with status 1 unless the teacher adds 10 points of top-1 to
the labels alone.
"""
import argparse
import csv
from pathlib import Path

from distil_esc10 import ROOT, earmark, options, rehearse, write


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path, metavar="WORK_DIR")
    parser.add_argument("--clips", type=int, default=240)
    options(parser)
    parser.set_defaults(labelled=2)
    a = parser.parse_args()
    a.work.mkdir(parents=True, exist_ok=True)
    corpus, manifest = a.work / "corpus", a.work / "manifest.csv"
    if not manifest.exists():
        earmark("synth", corpus, "--clips", a.clips, "--seed", 1)
        earmark("manifest", "fsd50k", corpus, "--out", manifest)
    with open(manifest, newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["labels"] and "," not in row["labels"]]
    for row in rows:
        row["split"] = "eval" if row["split"] == "eval" else "train"
    write(a.work / "whole.csv", rows)
    rehearse(a, str(ROOT / "Models/lean-esc10.safetensors"), inputs="[mel-cache, chunk]")


if __name__ == "__main__":
    main()
