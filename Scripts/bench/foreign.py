#!/usr/bin/env python3
"""Hold what Earmark gives with a foreign model against the same in Python: NumPy's front-end and ONNX Runtime.

    foreign.py DIR MODEL.onnx CARD.yaml [--earmark BIN] [--clips 20] [--keep DIR]

Labels the recordings of a folder with the model, by the pipeline that `earmark model pipeline` writes for its card,
and computes the same here: reading (libsndfile), the channels' mean, resampling (soxr HQ) where the rate differs,
chunks, the log-mel of log_mel.py in double precision, the card's scaling, ONNX Runtime on one thread, chunk by chunk,
the card's activation and pooling, and the mean over the chunks. Clip scores and chunk embeddings must agree to within
1e-4; embeddings of the largest value, where that exceeds 1.

MODEL may be a file with random weights, of Scripts/export/export.py: card and file are copied to a folder of their
own, with this file's name and SHA-256 in the card. Prints the largest differences and ends with 1 where one is too
large.

Needs NumPy, PyYAML, soundfile, soxr and onnxruntime, and .build/release/earmark with ONNX Runtime's library: that of
the Python that runs this script, unless EARMARK_ENGINES names another.
"""
import argparse
import csv
import hashlib
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

import numpy as np
import onnxruntime
import soundfile
import yaml

import log_mel

ROOT = Path(__file__).resolve().parents[2]
TOLERANCE = 1e-4
AUDIO = {".wav", ".flac", ".ogg"}


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("model", type=Path)
    parser.add_argument("card", type=Path)
    parser.add_argument("--earmark", default=os.environ.get("EARMARK", ROOT / ".build/release/earmark"))
    parser.add_argument("--clips", type=int, default=20, help="at most as many recordings, spread over the folder")
    parser.add_argument("--keep", type=Path, help="an empty folder for card, pipeline and cache")
    return parser.parse_args()


def recordings(folder, most):
    """At most so many files, evenly spread over the folder's, in their order."""
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in AUDIO)
    if not files:
        sys.exit(f"foreign.py: no {', '.join(sorted(AUDIO))} in {folder}")
    return [files[i * len(files) // min(most, len(files))] for i in range(min(most, len(files)))]


def own_card(card, model, folder):
    """Copies a card, its list of classes and the model to a folder; the card there names this model."""
    text = re.sub(r"(?m)^(file|sha256|bytes|address|obtain|engine):.*\n", "", card.read_text())
    with open(model, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    read = yaml.safe_load(text)
    classes = read.get("classes")
    name = classes["file"] if isinstance(classes, dict) else classes if isinstance(classes, str) else None
    if name and (card.parent / name).exists():
        shutil.copyfile(card.parent / name, folder / name)
    elif name and isinstance(classes, dict) and "count" in classes:
        print(f"{card.stem}: no {name} beside the card, so its {classes['count']} classes are numbered")
        numbers = "".join(f"  - class {i}\n" for i in range(int(classes["count"])))
        text = re.sub(r"(?m)^classes:.*\n(?:[ \t].*\n)*", lambda _: f"classes:\n{numbers}", text)
    elif name:
        sys.exit(f"foreign.py: no {card.parent / name}, expected the card's list of classes")
    (folder / "card.yaml").write_text(f"{text}file: {model.name}\nsha256: {digest}\nengine: onnxruntime\n")
    shutil.copyfile(model, folder / model.name)
    return folder / "card.yaml", read


def run(arguments, folder, files, card):
    """Clip scores (clip, class) by clip, and embeddings (chunks, size) by clip, as Earmark gives them; and the hop."""
    environment = {"EARMARK_ENGINES": sysconfig.get_paths()["platlib"], **os.environ}

    def earmark(*words):
        command = [str(arguments.earmark), *map(str, words)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"foreign.py: earmark {words[0]} ended with status {done.returncode}: {done.stderr.strip()}")

    with open(folder / "clips.csv", "w", newline="") as file:
        csv.writer(file).writerows([["clip", "path"], *([f"{i}", str(path.resolve())] for i, path in enumerate(files))])
    pipeline, cache = folder / "pipeline.yaml", folder / "cache"
    earmark("model", "pipeline", card, "--out", pipeline)
    earmark("run", pipeline, "--manifest", folder / "clips.csv", "--cache", cache, "--workers", 1, "--quiet")
    scores, embeddings = {}, {}
    stages = yaml.safe_load(pipeline.read_text())["stages"]
    if "clip-scores" in stages:
        earmark("export", "scores", "--cache", cache, "--format", "csv", "--out", folder / "scores.csv")
        with open(folder / "scores.csv", newline="") as file:
            for row in list(csv.reader(file))[1:]:
                scores[row[0]] = np.array(row[1:], dtype=np.float64)
    with open(cache / "shards/index.csv", newline="") as file:
        for row in csv.DictReader(file):
            if row["kind"] == "embeddings":
                first, count = int(row["first"]), int(row["count"])
                rows = np.load(cache / row["shard"], mmap_mode="r")[first:first + count]
                embeddings[row["clip"]] = rows.astype(np.float64)
    return scores, embeddings, stages["chunk"]


def samples(path, rate):
    wave, own = soundfile.read(path, dtype="float64", always_2d=True)
    wave = wave.mean(axis=1)
    if own != rate:
        import soxr
        wave = soxr.resample(wave, own, rate, quality="HQ")
    return wave.astype(np.float32).astype(np.float64)


class Reference:
    """A card and its graph in Python."""

    def __init__(self, card, model, stage):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
        self.input, self.outputs = card["input"], card["outputs"]
        self.name = self.input.get("tensor") or self.session.get_inputs()[0].name
        self.settings = None
        if self.input["reads"] == "mel":
            self.settings = log_mel.settings(self.input["preset"], self.input)
            self.rate, self.chunk = self.settings["rate"], self.settings["chunk"]
        else:
            self.rate, self.chunk = int(self.input["rate"]), int(self.input["chunk"])
        self.hop = round(self.chunk * (1 - float(stage.get("overlap", 0.5))))
        wanted = float(stage["seconds"]) * self.rate if "seconds" in stage else self.chunk
        if round(wanted) != self.chunk:
            sys.exit(f"foreign.py: the pipeline has chunks of {wanted} samples, expected the card's {self.chunk}")

    def rows(self, wave):
        """(chunks, ...): what the graph gets for each chunk, without the axes of length 1."""
        if self.settings:
            found = log_mel.patches(wave, self.settings, self.hop)
            kind = self.input.get("normalization", "none")
            if kind != "none":
                found = found - found.mean(axis=(1, 2) if kind == "chunk-mean" else 1, keepdims=True)
        else:
            begins = log_mel.starts(len(wave), self.chunk, self.hop)
            padded = np.pad(wave, (0, max(0, begins[-1] + self.chunk - len(wave))))
            found = np.stack([padded[begin:begin + self.chunk] for begin in begins])
            if self.input.get("mean") == "remove" or "peak" in self.input:
                found = found - found.mean(axis=1, keepdims=True)
            if "peak" in self.input:
                peak = np.abs(found).max(axis=1, keepdims=True)
                found = found * np.where(peak > 0, float(self.input["peak"]) / np.where(peak > 0, peak, 1), 1)
        return found * float(self.input.get("scale", 1)) + float(self.input.get("add", 0))

    def call(self, row):
        """The outputs of one chunk, by the card's names, each as (values,)."""
        axes = self.input.get("layout") or ["batch", *(["frames", "bands"] if self.settings else ["samples"])]
        kept = [axis for axis in axes if axis in ("frames", "bands", "samples")]
        usual = ["frames", "bands"] if self.settings else ["samples"]
        value = row.transpose([usual.index(axis) for axis in kept])
        lengths = iter(value.shape)
        value = value.reshape([next(lengths) if axis in kept else 1 for axis in axes]).astype(np.float32)
        only = self.session.get_outputs()[0].name
        names = {kind: output.get("tensor") or only for kind, output in self.outputs.items()}
        found = dict(zip(names, self.session.run(list(names.values()), {self.name: value})))
        return {kind: self.pooled(found[kind].astype(np.float64), self.outputs[kind]) for kind in found}

    def pooled(self, value, output):
        axes = output.get("layout") or ["batch", "classes"]
        value = value.reshape([length for axis, length in zip(axes, value.shape) if axis not in ("batch", "1", 1)])
        rest = [axis for axis in axes if axis not in ("batch", "1", 1)]
        if rest[:1] != ["frames"] and "frames" in rest:
            value = value.T
        if output.get("activation") == "sigmoid":
            value = 1 / (1 + np.exp(-value))
        elif output.get("activation") == "softmax":
            value = np.exp(value - value.max(axis=-1, keepdims=True))
            value = value / value.sum(axis=-1, keepdims=True)
        if "frames" in rest:
            value = value.max(axis=0) if output["pooling"] == "max" else value.mean(axis=0)
        return value

    def clip(self, path):
        """Clip scores and the chunks' embeddings, as far as the card has them, and the number of chunks."""
        found = [self.call(row) for row in self.rows(samples(path, self.rate))]
        values = {kind: np.stack([each[kind] for each in found]) for kind in self.outputs}
        if "scores" in values:
            values["scores"] = values["scores"].mean(axis=0)
        return values, len(found)


def main():
    arguments = parse()
    files = recordings(arguments.folder, arguments.clips)
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        path, card = own_card(arguments.card, arguments.model, folder)
        scores, embeddings, stage = run(arguments, folder, files, path)
        reference = Reference(card, arguments.model, stage)
        worst = {kind: 0.0 for kind in reference.outputs}
        chunks = 0
        for number, file in enumerate(files):
            wanted, count = reference.clip(file)
            chunks += count
            for kind, ours in (("scores", scores), ("embeddings", embeddings)):
                if kind not in worst:
                    continue
                found, expected = ours.get(f"{number}"), wanted[kind]
                if found is None or found.shape != expected.shape:
                    shape = "none" if found is None else found.shape
                    sys.exit(f"foreign.py: {kind} of {file} have the shape {shape}, expected {expected.shape}")
                scale = max(1.0, np.abs(expected).max()) if kind == "embeddings" else 1.0
                difference = np.abs(found - expected).max() / scale
                worst[kind] = max(worst[kind], difference if np.isfinite(difference) else np.inf)
    said = ", ".join(f"{kind} differ by at most {value:.1e}" for kind, value in worst.items())
    print(f"{arguments.card.stem}: {len(files)} clips, {chunks} chunks: {said}")
    sys.exit(0 if all(value <= TOLERANCE for value in worst.values()) else 1)


if __name__ == "__main__":
    main()
