#!/usr/bin/env python3
"""Write the golden gradients of the network tests, worked out by PyTorch in double precision.

    make_gradient_fixtures.py [--out Tests/Fixtures/gradients]        (needs python3-torch or pip's torch, and NumPy)

For each architecture ARCHITECTURE.json holds the mean binary cross-entropy of three chunks and five classes, and of every
parameter's gradient its norm, its product with a vector made by formula, and 16 values at even distances. Inputs and
parameters are made by formula, here and in the tests (see make_network_fixtures.py).
"""
import argparse, json
from pathlib import Path
import numpy as np
import torch
import torch.nn.functional as F
from make_network_fixtures import BLOCKS, layout, parameters, uniform

CHUNKS, CLASSES, SAMPLED = 3, 5, 16
STRIDES = [1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1]


def same(x, stride):
    pads = []
    for size in (x.shape[3], x.shape[2]):
        total = max((-(-size // stride) - 1) * stride + 3 - size, 0)
        pads += [total // 2, total - total // 2]
    return F.pad(x, pads)


def trunk(mel, p):
    x = F.conv2d(same(mel[:, None], 2), p["conv/w"].T.reshape(32, 1, 3, 3), p["conv/b"], stride=2).clamp(0, 6)
    for n, ((inputs, _), stride) in enumerate(zip(BLOCKS, STRIDES), 1):
        kernel = p[f"dw{n}/w"].T.reshape(inputs, 1, 3, 3)
        x = F.conv2d(same(x, stride), kernel, p[f"dw{n}/b"], stride=stride, groups=inputs).clamp(0, 6)
        x = F.conv2d(x, p[f"pw{n}/w"].T[:, :, None, None], p[f"pw{n}/b"]).clamp(0, 6)
    return x.mean(dim=(2, 3))


def lstm(x, w, u, b):
    h = c = torch.zeros(x.shape[0], u.shape[0], dtype=x.dtype)
    out = []
    for t in range(x.shape[1]):
        i, f, g, o = (x[:, t] @ w + h @ u + b).chunk(4, dim=1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        h = torch.sigmoid(o) * torch.tanh(c)
        out.append(h)
    return torch.stack(out, dim=1)


def logits(architecture, mel, wave, p):
    parts, query, x = [], None, None
    if architecture != "wave-encoder":
        pooled = trunk(mel, p)
        query = pooled if architecture == "yamnet" else torch.relu(pooled @ p["projection/w"] + p["projection/b"])
        parts.append(query)
    if architecture in ("wave-encoder", "lean-mean", "lean"):
        x = wave.reshape(len(wave), 40, 400)
        for level in (1, 2):
            ahead, back = ([p[f"encoder{level}/{d}/{k}"] for k in "wub"] for d in ("forward", "backward"))
            x = torch.cat([lstm(x, *ahead), lstm(x.flip(1), *back).flip(1)], dim=2)
        if architecture == "lean":
            weights = torch.softmax(torch.einsum("ntd,nd->nt", x, query) / 16, dim=1)
            parts.append(torch.einsum("nt,ntd->nd", weights, x))
        else:
            parts.append(x.mean(dim=1))
    return torch.cat(parts, dim=1) @ p["head/w"] + p["head/b"]


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("--out", type=Path, default=Path(__file__).resolve().parent.parent / "Tests/Fixtures/gradients")
    a = a.parse_args()
    a.out.mkdir(parents=True, exist_ok=True)
    tensor = lambda x: torch.from_numpy(np.ascontiguousarray(x, dtype=np.float64))
    mel = tensor(uniform(910, CHUNKS * 96 * 64).reshape(CHUNKS, 96, 64) * np.float32(8))
    wave = tensor(uniform(911, CHUNKS * 16000).reshape(CHUNKS, 16000) * np.float32(4))
    truth = tensor((uniform(912, CHUNKS * CLASSES) > 0).reshape(CHUNKS, CLASSES))
    for architecture in ("yamnet", "yamnet-projection", "wave-encoder", "lean-mean", "lean"):
        p = {name: tensor(value).requires_grad_() for name, value in parameters(architecture, CLASSES).items()}
        loss = F.binary_cross_entropy_with_logits(logits(architecture, mel, wave, p), truth)
        loss.backward()
        gradients = {}
        for stream, (name, _) in enumerate(layout(architecture, CLASSES)):
            g = p[name].grad.numpy().ravel()
            places = [i * len(g) // SAMPLED for i in range(SAMPLED)]
            gradients[name] = {
                "norm": float(np.linalg.norm(g)),
                "product": float(g @ uniform(2000 + stream, len(g)).astype(np.float64)),
                "values": [float(g[i]) for i in places],
            }
        with open(a.out / f"{architecture}.json", "w") as file:
            json.dump({"loss": float(loss), "gradients": gradients}, file, indent=0)
            file.write("\n")
        print(architecture, float(loss))


if __name__ == "__main__":
    main()
