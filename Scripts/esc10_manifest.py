#!/usr/bin/env python3
"""Lists a folder of ESC-10 (meta.csv: path,fold,category) as a manifest whose splits follow the folds.

    esc10_manifest.py DIR --eval 3 [--validation 2] --out M.csv

Clips of the folds under --eval get the split eval, of --validation val, all others train. Where the audio was converted, the
file beside the listed one with another extension is taken. Labels are FSD50K's names for ESC-10's categories.
"""
import argparse
import csv
from pathlib import Path

NAMES = {
    "Dog bark": "Bark", "Rain": "Rain", "Sea waves": "Waves_and_surf",
    "Baby cry": "Baby_cry_and_infant_cry",
    "Clock tick": "Tick-tock", "Person sneeze": "Sneeze", "Helicopter": "Helicopter", "Chainsaw": "Chainsaw",
    "Rooster": "Crowing_and_cock-a-doodle-doo", "Fire crackling": "Crackle",
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("--eval", default="", help="folds of the split eval, such as 3 or 4,5")
    parser.add_argument("--validation", default="", help="folds of the split val")
    parser.add_argument("--out", type=Path, required=True)
    a = parser.parse_args()
    meta = a.folder / "meta.csv"
    if not meta.exists():
        parser.error(f"{meta}: not there, expected ESC-10's list path,fold,category")
    folds = {fold: "eval" for fold in a.eval.split(",") if fold}
    folds.update({fold: "val" for fold in a.validation.split(",") if fold})
    with open(meta, newline="") as file, open(a.out, "w", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(["clip", "path", "labels", "split"])
        for row in csv.DictReader(file):
            path = a.folder / row["path"]
            if not path.exists():
                path = next(iter(sorted(path.parent.glob(path.stem + ".*"))), path)
            writer.writerow([path.stem, path.resolve(), NAMES[row["category"]], folds.get(row["fold"], "train")])


if __name__ == "__main__":
    main()
