#!/usr/bin/env python3
"""What 8-bit arithmetic costs in accuracy, on the real recordings of ESC-10.

    precision.py ESC10_DIR MODEL...

Labels ESC-10 with each model in float32 and in int8 and prints a line for each: top-1 and mAP over the ten categories,
and the largest difference of a clip's score. Models are paths of model files or names; YAMNet's and FSD50K's class
names are known. Needs NumPy, and .build/release/earmark (EARMARK names another).
"""
import csv, os, subprocess, sys, tempfile
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
# A category's score is the largest of its classes'.
CLASSES = {
    "001": ["Dog", "Bark"], "002": ["Rain", "Raindrop", "Rain on surface"],
    "003": ["Waves, surf", "Ocean", "Waves_and_surf"],
    "004": ["Baby cry, infant cry", "Baby_cry_and_infant_cry"], "005": ["Tick-tock", "Tick", "Clock"],
    "006": ["Sneeze"], "007": ["Helicopter"], "008": ["Chainsaw"],
    "009": ["Chicken, rooster", "Crowing, cock-a-doodle-doo", "Crowing_and_cock-a-doodle-doo"],
    "010": ["Fire", "Crackle"],
}


def earmark(*arguments):
    subprocess.run([os.environ.get("EARMARK", ROOT / ".build/release/earmark"), *arguments], check=True,
                   stdout=subprocess.DEVNULL)


def average_precision(scores, truth):
    truth = truth[np.argsort(-scores, kind="stable")]
    return (np.cumsum(truth) / np.arange(1, len(truth) + 1))[truth].mean()


def table(file):
    """Clips' categories, class names and scores (clips, classes)."""
    with open(file, newline="") as lines:
        header, *rows = csv.reader(lines)
    return [row[0][:3] for row in rows], header[1:], np.array([row[1:] for row in rows], float)


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    folder, *models = sys.argv[1:]
    with tempfile.TemporaryDirectory() as work:
        manifest = work + "/m.csv"
        earmark("manifest", "folder", folder, "--out", manifest)
        for model in models:
            exact = None
            for precision in ("float32", "int8"):
                scores = work + "/scores.csv"
                earmark("run", "label", "--manifest", manifest, "--cache", work + "/cache", "--quiet",
                        "--set", "infer.model=" + model, "--set", "infer.precision=" + precision)
                earmark("export", "scores", "--cache", work + "/cache", "--out", scores)
                categories, names, values = table(scores)
                columns = np.stack([
                    values[:, [names.index(name) for name in CLASSES[key] if name in names]].max(axis=1)
                    for key in sorted(CLASSES)], axis=1)
                truth = np.array([sorted(CLASSES).index(key) for key in categories])
                exact = values if exact is None else exact
                top = (columns.argmax(axis=1) == truth).sum()
                print(f"{Path(model).stem} {precision}: top-1 {top} of {len(truth)}, "
                      f"mAP {np.mean([average_precision(columns[:, j], truth == j) for j in range(10)]):.4f}, "
                      f"largest difference of a clip's score {np.abs(values - exact).max():.4f}", flush=True)


if __name__ == "__main__":
    main()
