#!/usr/bin/env python3
"""Holds Earmark's VGGish against PyTorch: the same weights by seed, in both formats and in every form of the embedding.

    vggish.py EARMARK WORK_DIR [--time]

Builds the network from its published sizes (Hershey et al., arXiv 1609.09430; README of tensorflow/models,
research/audioset/vggish), saves its state dictionary under torchvggish's names as .pth and as .safetensors, imports each, runs a
pipeline over made-up clips and compares the embeddings in the cache with PyTorch's of the same log-mel: within 1e-4 of the largest,
and quantised ones within one step in at most one value of a thousand. Exit status 1 where they differ.

--time also times a forward pass of 64 chunks on one thread: Earmark, PyTorch and, if it is installed, ONNX Runtime, in processor
time per chunk, so that what else the machine does matters less. Needs torch and NumPy; safetensors if it is installed.
"""
import csv
import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import torch

PIPELINE = """
name: vggish
stages:
  decode: {uses: decode}
  resample: {uses: resample, from: decode}
  chunk: {uses: chunk, from: resample, preset: vggish, overlap: 0}
  mel: {uses: log-mel, from: chunk, preset: vggish}
  mel-cache: {uses: cache, from: mel}
  infer: {uses: infer, from: mel-cache, model: MODEL}
  embeddings: {uses: cache, from: infer.embeddings}
"""
FRAMES = 96


class Network(torch.nn.Module):
    """VGGish down to its embedding; layers are numbered as torchvggish numbers them."""

    def __init__(self):
        super().__init__()
        layers, channels = [], 1
        for group in [[64], [128], [256, 256], [512, 512]]:
            for outputs in group:
                layers += [torch.nn.Conv2d(channels, outputs, 3, padding=1), torch.nn.ReLU()]
                channels = outputs
            layers.append(torch.nn.MaxPool2d(2))
        self.features = torch.nn.Sequential(*layers)
        sizes = [6 * 4 * channels, 4096, 4096, 128]
        dense = [part for a, b in zip(sizes, sizes[1:]) for part in (torch.nn.Linear(a, b), torch.nn.ReLU())]
        self.embeddings = torch.nn.Sequential(*dense[:-1])

    def forward(self, patches):
        """patches (count, 96, 64) to embeddings (count, 128), without an activation."""
        image = self.features(patches[:, None])
        return self.embeddings(image.permute(0, 2, 3, 1).flatten(1))


def seeded():
    torch.manual_seed(1)
    network = Network().eval()
    for layer in network.modules():
        if isinstance(layer, (torch.nn.Conv2d, torch.nn.Linear)):
            torch.nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            torch.nn.init.uniform_(layer.bias, -0.1, 0.1)
    return network


def run(*command):
    result = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if result.returncode:
        sys.exit(f"{' '.join(map(str, command))}: exit status {result.returncode}\n{result.stderr}")
    return result.stdout


def rows(cache, kind):
    """The rows of every clip, by name."""
    with open(cache / "shards/index.csv", newline="") as file:
        return {row["clip"]: np.load(cache / "shards" / Path(row["shard"]).name, mmap_mode="r")
                [int(row["first"]):int(row["first"]) + int(row["count"])]
                for row in csv.DictReader(file) if row["kind"] == kind}


def embeddings(earmark, work, name, model):
    """What a pipeline with this model makes: patches (chunks, 96, 64) and embeddings (chunks, 128)."""
    pipeline, cache = work / f"{name}.yaml", work / f"cache-{name}"
    pipeline.write_text(PIPELINE.replace("MODEL", str(model)))
    run(earmark, "run", pipeline, "--manifest", work / "clips.csv", "--cache", cache)
    mel, made = rows(cache, "mel"), rows(cache, "embeddings")
    patches = [mel[clip][FRAMES * i:FRAMES * (i + 1)] for clip in sorted(made) for i in range(len(made[clip]))]
    return np.stack(patches), np.concatenate([made[clip] for clip in sorted(made)])


def check(earmark, work, network, patches):
    """Compares every form. Returns the model file of the plain one."""
    with torch.no_grad():
        plain = network(torch.from_numpy(patches)).numpy().astype(np.float64)
    # A whitening that spreads the values over -2 to 2 and beyond.
    means = plain.mean(0)
    axes = np.linalg.qr(np.random.default_rng(1).normal(size=(128, 128)))[0]
    vectors = (axes / ((plain - means) @ axes.T).std(0)[:, None]).astype(np.float32)
    means = means.astype(np.float32)
    whitening = {"pproc.pca_eigen_vectors": torch.from_numpy(vectors), "pproc.pca_means": torch.from_numpy(means[:, None])}
    files = {"pth": work / "vggish.pth"}
    torch.save(network.state_dict(), files["pth"])
    torch.save({key.split(".")[1]: value for key, value in whitening.items()}, work / "pca.pth")
    try:
        from safetensors.torch import save_file
        files["safetensors"] = work / "vggish-state.safetensors"
        save_file({**network.state_dict(), **whitening}, files["safetensors"])
    except ImportError:
        print("safetensors is not installed: only .pth is compared")
    failed, first = False, None
    for form, file in files.items():
        for release in ["google", "torchvggish"]:
            for pca in [None, work / "pca.pth" if form == "pth" else file]:
                name = f"{form}-{release}{'-pca' if pca else ''}"
                model = work / f"{name}.safetensors"
                run(earmark, "model", "import", file, "--release", release, "--out", model, "--force",
                    *(["--pca", pca] if pca else []))
                found = embeddings(earmark, work, name, model)[1].astype(np.float64)
                expected = np.maximum(plain, 0) if release == "torchvggish" else plain
                if pca:
                    steps = (np.clip((expected - means) @ vectors.astype(np.float64).T, -2, 2) + 2) * (255 / 4)
                    expected = np.floor(steps) if release == "google" else np.rint(steps)
                    share = float((found != expected).mean())
                    good = np.abs(found - expected).max() <= 1 and share <= 1e-3
                    print(f"{name}: {len(set(found.ravel()))} levels, {share:.5f} of the values one step off")
                else:
                    difference = np.abs(found - expected).max() / np.abs(expected).max()
                    good = difference < 1e-4
                    print(f"{name}: largest difference {difference:.2e} of the largest of {found.shape[0]} embeddings")
                failed |= not good
                first = first or model
                if model != first:
                    model.unlink()
    if failed:
        sys.exit("FAILED: they differ")
    return first


def best(body, repeats=5):
    """The least processor time of several calls in seconds, an extra first one not counted."""
    times = []
    for _ in range(repeats + 1):
        start = time.process_time()
        body()
        times.append(time.process_time() - start)
    return min(times[1:])


def clock(earmark, work, network, model, count=64):
    torch.set_num_threads(1)
    noise = np.random.default_rng(2).uniform(-4, 4, (count, FRAMES, 64)).astype(np.float32)
    figures = json.loads(run(earmark, "bench", "network", "--model", model, "--threads", 1, "--batch", count, "--repeats", 5,
                             "--json"))
    own = figures["processor_ms_per_chunk"]
    print(f"Earmark ({figures['kernels']}): {own:.2f} ms a chunk")
    with torch.no_grad():
        for name, layout in [("PyTorch", torch.contiguous_format), ("PyTorch, channels last", torch.channels_last)]:
            network = network.to(memory_format=layout)
            spent = best(lambda: network(torch.from_numpy(noise))) * 1000 / count
            print(f"{name} {torch.__version__}: {spent:.2f} ms a chunk, Earmark {own / spent:.2f} of it")
    try:
        import onnxruntime
        torch.onnx.export(network.to(memory_format=torch.contiguous_format), (torch.from_numpy(noise),), work / "vggish.onnx",
                          input_names=["mel"], output_names=["embeddings"], dynamo=False)
    except Exception as fault:
        print(f"ONNX Runtime is not timed: {fault}")
        return
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(work / "vggish.onnx", options, providers=["CPUExecutionProvider"])
    spent = best(lambda: session.run(None, {"mel": noise})) * 1000 / count
    print(f"ONNX Runtime {onnxruntime.__version__}: {spent:.2f} ms a chunk, Earmark {own / spent:.2f} of it")


def main():
    earmark, work = Path(sys.argv[1]).resolve(), Path(sys.argv[2])
    work.mkdir(parents=True, exist_ok=True)
    run(earmark, "synth", work / "clips", "--clips", 12, "--seed", 5)
    run(earmark, "manifest", "folder", work / "clips", "--out", work / "clips.csv")
    network = seeded()
    # The patches do not depend on the model; a pipeline without one gives them.
    head = PIPELINE.split("  infer:")[0]
    (work / "mel.yaml").write_text(head)
    run(earmark, "run", work / "mel.yaml", "--manifest", work / "clips.csv", "--cache", work / "cache-mel")
    mel = rows(work / "cache-mel", "mel")
    patches = np.stack([frames[FRAMES * i:FRAMES * (i + 1)] for _, frames in sorted(mel.items()) for i in range(len(frames) // FRAMES)])
    model = check(earmark, work, network, patches)
    if "--time" in sys.argv[3:]:
        clock(earmark, work, network, model)


main()
