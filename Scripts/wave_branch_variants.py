#!/usr/bin/env python3
"""Compares settings of LEAN's wave branch on ESC-10, fold by fold and seed by seed: the table of Docs/Training.md.

    wave_branch_variants.py ESC10_DIR YAMNET.safetensors WORK_DIR [--seeds 1 2 3] [--epochs 10] [--variants NAME ...]

Trains on all folds but one with the recipe `small` of crossvalidate_esc10.py (YAMNet's trunk frozen, 1e-3), and scores the held-out
clips in NumPy from the model's own embeddings: as they are, and with the attended context set to zero. Prints means over the folds,
with the standard deviation over the seeds where there are several. Runs again go on where one was interrupted.
"""
import argparse
import csv
import json
import statistics
import subprocess
import sys
from pathlib import Path

import numpy as np

from wave_branch_esc10 import ROOT, WIDTH, attention, earmark, embedded, read_safetensors, sigmoid

SMALL = ["--normalization", "none", "--freeze-trunk", "true", "--learning-rate", "1e-3"]
VARIANTS = {
    "no-branch": ("yamnet-projection", []),
    "lean": ("lean", []),
    "attention-1": ("lean", ["--attention-scale", "1"]),
    "rms": ("lean", ["--wave-scale", "rms"]),
    "attention-1-rms": ("lean", ["--attention-scale", "1", "--wave-scale", "rms"]),
    "attention-1-rms-slow": ("lean", ["--attention-scale", "1", "--wave-scale", "rms", "--encoder-rate", "0.1"]),
    "branch-alone": ("wave-encoder", []),
    "branch-alone-rms": ("wave-encoder", ["--wave-scale", "rms"]),
}


def average_precision(scores, truth):
    order = np.argsort(-scores, kind="stable")
    hits = truth[order]
    return float((np.cumsum(hits) / np.arange(1, len(hits) + 1) * hits).sum() / hits.sum())


def figures(scores, truth):
    """mAP and top-1 of clips (clips, classes)."""
    precisions = [average_precision(scores[:, c], truth == c) for c in range(scores.shape[1]) if (truth == c).any()]
    return statistics.mean(precisions), float((scores.argmax(axis=1) == truth).mean())


def measure(model, architecture, manifest, work, name):
    """mAP, top-1, both without context, and the attention's entropy."""
    header, p, _ = read_safetensors(model)
    classes = json.loads(header["__metadata__"]["classes"])
    whole, zeroed, truth, entropy = [], [], [], []
    for label, embeddings, waves in embedded(model, manifest, work, name):
        truth.append(classes.index(label))
        whole.append(sigmoid(embeddings @ p["head/w"] + p["head/b"]).mean(axis=0))
        if architecture == "lean":
            zeroed.append(sigmoid(embeddings[:, :WIDTH] @ p["head/w"][:WIDTH] + p["head/b"]).mean(axis=0))
            weights, _ = attention(embeddings[:, :WIDTH], waves, p, header["__metadata__"])
            entropy += list(-(weights * np.log(np.maximum(weights, 1e-30))).sum(axis=1))
    found = figures(np.array(whole), np.array(truth))
    if not zeroed:
        return [*found, None, None, None]
    return [*found, *figures(np.array(zeroed), np.array(truth)), float(np.mean(entropy))]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, metavar="ESC10_DIR")
    parser.add_argument("yamnet", type=Path, metavar="YAMNET")
    parser.add_argument("work", type=Path, metavar="WORK_DIR")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--workers", default="2")
    parser.add_argument("--variants", nargs="+", default=list(VARIANTS), choices=VARIANTS)
    a = parser.parse_args()
    a.work.mkdir(parents=True, exist_ok=True)
    with open(a.folder / "meta.csv", newline="") as file:
        folds = sorted({row["fold"] for row in csv.DictReader(file)})
    found = {}
    for seed in a.seeds:
        for variant in a.variants:
            architecture, options = VARIANTS[variant]
            rows = []
            for fold in folds:
                manifest = a.work / f"fold{fold}.csv"
                subprocess.run(
                    [sys.executable, ROOT / "Scripts/esc10_manifest.py", a.folder, "--eval", fold, "--out", manifest],
                    check=True)
                name = f"{variant}-{a.epochs}-{seed}-{fold}"
                initial = [] if architecture == "wave-encoder" else ["--init", a.yamnet]
                earmark("train", ROOT / "Pipelines/features.yaml", "--manifest", manifest, "--cache", a.work / "cache",
                        "--out", a.work / name, "--architecture", architecture, "--validation-split", "", "--epochs",
                        a.epochs, "--seed", seed, "--workers", a.workers, "--quiet", *initial, *SMALL, *options)
                rows.append(measure(a.work / name / "model.safetensors", architecture, manifest, a.work, name))
            means = [None if column[0] is None else statistics.mean(column) for column in zip(*rows)]
            found.setdefault(variant, []).append(means)
            print(f"seed {seed}, {variant}: " + " ".join("-" if x is None else f"{x:.4f}" for x in means), flush=True)

    def cell(values):
        if values[0] is None:
            return f"{'-':>15}"
        spread = f" +- {statistics.stdev(values):.4f}" if len(values) > 1 else ""
        return f"{statistics.mean(values):.4f}{spread}".rjust(15)

    print(f"{len(folds)} folds, {a.epochs} epochs, seeds {' '.join(map(str, a.seeds))}; entropy at most ln 40 = 3.689")
    print(f"{'variant':22}" + "".join(f"{name:>16}" for name in ["mAP", "top-1", "mAP, zeroed", "top-1, zeroed", "entropy"]))
    for variant, rows in found.items():
        print(f"{variant:22}" + " ".join(cell(column) for column in zip(*rows)))


if __name__ == "__main__":
    main()
