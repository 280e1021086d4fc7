#!/usr/bin/env python3
"""Distils YAMNet into a student with random weights, on ESC-10: what the teacher adds where labels are few.

    distil_esc10.py ESC10_DIR YAMNET.safetensors WORK_DIR [--fold 3] [--labelled 4] [--epochs 20] [--seed 1]
                    [--architecture yamnet-projection]

All folds but one are to learn from, but only the first --labelled clips of each class keep their labels; the others are
the unlabelled archive. Prints top-1 and mAP on the held-out fold of the student taught by those labels, by labels and
teacher (weight 0.5; unlabelled clips have the teacher alone), and by the teacher alone, without any label; each in about as
many steps as --epochs of all clips. The student starts from random weights, also in its trunk, and the last epoch counts.
Ends with status 1 unless the teacher adds 10 points of top-1 to the labels alone. Runs again go on where one was interrupted.
"""
import argparse
import csv
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

PIPELINE = """name: distil
stages:
  decode: {uses: decode}
  resample: {uses: resample, from: decode}
  chunk: {uses: chunk, from: resample}
  mel: {uses: log-mel, from: chunk}
  raw-cache: {uses: cache, from: chunk, dtype: int16}
  mel-cache: {uses: cache, from: mel}
  teacher: {uses: infer, from: %s, model: %s}
  teacher-scores: {uses: cache, from: teacher}
  clip-scores: {uses: aggregate, from: teacher}
"""

# YAMNet's names and those of the manifest, where they differ or the sound is one more of YAMNet's classes.
LABEL_MAP = """label,class
Dog,Bark
"Rain on surface",Rain
"Waves, surf",Waves_and_surf
Ocean,Waves_and_surf
"Baby cry, infant cry",Baby_cry_and_infant_cry
Clock,Tick-tock
Tick,Tick-tock
"Crowing, cock-a-doodle-doo",Crowing_and_cock-a-doodle-doo
"Chicken, rooster",Crowing_and_cock-a-doodle-doo
Fire,Crackle
"""


def earmark(*arguments):
    command = [os.environ.get("EARMARK", str(ROOT / ".build/release/earmark")), *map(str, arguments)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(f"distil_esc10.py: 'earmark {arguments[0]}' ended with status {done.returncode}, expected 0")
    return done.stdout


def write(path, rows):
    with open(path, "w", newline="") as out:
        writer = csv.DictWriter(out, rows[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def manifests(a):
    """Three manifests of the clips of WORK/whole.csv: with a few labels, only the clips that have one, and without any."""
    with open(a.work / "whole.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    seen, few, labelled, none = Counter(), [], [], []
    for row in rows:
        if row["split"] != "train":
            for other in (few, labelled, none):
                other.append(row)
            continue
        seen[row["labels"]] += 1
        bare = {**row, "labels": ""}
        none.append(bare)
        few.append(row if seen[row["labels"]] <= a.labelled else bare)
        if seen[row["labels"]] <= a.labelled:
            labelled.append(row)
    for name, rows in (("few", few), ("labelled", labelled), ("none", none)):
        write(a.work / f"{name}.csv", rows)
    (a.work / "classes.csv").write_text("".join(f"{name}\n" for name in sorted(seen)))
    return labelled


def options(parser):
    parser.add_argument("--labelled", type=int, default=4)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", default="2")
    parser.add_argument("--architecture", default="yamnet-projection", choices=["yamnet-projection", "lean", "yamnet"])


def rehearse(a, model, label_map=None, inputs="mel-cache"):
    """Trains and evaluates the three students on WORK/whole.csv, whose clips have one label each.

    The teacher is `model`, which reads `inputs`; `label_map` names its classes for those of the clips.
    """
    manifests(a)
    pipeline, cache, map_file = a.work / "distil.yaml", a.work / "cache", a.work / "map.csv"
    pipeline.write_text(PIPELINE % (inputs, json.dumps(model)))
    earmark("run", pipeline, "--manifest", a.work / "none.csv", "--cache", cache, "--workers", a.workers, "--quiet")
    teacher = ["--teacher", "distil.teacher-scores"]
    if label_map:
        map_file.write_text(label_map)
        teacher += ["--label-map", map_file]
    # As many steps for each: those with fewer clips see them more often.
    per_epoch = {"labelled": 0, "few": 0, "none": 0}
    for name in per_epoch:
        with open(a.work / f"{name}.csv", newline="") as file:
            per_epoch[name] = sum(row["split"] == "train" for row in csv.DictReader(file))
    results = {}
    for name, manifest, extra in [
        ("labels", "labelled", []), ("labels and teacher", "few", teacher),
        ("teacher", "none", [*teacher, "--teacher-weight", "1"]),
    ]:
        epochs = round(a.epochs * per_epoch["none"] / per_epoch[manifest])
        out = a.work / f"{a.architecture}-{name.replace(' ', '-')}-{a.labelled}-{epochs}-{a.seed}"
        earmark("train", pipeline, "--manifest", a.work / f"{manifest}.csv", "--cache", cache, "--out", out,
                "--architecture", a.architecture, "--classes", a.work / "classes.csv", "--validation-split", "", "--epochs",
                epochs, "--seed", a.seed, "--learning-rate", "1e-3", "--schedule", "cosine", "--workers", a.workers, "--quiet", *extra)
        table = json.loads(earmark("evaluate", out / "model.safetensors", "--manifest", a.work / "whole.csv", "--split",
                                   "eval", "--cache", cache, "--pipeline", pipeline, "--ablation", "--json", "--resamples", 0,
                                   "--workers", a.workers))
        results[name] = next(row for row in table if row["precision"] == "f32" and row["overlap"] == 0.5)
        print(f"student, by {name}: {per_epoch[manifest]} clips, {epochs} epochs: top-1 {results[name]['top_1']:.1%}, "
              f"mAP {results[name]['mAP']:.3f}", flush=True)
    gain = results["labels and teacher"]["top_1"] - results["labels"]["top_1"]
    print(f"the teacher adds {100 * gain:.1f} points of top-1 to {a.labelled} labelled clips of each class")
    if gain < 0.1:
        sys.exit(1)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, metavar="ESC10_DIR")
    parser.add_argument("yamnet", type=Path, metavar="YAMNET")
    parser.add_argument("work", type=Path, metavar="WORK_DIR")
    parser.add_argument("--fold", default="3")
    options(parser)
    a = parser.parse_args()
    a.work.mkdir(parents=True, exist_ok=True)
    subprocess.run([sys.executable, ROOT / "Scripts/esc10_manifest.py", a.folder, "--eval", a.fold, "--out",
                    a.work / "whole.csv"], check=True)
    rehearse(a, str(a.yamnet.resolve()), LABEL_MAP)


if __name__ == "__main__":
    main()
