#!/usr/bin/env python3
"""Lays ESC-10 out as FSD50K: WAV files in dev and eval folders, and the three CSV files of the ground truth.

    esc10_as_fsd50k.py IN OUT

IN is a folder of ESC-10 with meta.csv (path,fold,category). Folds 1 and 2 become dev, of which every fifth clip of a
class is val and the others train; fold 3 (and 4 and 5, where they are there) becomes eval. Labels are propagated up the
AudioSet ontology, as FSD50K does: a bark is Bark,Dog,Domestic_animals_and_pets,Animal. Needs soundfile.
"""
import argparse
import csv
from collections import Counter
from pathlib import Path

import soundfile

# Category of ESC-10 -> FSD50K's style of labels, the most specific first, with their identifiers in the ontology.
LABELS = {
    "Dog bark": [("Bark", "/m/05tny_"), ("Dog", "/m/0bt9lr"), ("Domestic_animals_and_pets", "/m/068hy"),
                 ("Animal", "/m/0jbk")],
    "Rain": [("Rain", "/m/06mb1"), ("Water", "/m/0838f")],
    "Sea waves": [("Waves_and_surf", "/m/034srq"), ("Ocean", "/m/05kq4"), ("Water", "/m/0838f")],
    "Baby cry": [("Baby_cry_and_infant_cry", "/t/dd00002"), ("Crying_and_sobbing", "/m/0463cq4"),
                 ("Human_voice", "/m/09l8g")],
    "Clock tick": [("Tick-tock", "/m/07qjznl"), ("Clock", "/m/01x3z"), ("Mechanisms", "/t/dd00077")],
    "Person sneeze": [("Sneeze", "/m/01hsr_"), ("Respiratory_sounds", "/m/09hlz4")],
    "Helicopter": [("Helicopter", "/m/09ct_"), ("Aircraft", "/m/0k5j"), ("Vehicle", "/m/07yv9")],
    "Chainsaw": [("Chainsaw", "/m/01j4z9"), ("Light_engine_(high_frequency)", "/m/0_ksk"), ("Engine", "/m/02mk9")],
    "Rooster": [("Crowing_and_cock-a-doodle-doo", "/m/07qn5dc"), ("Chicken_and_rooster", "/m/09b5t"),
                ("Fowl", "/m/025rv6n"), ("Livestock_and_farm_animals_and_working_animals", "/m/0ch8v"),
                ("Animal", "/m/0jbk")],
    "Fire crackling": [("Crackle", "/m/07pzfmf"), ("Fire", "/m/02_41")],
}


def write_csv(path, header, rows):
    with open(path, "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        if header:
            writer.writerow(header)
        writer.writerows(rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path, metavar="IN")
    parser.add_argument("out", type=Path, metavar="OUT")
    a = parser.parse_args()
    meta = a.source / "meta.csv"
    if not meta.exists():
        parser.error(f"{meta}: not there, expected ESC-10's list path,fold,category")
    for folder in ["FSD50K.ground_truth", "FSD50K.dev_audio", "FSD50K.eval_audio"]:
        (a.out / folder).mkdir(parents=True, exist_ok=True)
    dev, evaluation, seen = [], [], Counter()
    with open(meta, newline="") as file:
        rows = list(csv.DictReader(file))
    for number, row in enumerate(rows):
        fname = str(100_000 + 7 * number)
        held = int(row["fold"]) >= 3
        labels = LABELS[row["category"]]
        target = a.out / ("FSD50K.eval_audio" if held else "FSD50K.dev_audio") / f"{fname}.wav"
        if not target.exists():
            wave, rate = soundfile.read(a.source / row["path"], dtype="float32")
            partial = target.with_suffix(".wav.partial")
            soundfile.write(partial, wave, rate, subtype="PCM_16", format="WAV")
            partial.rename(target)
        fields = [fname, ",".join(name for name, _ in labels), ",".join(mid for _, mid in labels)]
        if held:
            evaluation.append(fields)
        else:
            seen[row["category"]] += 1
            dev.append(fields + ["val" if seen[row["category"]] % 5 == 0 else "train"])
    truth = a.out / "FSD50K.ground_truth"
    write_csv(truth / "dev.csv", ["fname", "labels", "mids", "split"], dev)
    write_csv(truth / "eval.csv", ["fname", "labels", "mids"], evaluation)
    classes = sorted({pair for labels in LABELS.values() for pair in labels})
    write_csv(truth / "vocabulary.csv", None, [(index, *pair) for index, pair in enumerate(classes)])
    print(f"{a.out}: {len(dev)} dev and {len(evaluation)} eval clips, {len(classes)} classes")


if __name__ == "__main__":
    main()
