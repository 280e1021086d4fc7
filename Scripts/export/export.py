#!/usr/bin/env python3
"""Write a published audio network as an ONNX file.

    export.py MODEL --out FILE.onnx [--weights FILE] [--seed N]
    export.py --list

MODEL is one of those that --list names. With --weights the file has the published weights, from the state dictionary of
the official release (.pt, .pth or .safetensors; README.md beside this script says where it is published), and every
name and shape must fit. Without it the weights are random, the same for the same seed: such a file has the network's
inputs, outputs and speed, but its scores mean nothing.

Nothing is fetched. Needs Scripts/export/requirements.txt.
"""
import argparse
import sys
from pathlib import Path

import torch

import graph
from models import NETWORKS

# The input and the outputs of perch_v2.onnx.
RELEASED = ["inputs", "label", "embedding"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", nargs="?", choices=NETWORKS, metavar="MODEL")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--opset", type=int, default=graph.OPSET)
    parser.add_argument("--rectified", action="store_true", help="vggish: with the ReLU that ports put at its end")
    parser.add_argument("--peak", type=float, default=0.25,
                        help="perch-2: each chunk's peak inside the graph (0.25); 0 takes the samples as they are")
    parser.add_argument("--as-released", action="store_true",
                        help="perch-2: with the names of the release's conversion, and samples taken as they are")
    parser.add_argument("--list", action="store_true")
    a = parser.parse_args()
    if a.list:
        for network in NETWORKS.values():
            outputs = ", ".join(f"{name} (batch, {size})" for name, size in network.outputs.items())
            print(f"{network.name:17} {network.input} (batch, {', '.join(map(str, network.shape))}) -> {outputs}")
        return
    if a.model is None or a.out is None:
        parser.error("MODEL and --out are required")
    if a.as_released and a.model != "perch-2":
        parser.error("--as-released is for perch-2")
    if a.rectified and a.model != "vggish":
        parser.error("--rectified is for vggish")
    torch.set_num_threads(1)
    network = NETWORKS[a.model]
    peak = 0 if a.as_released else a.peak
    options = {"vggish": {"rectified": a.rectified}, "perch-2": {"peak": peak}}.get(a.model, {})
    try:
        model, origin, said = graph.build(network, a.weights, a.seed, **options)
        graph.export(network, model, origin, a.out, a.opset, RELEASED if a.as_released else None)
    except (ValueError, OSError) as error:
        sys.exit(f"export.py: {error}")
    for line in said:
        print(f"{a.model}: {line}")
    print(f"{a.out}: {a.model}, opset {a.opset}, weights {origin}, {a.out.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
