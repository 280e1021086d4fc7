#!/usr/bin/env python3
"""A prototype of LEAN's wave branch on ESC-10, to find out why its attention is even: scales, rates, gradients, the branch alone.

    wave_branch_prototype.py ESC10_DIR CACHE [--seeds 1] [--folds 1 2 3] [--epochs 10] [--variants NAME ...]

CACHE is of a run over ESC-10 that keeps samples (int16) and YAMNet's embeddings:

    stages:
      decode: {uses: decode}
      resample: {uses: resample, from: decode}
      chunk: {uses: chunk, from: resample}
      mel: {uses: log-mel, from: chunk}
      raw-cache: {uses: cache, from: chunk, dtype: int16}
      infer: {uses: infer, from: mel, model: yamnet}
      embeddings-cache: {uses: cache, from: infer.embeddings}

An independent implementation in JAX of what `earmark train --recipe small` of crossvalidate_esc10.py does behind the frozen trunk,
trained on every second chunk, which do not overlap. Prints a line of JSON for each training: top-1 and mAP of the held-out clips,
the same with the context set to zero, the attention's entropy, the norms of the gradients of encoder, projection and classifier at
the first and the last step, and of the encoder's outputs before and after: root mean square, and deviation over the 40 steps.
"""
import argparse
import csv
import json
import os
from pathlib import Path

os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")
import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
import numpy as np  # noqa: E402

WIDTH, HIDDEN, STEPS, WINDOW, HOP, BATCH = 256, 128, 40, 400, 8000, 64

# architecture, attention's scale, scale of the samples, factor of the encoder's rate
VARIANTS = {
    "no-branch": ("projection", 0, "none", 1),
    "lean": ("lean", 1 / 16, "none", 1),
    "attention-1": ("lean", 1, "none", 1),
    "rms": ("lean", 1 / 16, "rms", 1),
    "attention-1-rms": ("lean", 1, "rms", 1),
    "attention-1-rms-slow": ("lean", 1, "rms", 0.1),
    "encoder-fast": ("lean", 1 / 16, "none", 10),
    "encoder-slow": ("lean", 1 / 16, "none", 0.1),
    "branch-alone": ("wave", 0, "none", 1),
    "branch-alone-rms": ("wave", 0, "rms", 1),
}


def initial(seed, architecture, classes):
    """As `Initialization` does: uniform, forget gates open, all other biases 0."""
    random = np.random.default_rng(seed)

    def uniform(bound, *shape):
        return jnp.array(random.uniform(-bound, bound, shape), jnp.float32)

    p = {"projection/w": uniform((6 / 1280) ** 0.5, 1024, WIDTH), "projection/b": jnp.zeros(WIDTH)}
    for level, inputs in ((1, WINDOW), (2, WIDTH)):
        for way in ("forward", "backward"):
            bias = np.zeros(4 * HIDDEN, np.float32)
            bias[HIDDEN:2 * HIDDEN] = 1
            p[f"encoder{level}/{way}/w"] = uniform(HIDDEN ** -0.5, inputs, 4 * HIDDEN)
            p[f"encoder{level}/{way}/u"] = uniform(HIDDEN ** -0.5, HIDDEN, 4 * HIDDEN)
            p[f"encoder{level}/{way}/b"] = jnp.array(bias)
    inputs = 2 * WIDTH if architecture == "lean" else WIDTH
    p["head/w"] = uniform((6 / (inputs + classes)) ** 0.5, inputs, classes)
    p["head/b"] = jnp.zeros(classes)
    return p


def lstm(x, w, u, b, backward):
    gates = x @ w + b

    def step(carry, at):
        hidden, cell = carry
        enter, forget, candidate, leave = jnp.split(at + hidden @ u, 4, -1)
        cell = jax.nn.sigmoid(forget) * cell + jax.nn.sigmoid(enter) * jnp.tanh(candidate)
        hidden = jax.nn.sigmoid(leave) * jnp.tanh(cell)
        return (hidden, cell), hidden

    zero = jnp.zeros((x.shape[1], HIDDEN))
    _, out = jax.lax.scan(step, (zero, zero), gates[::-1] if backward else gates)
    return out[::-1] if backward else out


def encoded(p, waves):
    x = waves.reshape(-1, STEPS, WINDOW).transpose(1, 0, 2)
    for level in (1, 2):
        x = jnp.concatenate([lstm(x, *[p[f"encoder{level}/{way}/{part}"] for part in "wub"], way == "backward")
                             for way in ("forward", "backward")], -1)
    return x


def forward(p, pooled, waves, scale, architecture, zeroed=False):
    """Logits, attention weights and the encoder's outputs."""
    even = jnp.full((len(pooled), STEPS), 1 / STEPS)
    if architecture == "wave":
        x = encoded(p, waves)
        return x.mean(0) @ p["head/w"] + p["head/b"], even, x
    query = jax.nn.relu(pooled @ p["projection/w"] + p["projection/b"])
    if architecture == "projection":
        return query @ p["head/w"] + p["head/b"], even, None
    x = encoded(p, waves)
    weights = jax.nn.softmax(jnp.einsum("nw,tnw->nt", query, x) * scale, -1)
    context = jnp.einsum("nt,tnw->nw", weights, x) * (0 if zeroed else 1)
    return jnp.concatenate([query, context], -1) @ p["head/w"] + p["head/b"], weights, x


def loss(p, pooled, waves, truth, scale, architecture):
    z, _, _ = forward(p, pooled, waves, scale, architecture)
    return (jnp.maximum(z, 0) - z * truth + jnp.log1p(jnp.exp(-abs(z)))).mean()


GRADIENT = jax.jit(jax.value_and_grad(loss), static_argnums=(5,))
FORWARD = jax.jit(forward, static_argnums=(4, 5))


def norms(gradients):
    sums = {}
    for name, values in gradients.items():
        part = name[:4]
        sums[part] = sums.get(part, 0) + float((values ** 2).sum())
    return {{"enco": "encoder", "proj": "projection", "head": "classifier"}[part]: round(value ** 0.5, 4)
            for part, value in sums.items()}


def average_precision(scores, truth):
    hits = truth[np.argsort(-scores, kind="stable")]
    return (np.cumsum(hits) / np.arange(1, len(hits) + 1) * hits).sum() / hits.sum()


class Corpus:
    def __init__(self, folder, cache):
        shards, rows = {}, {}
        with open(cache / "shards/index.csv", newline="") as file:
            for row in csv.DictReader(file):
                shard = shards.setdefault(row["shard"], np.load(cache / row["shard"], mmap_mode="r"))
                first = int(row["first"])
                rows.setdefault(row["clip"], {})[row["kind"]] = shard[first:first + int(row["count"])]
        with open(folder / "meta.csv", newline="") as file:
            meta = list(csv.DictReader(file))
        self.classes = sorted({row["category"] for row in meta})
        pooled, waves, table = [], [], []
        for clip, row in enumerate(meta):
            found = rows[Path(row["path"]).stem]
            samples = found["raw"].astype(np.float32) / 32768
            for chunk, embedding in enumerate(found["embeddings"]):
                pooled.append(embedding)
                waves.append(samples[HOP * chunk:HOP * chunk + STEPS * WINDOW])
                table.append((self.classes.index(row["category"]), int(row["fold"]), clip, chunk))
        self.pooled, self.waves = np.array(pooled, np.float32), np.array(waves, np.float32)
        self.label, self.fold, self.clip, self.chunk = np.array(table).T

    def scaled(self, how):
        if how == "none":
            return self.waves
        return self.waves / np.maximum(np.sqrt((self.waves ** 2).mean(1, keepdims=True)), 1e-3)

    def figures(self, p, chunks, waves, scale, architecture, zeroed=False):
        """Top-1 and mAP of clips, and the attention's entropy."""
        scores, entropy = [], []
        for start in range(0, len(chunks), BATCH):
            own = chunks[start:start + BATCH]
            padded = np.pad(own, (0, BATCH - len(own)))
            z, weights, _ = FORWARD(p, self.pooled[padded], waves[padded], scale, architecture, zeroed)
            scores.append(np.array(jax.nn.sigmoid(z))[:len(own)])
            weights = np.array(weights)[:len(own)]
            entropy.append(-(weights * np.log(np.maximum(weights, 1e-30))).sum(1))
        scores = np.concatenate(scores)
        clips = np.unique(self.clip[chunks])
        table = np.array([scores[self.clip[chunks] == clip].mean(0) for clip in clips])
        truth = np.array([self.label[self.clip == clip][0] for clip in clips])
        precision = np.mean([average_precision(table[:, c], (truth == c).astype(float)) for c in range(len(self.classes))])
        return float((table.argmax(1) == truth).mean()), float(precision), float(np.concatenate(entropy).mean())


def train(corpus, variant, seed, fold, epochs, rate=1e-3):
    architecture, scale, how, factor = VARIANTS[variant]
    waves = corpus.scaled(how)
    own = np.where((corpus.fold != fold) & (corpus.chunk % 2 == 0))[0]
    held_out = np.where(corpus.fold == fold)[0]
    p = initial(seed, architecture, len(corpus.classes))
    first = {name: jnp.zeros_like(values) for name, values in p.items()}
    second = dict(first)

    @jax.jit
    def step(p, first, second, gradient, number):
        first = {k: 0.9 * first[k] + 0.1 * gradient[k] for k in p}
        second = {k: 0.999 * second[k] + 0.001 * gradient[k] ** 2 for k in p}
        p = {k: p[k] - rate * (factor if k.startswith("encoder") else 1) * (first[k] / (1 - 0.9 ** number))
             / (jnp.sqrt(second[k] / (1 - 0.999 ** number)) + 1e-8) for k in p}
        return p, first, second

    def outputs():
        x = FORWARD(p, corpus.pooled[own[:BATCH]], waves[own[:BATCH]], scale, architecture, False)[2]
        return None if x is None else [round(float(jnp.sqrt((x ** 2).mean())), 4), round(float(x.std(0).mean()), 4)]

    random, number, losses = np.random.default_rng(1000 + seed), 0, []
    row = {"variant": variant, "seed": seed, "fold": fold, "outputs_before": outputs()}
    for _ in range(epochs):
        order, sum_of = random.permutation(own), 0.0
        for start in range(0, len(order) - BATCH + 1, BATCH):
            chunks = order[start:start + BATCH]
            truth = np.eye(len(corpus.classes), dtype=np.float32)[corpus.label[chunks]]
            value, gradient = GRADIENT(p, corpus.pooled[chunks], waves[chunks], truth, scale, architecture)
            number += 1
            row.setdefault("gradients_first", norms(gradient))
            p, first, second = step(p, first, second, gradient, number)
            sum_of += float(value)
        losses.append(round(sum_of / (len(order) // BATCH), 4))
    row |= {"gradients_last": norms(gradient), "outputs_after": outputs(), "loss": losses[-1]}
    row["top_1"], row["mAP"], row["entropy"] = corpus.figures(p, held_out, waves, scale, architecture)
    if architecture == "lean":
        row["top_1_zeroed"], row["mAP_zeroed"], _ = corpus.figures(p, held_out, waves, scale, architecture, True)
    print(json.dumps(row), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, metavar="ESC10_DIR")
    parser.add_argument("cache", type=Path, metavar="CACHE")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    parser.add_argument("--folds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--variants", nargs="+", default=list(VARIANTS), choices=VARIANTS)
    a = parser.parse_args()
    corpus = Corpus(a.folder, a.cache)
    for seed in a.seeds:
        for fold in a.folds:
            for variant in a.variants:
                train(corpus, variant, seed, fold, a.epochs)


if __name__ == "__main__":
    main()
