#!/usr/bin/env python3
"""Write the golden vectors of the network tests from an independent NumPy implementation.

    make_network_fixtures.py --reference PATH/reference.py [--tflite yamnet.tflite] [--out Tests/Fixtures/network]

Inputs: two log-mel patches of made-up sounds (mel.npy) and two raw seconds that the tests make themselves. Parameters of the
LEAN variants are made by the tests too, by the same formula as here: value i of parameter p (counted over the layout) is
(u >> 40) / 2^24 - 1/2 of u = mix(p * 2^32 + i), times 2 sqrt(6 / inputs) for a weight and 0.2 for a bias, where mix is the
output function of SplitMix64 and everything after it is float32.
"""
import argparse, importlib.util
from pathlib import Path
import numpy as np


def uniform(stream, count):
    """float32 in [-0.5, 0.5), the same on every machine."""
    z = (np.uint64(stream) << np.uint64(32)) + np.arange(count, dtype=np.uint64)
    with np.errstate(over="ignore"):
        z = (z + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return (z >> np.uint64(40)).astype(np.float32) * np.float32(2.0**-24) - np.float32(0.5)


BLOCKS = [(32, 64), (64, 128), (128, 128), (128, 256), (256, 256), (256, 512)] + [(512, 512)] * 5 + [(512, 1024), (1024, 1024)]


def layout(architecture, classes):
    dense = lambda name, i, o: [(f"{name}/w", (i, o)), (f"{name}/b", (o,))]
    shapes = []
    if architecture != "wave-encoder":
        shapes += [("conv/w", (9, 32)), ("conv/b", (32,))]
        for n, (i, o) in enumerate(BLOCKS, 1):
            shapes += [(f"dw{n}/w", (9, i)), (f"dw{n}/b", (i,))] + dense(f"pw{n}", i, o)
        if architecture != "yamnet":
            shapes += dense("projection", 1024, 256)
    if not architecture.startswith("yamnet"):
        for level, width in ((1, 400), (2, 256)):
            for direction in ("forward", "backward"):
                prefix = f"encoder{level}/{direction}"
                shapes += [(f"{prefix}/w", (width, 512)), (f"{prefix}/u", (128, 512)), (f"{prefix}/b", (512,))]
    inputs = 512 if architecture.startswith("lean") else 1024 if architecture == "yamnet" else 256
    return shapes + dense("head", inputs, classes)


def parameters(architecture, classes):
    out = {}
    for stream, (name, shape) in enumerate(layout(architecture, classes)):
        scale = np.float32(2 * np.sqrt(6 / shape[0])) if len(shape) == 2 else np.float32(0.2)
        out[name] = (uniform(stream, int(np.prod(shape))) * scale).reshape(shape)
    return out


def sounds():
    """A gliding tone and bursts of noise, a second each."""
    t = np.arange(16000) / 16000
    glide = 0.5 * np.sin(2 * np.pi * (400 * t + 600 * t**2))
    bursts = uniform(900, 16000) * (np.sin(2 * np.pi * 4 * t) > 0)
    return np.stack([glide, bursts]).astype(np.float32)


def variant(R, architecture, chunks, waves, p):
    if architecture == "lean":
        return R.lean(chunks, waves, p)
    parts = []
    if architecture != "wave-encoder":
        layers = [("conv", p["conv/w"], p["conv/b"])]
        for n in range(1, 14):
            layers += [("depthwise", p[f"dw{n}/w"], p[f"dw{n}/b"]), ("pointwise", p[f"pw{n}/w"], p[f"pw{n}/b"])]
        parts.append(np.maximum(0, R.trunk(chunks, layers) @ p["projection/w"] + p["projection/b"]))
    if architecture != "yamnet-projection":
        x = waves.reshape(len(waves), 40, 400)
        for level in (1, 2):
            ahead, back = ([p[f"encoder{level}/{d}/{k}"] for k in "wub"] for d in ("forward", "backward"))
            x = np.concatenate([R.lstm(x, *ahead), R.lstm(x[:, ::-1], *back)[:, ::-1]], axis=2)
        parts.append(x.mean(axis=1))
    return R.sigmoid(np.concatenate(parts, axis=1) @ p["head/w"] + p["head/b"])


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("--reference", required=True, type=Path)
    a.add_argument("--tflite", type=Path, help="YAMNet's official file; without it yamnet-*.npy are left as they are")
    a.add_argument("--out", type=Path, default=Path(__file__).resolve().parent.parent / "Tests/Fixtures/network")
    a = a.parse_args()
    spec = importlib.util.spec_from_file_location("reference", a.reference)
    R = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(R)
    a.out.mkdir(parents=True, exist_ok=True)
    save = lambda name, values: np.save(a.out / f"{name}.npy", np.ascontiguousarray(values, dtype=np.float32))

    mel = np.stack([R.log_mel(wave)[:96] for wave in sounds()])
    save("mel", mel)
    if a.tflite:
        layers, weight, bias = R.load_yamnet(str(a.tflite))
        embeddings = R.trunk(mel, layers)
        save("yamnet-embeddings", embeddings)
        save("yamnet-scores", R.sigmoid(embeddings @ weight + bias))
    chunks = mel - mel.mean(axis=(1, 2), keepdims=True)
    save("mel-chunk-mean", chunks)
    waves = uniform(901, 2 * 16000).reshape(2, 16000) * np.float32(4)    # loud, so that attention is far from even
    for architecture in ("lean", "lean-mean", "wave-encoder", "yamnet-projection"):
        save(f"{architecture}-scores", variant(R, architecture, chunks, waves, parameters(architecture, 200)))


if __name__ == "__main__":
    main()
