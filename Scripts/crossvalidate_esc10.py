#!/usr/bin/env python3
"""Trains on all folds of ESC-10 but one and tests on that one, fold after fold, and prints the means: the table of Docs/Training.md.

    crossvalidate_esc10.py ESC10_DIR YAMNET.safetensors WORK_DIR [--recipe small] [--epochs 10] [--seed 1]
                           [--variants lean ...]

ESC10_DIR holds meta.csv (path,fold,category) and the audio. Every variant starts from YAMNet's weights (the wave encoder from
random ones); no clip of the tested fold is seen before, and the last epoch counts, so nothing is chosen by the test. Runs
again go on where one was interrupted. The recipe `small` is for a training set of 160 clips: YAMNet's trunk stays as it is,
with the input it was trained on, and the new layers learn at 1e-3. The recipe `paper` has the default settings of `earmark
train`, but for the number of epochs: everything is trained, at 1e-4, on mean-normalised log-mel.
"""
import argparse
import csv
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RECIPES = {"small": ["--normalization", "none", "--freeze-trunk", "true", "--learning-rate", "1e-3"], "paper": []}
VARIANTS = ["yamnet-projection", "wave-encoder", "lean-mean", "lean"]


def earmark(*arguments, capture=False):
    command = [os.environ.get("EARMARK", str(ROOT / ".build/release/earmark")), *map(str, arguments)]
    done = subprocess.run(command, stdout=subprocess.PIPE if capture else None, text=True)
    if done.returncode:
        sys.exit(f"crossvalidate_esc10.py: 'earmark {arguments[0]}' ended with status {done.returncode}, expected 0")
    return done.stdout


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, metavar="ESC10_DIR")
    parser.add_argument("yamnet", type=Path, metavar="YAMNET")
    parser.add_argument("work", type=Path, metavar="WORK_DIR")
    parser.add_argument("--recipe", default="small", choices=RECIPES)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--variants", nargs="+", default=VARIANTS, choices=VARIANTS)
    a = parser.parse_args()
    a.work.mkdir(parents=True, exist_ok=True)
    with open(a.folder / "meta.csv", newline="") as file:
        folds = sorted({row["fold"] for row in csv.DictReader(file)})
    rows = {}
    for fold in folds:
        manifest = a.work / f"fold{fold}.csv"
        subprocess.run([sys.executable, ROOT / "Scripts/esc10_manifest.py", a.folder, "--eval", fold, "--out", manifest],
                       check=True)
        models = []
        for variant in a.variants:
            out = a.work / f"{a.recipe}-fold{fold}-{variant}"
            initial = [] if variant == "wave-encoder" else ["--init", a.yamnet]
            earmark("train", ROOT / "Pipelines/features.yaml", "--manifest", manifest,
                    "--cache", a.work / "cache", "--out", out, "--architecture", variant, "--validation-split", "",
                    "--epochs", a.epochs, "--seed", a.seed, *initial, *RECIPES[a.recipe])
            models.append(out / "model.safetensors")
        table = json.loads(earmark(
            "evaluate", *models, "--manifest", manifest, "--split", "eval", "--cache", a.work / "cache", "--pipeline",
            ROOT / "Pipelines/features.yaml", "--ablation", "--json", "--resamples", 0, capture=True))
        for row in table:
            rows.setdefault((row["variant"], row["precision"], row["overlap"]), []).append(row)
    print(f"{len(folds)} folds, {a.epochs} epochs, seed {a.seed}; means over the folds")
    print(f"{'variant':18} {'precision':9} {'MB':>6} {'overlap':>7} {'top-1':>7} {'mAP':>7} {'lwlrap':>7}  top-1 by fold")
    for (variant, precision, overlap), found in rows.items():
        mean = lambda key: statistics.mean(row[key] for row in found)
        by_fold = " ".join(f"{row['top_1']:.4f}" for row in found)
        print(f"{variant:18} {precision:9} {mean('megabytes'):6.2f} {overlap:7.0%} {mean('top_1'):7.4f} {mean('mAP'):7.4f} "
              f"{mean('lwlrap'):7.4f}  {by_fold}")


if __name__ == "__main__":
    main()
