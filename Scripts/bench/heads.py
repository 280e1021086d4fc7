#!/usr/bin/env python3
"""Trains heads on YAMNet's embeddings of ESC-10: on two folds, tested on the third, each fold once the test. Prints accuracy and time.

    heads.py ESC10_DIR YAMNET WORK_DIR [--pooling mean ...] [--hidden 0] [--seed 1] [--workers 2]

ESC10_DIR holds meta.csv (path,fold,category) and the audio, three folds of 80 clips; YAMNET is its model file, or Google's
TensorFlow Lite file, which is imported first. Each head is trained on 160 clips (two folds against one) and knows nothing of the
80 that it is tested on: the L2 penalty is chosen by cross-validation among the 160. Times are those of the whole command, from its
start to its end, reading the cached embeddings and choosing the penalty included; the embeddings are made once, before.
"""
import argparse
import csv
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


def earmark(*arguments):
    command = [os.environ.get("EARMARK", str(ROOT / ".build/release/earmark")), *map(str, arguments)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(f"heads.py: 'earmark {arguments[0]}' ended with status {done.returncode}, expected 0")
    return done.stdout


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, metavar="ESC10_DIR")
    parser.add_argument("yamnet", type=Path, metavar="YAMNET")
    parser.add_argument("work", type=Path, metavar="WORK_DIR")
    parser.add_argument("--pooling", nargs="+", default=["mean", "max", "attention"])
    parser.add_argument("--hidden", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    a = parser.parse_args()
    a.work.mkdir(parents=True, exist_ok=True)
    yamnet = a.yamnet
    if yamnet.suffix == ".tflite":
        yamnet = a.work / "yamnet.safetensors"
        if not yamnet.exists():
            earmark("model", "import", a.yamnet, "--out", yamnet)
    with open(a.folder / "meta.csv", newline="") as file:
        folds = sorted({row["fold"] for row in csv.DictReader(file)})
    manifests = {fold: a.work / f"fold{fold}.csv" for fold in folds}
    for fold, manifest in manifests.items():
        subprocess.run([sys.executable, ROOT / "Scripts/esc10_manifest.py", a.folder, "--eval", fold, "--out", manifest],
                       check=True)
    earmark("run", ROOT / "Pipelines/embeddings.yaml", "--manifest", manifests[folds[0]], "--cache", a.work / "cache",
            "--set", f"infer.model={yamnet}", "--workers", a.workers, "--quiet")
    print(f"{len(folds)} folds, each tested by heads trained on the other {len(folds) - 1}; {a.hidden} hidden units, seed "
          f"{a.seed}, {a.workers} threads")
    print(f"{'pooling':10} {'top-1':>7} {'mAP':>7} {'AUC':>7} {'d-prime':>7} {'seconds':>8}  top-1 by fold")
    for pooling in a.pooling:
        found, seconds = [], []
        for fold, manifest in manifests.items():
            began = time.monotonic()
            text = earmark("train", "head", "--cache", a.work / "cache", "--manifest", manifest, "--out",
                           a.work / f"head-{pooling}-{fold}.safetensors", "--pooling", pooling, "--hidden", a.hidden,
                           "--seed", a.seed, "--workers", a.workers, "--resamples", 0, "--json", "--force")
            seconds.append(time.monotonic() - began)
            found.append(json.loads(text))
        mean = lambda key: statistics.mean(row[key] for row in found)
        by_fold = " ".join(f"{row['top1']:.4f}" for row in found)
        print(f"{pooling:10} {mean('top1'):7.4f} {mean('mAP'):7.4f} {mean('auc_macro'):7.4f} {mean('d_prime'):7.4f} "
              f"{max(seconds):8.2f}  {by_fold}")


if __name__ == "__main__":
    main()
