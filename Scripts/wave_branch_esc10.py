#!/usr/bin/env python3
"""What LEAN's wave branch adds on ESC-10: mAP with it, mAP with the attended context set to zero, and how even the attention is.

    crossvalidate_esc10.py ESC10_DIR YAMNET.safetensors WORK_DIR --variants lean
    wave_branch_esc10.py WORK_DIR [--recipe small]

Reads the models that crossvalidate_esc10.py left in WORK_DIR, one for each fold that was held out, and evaluates each on its held-out
fold: as it is, and as a copy whose classifier weighs the context by zero (rows 256 to 511 of head/w). The attention's entropy is
computed here, in NumPy, from the model's own embedding and the cached samples; over 40 steps it is at most ln 40 = 3.689.
"""
import argparse
import csv
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
WIDTH, STEPS, WINDOW, HOP = 256, 40, 400, 8000

PIPELINE = """name: wave-branch
stages:
  decode: {uses: decode}
  resample: {uses: resample, from: decode}
  chunk: {uses: chunk, from: resample}
  mel: {uses: log-mel, from: chunk}
  raw-cache: {uses: cache, from: chunk, dtype: int16}
  mel-cache: {uses: cache, from: mel}
  infer: {uses: infer, from: [mel-cache, raw-cache], model: %s}
  embeddings-cache: {uses: cache, from: infer.embeddings}
"""


def earmark(*arguments):
    command = [os.environ.get("EARMARK", str(ROOT / ".build/release/earmark")), *map(str, arguments)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(f"wave_branch_esc10.py: 'earmark {arguments[0]}' ended with status {done.returncode}, expected 0")
    return done.stdout


def read_safetensors(path):
    """The header, the float32 tensors, and the whole file's bytes."""
    data = bytearray(path.read_bytes())
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8:8 + length])
    tensors = {}
    for name, entry in header.items():
        if name != "__metadata__":
            first, last = (8 + length + place for place in entry["data_offsets"])
            tensors[name] = np.frombuffer(data, np.float32, (last - first) // 4, first).reshape(entry["shape"])
    return header, tensors, data


def without_context(path, out):
    """A copy whose classifier does not see the context. Its digest is blanked, as it is another file."""
    header, tensors, data = read_safetensors(path)
    length = int.from_bytes(data[:8], "little")
    first = 8 + length + header["head/w"]["data_offsets"][0]
    columns = header["head/w"]["shape"][1]
    start, end = first + 4 * WIDTH * columns, first + 4 * 2 * WIDTH * columns
    data[start:end] = bytes(end - start)
    own = f'"digest":"{header["__metadata__"]["digest"]}"'.encode()
    blanked = next(text for text in (own + b",", b"," + own) if text in data)
    data[:] = data.replace(blanked, b" " * len(blanked), 1)
    out.write_bytes(data)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def lstm(x, weights, recurrent, bias):
    """(chunks, steps, inputs) to (chunks, steps, 128); gates in the order input, forget, cell, output."""
    hidden = np.zeros((len(x), recurrent.shape[0]), np.float32)
    cell = np.zeros_like(hidden)
    out = np.empty((len(x), x.shape[1], recurrent.shape[0]), np.float32)
    for step in range(x.shape[1]):
        gates = x[:, step] @ weights + hidden @ recurrent + bias
        enter, forget, candidate, leave = np.split(gates, 4, axis=1)
        cell = sigmoid(forget) * cell + sigmoid(enter) * np.tanh(candidate)
        hidden = sigmoid(leave) * np.tanh(cell)
        out[:, step] = hidden
    return out


def attention(queries, waves, p, metadata):
    """The weights (chunks, 40) that each chunk's embedding gives to the wave encoder's outputs."""
    if metadata.get("wave_scale") == "rms":
        levels = np.sqrt((waves.astype(np.float64) ** 2).mean(axis=1, keepdims=True))
        waves = (waves / np.maximum(levels, 1e-3)).astype(np.float32)
    x = waves.reshape(len(waves), STEPS, WINDOW)
    for level in (1, 2):
        ways = {way: [p[f"encoder{level}/{way}/{part}"] for part in "wub"] for way in ("forward", "backward")}
        x = np.concatenate([lstm(x, *ways["forward"]), lstm(x[:, ::-1], *ways["backward"])[:, ::-1]], axis=2)
    scores = np.einsum("nw,ntw->nt", queries, x) * float(metadata.get("attention_scale", 1 / np.sqrt(WIDTH)))
    weights = np.exp(scores - scores.max(axis=1, keepdims=True))
    return weights / weights.sum(axis=1, keepdims=True), x


def embedded(model, manifest, work, fold):
    """Embeddings (chunks, 512) and samples (chunks, 16000) of every held-out clip, by its name, and its labels."""
    pipeline = work / f"wave-branch-{fold}.yaml"
    pipeline.write_text(PIPELINE % json.dumps(str(model.resolve())))
    held_out = work / f"fold{fold}-held-out.csv"
    with open(manifest, newline="") as file, open(held_out, "w", newline="") as out:
        rows = list(csv.DictReader(file))
        writer = csv.DictWriter(out, rows[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(row for row in rows if row["split"] == "eval")
    cache = work / f"wave-branch-cache-{fold}"
    earmark("run", pipeline, "--manifest", held_out, "--cache", cache, "--quiet")
    shards, rows = {}, {}
    with open(cache / "shards/index.csv", newline="") as file:
        for row in csv.DictReader(file):
            shard = shards.setdefault(row["shard"], np.load(cache / row["shard"], mmap_mode="r"))
            first = int(row["first"])
            rows.setdefault(row["clip"], {})[row["kind"]] = shard[first:first + int(row["count"])]
    with open(held_out, newline="") as file:
        labels = {row["clip"]: row["labels"] for row in csv.DictReader(file)}
    for name, clip in rows.items():
        embeddings = np.array(clip["embeddings"])
        samples = clip["raw"].astype(np.float32) / 32768
        waves = np.stack([samples[HOP * i:HOP * i + STEPS * WINDOW] for i in range(len(embeddings))])
        yield labels[name], embeddings, waves


def entropies(model, manifest, work, fold):
    """The attention's entropy for every chunk of the held-out clips, and how far our context is from the program's own."""
    header, parameters, _ = read_safetensors(model)
    found, worst = [], 0.0
    for _, embeddings, waves in embedded(model, manifest, work, fold):
        weights, outputs = attention(embeddings[:, :WIDTH], waves, parameters, header["__metadata__"])
        context = np.einsum("nt,ntw->nw", weights, outputs)
        worst = max(worst, float(np.abs(context - embeddings[:, WIDTH:]).max()))
        found.append(-(weights * np.log(np.maximum(weights, 1e-30))).sum(axis=1))
    return np.concatenate(found), worst


def mean_average_precision(model, manifest, work):
    return json.loads(earmark("evaluate", model, "--manifest", manifest, "--split", "eval", "--cache", work / "cache",
                              "--pipeline", ROOT / "Pipelines/features.yaml", "--resamples", 0, "--ablation",
                              "--json"))[0]["mAP"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path, metavar="WORK_DIR")
    parser.add_argument("--recipe", default="small")
    a = parser.parse_args()
    folds = sorted(path.name.split("fold")[1].split("-")[0] for path in a.work.glob(f"{a.recipe}-fold*-lean"))
    if not folds:
        parser.error(f"{a.work}: no {a.recipe}-fold*-lean, expected what crossvalidate_esc10.py --variants lean leaves")
    whole, zeroed, even = [], [], []
    for fold in folds:
        model = a.work / f"{a.recipe}-fold{fold}-lean" / "model.safetensors"
        manifest = a.work / f"fold{fold}.csv"
        copy = a.work / f"no-context-{fold}.safetensors"
        without_context(model, copy)
        whole.append(mean_average_precision(model, manifest, a.work))
        zeroed.append(mean_average_precision(copy, manifest, a.work))
        entropy, worst = entropies(model, manifest, a.work, fold)
        even.append(entropy.mean())
        print(f"fold {fold}: mAP {whole[-1]:.4f}, without context {zeroed[-1]:.4f}; attention's entropy {even[-1]:.3f} of "
              f"{np.log(STEPS):.3f} over {len(entropy)} chunks (context within {worst:.1e} of the program's)")
    print(f"mean: mAP {statistics.mean(whole):.4f}, without context {statistics.mean(zeroed):.4f}, entropy "
          f"{statistics.mean(even):.3f} of {np.log(STEPS):.3f}")


if __name__ == "__main__":
    main()
