#!/usr/bin/env python3
"""Check the exported networks: ONNX Runtime against PyTorch, sizes against the published ones, the files.

    check.py [MODEL ...] [--keep DIR]

For each network, with random weights: the number of parameters; the file by onnx.checker; its input, outputs and
metadata; its outputs for batches of 1, 2 and 5 chunks, within 1e-4 of PyTorch's (of the largest value, where that
exceeds 1), each chunk's the same whatever its batch; and that the scores follow the input. For the reading of weights:
what fits is loaded, what is missing, left over or misshapen is refused by name.

Prints a line for each network, and ends with 1 where anything failed. All of them take some minutes on one core, and
at most 820 MB of disk at a time. --keep leaves the files in DIR.
"""
import argparse
import pickle
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch

import graph
import renames
import seeded
import weights
from models import NETWORKS

TOLERANCE = 1e-4
BATCHES = (1, 2, 5)
# The first four values of the first chunk's embedding, of the descriptions as they were when they agreed with the
# authors' own programs: a network that is changed must be compared with those again.
FIRST = {
    "vggish": (-1.10272, 3.72882, -1.33955, -3.79192), "panns-cnn14": (0, 0.473077, 0, 0),
    "panns-cnn14-16k": (0, 0.473077, 0, 0), "efficientat-mn10": (0.249847, 0.207028, 0.258712, 0.079414),
    "ced-tiny": (-1.70337, 0.673694, -0.908333, 1.36666), "ast": (2.17231, -0.0563366, -0.742021, 1.85091),
    "perch-2": (0.461692, 0.462052, 0.153473, 0.559701)}


class Hostile:
    """Unpickled, it would make a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (self.path, "w"))


class Failure(Exception):
    """A check that did not hold, in words."""


def require(condition, words):
    if not condition:
        raise Failure(words)


def difference(found, wanted):
    """The largest difference, of the largest value where that exceeds 1. Not a number counts as infinite."""
    worst = np.abs(found - wanted).max() / max(1.0, np.abs(wanted).max())
    return worst if np.isfinite(worst) else np.inf


def check_parameters(network, model):
    count = sum(parameter.numel() for parameter in model.parameters())
    require(count == network.parameters, f"{count:,} parameters, expected {network.parameters:,}")
    digits = len(str(network.published).partition(".")[2])
    millions = round((count + network.uncounted) / 1e6, digits)
    require(millions == network.published, f"{millions} M parameters, published were {network.published} M")
    return count


def check_file(network, path):
    onnx.checker.check_model(str(path), full_check=True)
    found = onnx.load(str(path), load_external_data=False)

    def shape(value):
        return [dimension.dim_param or dimension.dim_value for dimension in value.type.tensor_type.shape.dim]

    inputs = {value.name: shape(value) for value in found.graph.input}
    outputs = {value.name: shape(value) for value in found.graph.output}
    require(inputs == {network.input: ["batch", *network.shape]}, f"inputs {inputs}")
    require(outputs == {name: ["batch", size] for name, size in network.outputs.items()}, f"outputs {outputs}")
    metadata = {entry.key: entry.value for entry in found.metadata_props}
    require(metadata.get("model") == network.name and "weights" in metadata, f"metadata {metadata}")


def check_outputs(network, model, path):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    names = list(network.outputs)
    chunks = seeded.example(network, max(BATCHES), 7)
    with torch.no_grad():
        wanted = [output.numpy() for output in model(chunks)]
    worst = 0.0
    for batch in BATCHES:
        found = session.run(names, {network.input: chunks[:batch].numpy()})
        for name, values, expected in zip(names, found, wanted):
            require(values.shape == (batch, network.outputs[name]), f"{name} has shape {values.shape}")
            worst = max(worst, difference(values, expected[:batch]))
    require(worst <= TOLERANCE, f"differs from PyTorch by {worst:.1e}, at most {TOLERANCE:g} is allowed")
    first, before = wanted[-1][0, :4], np.array(FIRST[network.name])
    require(difference(first, before) < 1e-3, f"the first embedding begins with {first.tolist()}, expected {before}")
    for name, expected in zip(names, wanted):
        # Otherwise the comparison above would be one of biases.
        spread = expected.std(axis=0).mean() / max(expected.std(), 1e-12)
        require(spread > 0.02, f"{name} hardly depends on the input ({spread:.1e})")
    if network.scores == "probabilities":
        require(wanted[0].min() >= 0 and wanted[0].max() <= 1, "scores are not probabilities")
    return worst


def check(network, folder):
    model, origin, _ = graph.build(network)
    count = check_parameters(network, model)
    path = folder / f"{network.name}.onnx"
    graph.export(network, model, origin, path)
    check_file(network, path)
    worst = check_outputs(network, model, path)
    size = path.stat().st_size
    print(f"{network.name:17} {count:>11,} parameters, {size / 1e6:6.1f} MB, "
          f"largest difference {worst:.1e}", flush=True)
    return path


def check_weights(folder):
    """Reading state dictionaries, on the smallest network."""
    network = NETWORKS["ced-tiny"]
    model, _, _ = graph.build(network, seed=3)
    state = model.state_dict()
    again, _, _ = graph.build(network, seed=3)
    require(all(torch.equal(value, again.state_dict()[name]) for name, value in state.items()),
            "the same seed gave other weights")
    chunk = seeded.example(network, 1, 8)
    with torch.no_grad():
        wanted = model(chunk)[0]
    path = folder / "weights.pth"
    front_end = {"front_end.0.spectrogram.window": torch.ones(512)}
    hub = {name if name.startswith("outputlayer.") else "encoder." + name.replace("init_bn.1.", "init_bn."): value
           for name, value in state.items()}
    for kind, saved in {
            "as it is": state, "in a checkpoint": {"epoch": np.int64(3), "model": {**state, **front_end}},
            "of several processors": {"module." + name: value for name, value in state.items()},
            "of the hub": hub}.items():
        torch.save(saved, path)
        loaded, origin, said = graph.build(network, path, seed=4)
        require("SHA-256" in origin, f"origin {origin}")
        require(len(said) == (kind == "in a checkpoint"), f"weights {kind}: {said}")
        with torch.no_grad():
            require(torch.equal(loaded(chunk)[0], wanted), f"weights {kind} gave other scores")
    for said, changed in {
            "norm.bias is missing": {name: value for name, value in state.items() if name != "norm.bias"},
            "extra is unknown": {**state, "extra": torch.zeros(1)},
            "norm.bias has shape (3,), expected (192,)": {**state, "norm.bias": torch.zeros(3)},
            "expected a state dictionary": {"norm.bias": "text"}}.items():
        torch.save(changed, path)
        try:
            graph.build(network, path)
        except ValueError as error:
            require(said in str(error), f"'{error}' does not say '{said}'")
        else:
            raise Failure(f"weights were accepted where {said}")
    mark = folder / "executed"
    hostile = pickle.dumps(Hostile(str(mark)), protocol=2)
    for name, content in {"hostile.pth": hostile, "text.pth": b"hello\n", "empty.pth": b""}.items():
        (folder / name).write_bytes(content)
        try:
            weights.read(folder / name)
        except ValueError as error:
            require(name in str(error) and "\n" not in str(error), f"'{error}' is not one line that names {name}")
        else:
            raise Failure(f"{name} was read")
    require(not mark.exists(), "a file of weights was executed")
    check_hub_names()
    print("weights           loaded where they fit, refused by name where they do not")


def check_hub_names():
    """The transformers library's names of AST become exactly this module's, with its shapes."""
    prefix = "audio_spectrogram_transformer."
    layer = {"layernorm_before": (768,), "layernorm_after": (768,), "attention.output.dense": (768, 768),
             "intermediate.dense": (3072, 768), "output.dense": (768, 3072),
             **{f"attention.attention.{part}": (768, 768) for part in ("query", "key", "value")}}
    shapes = {prefix + "embeddings.cls_token": (1, 1, 768), prefix + "embeddings.distillation_token": (1, 1, 768),
              prefix + "embeddings.position_embeddings": (1, 1214, 768)}
    leaves = {f"{prefix}encoder.layer.{block}.{name}": shape for block in range(12) for name, shape in layer.items()}
    leaves |= {prefix + "embeddings.patch_embeddings.projection": (768, 1, 16, 16), prefix + "layernorm": (768,),
               "classifier.layernorm": (768,), "classifier.dense": (527, 768)}
    shapes |= {f"{name}.weight": shape for name, shape in leaves.items()}
    shapes |= {f"{name}.bias": shape[:1] for name, shape in leaves.items()}
    with torch.device("meta"):
        renamed = renames.ast({name: torch.empty(shape) for name, shape in shapes.items()})
        own = NETWORKS["ast"].build().state_dict()
    shapes_of = [{name: value.shape for name, value in state.items()} for state in (renamed, own)]
    require(shapes_of[0] == shapes_of[1],
            f"names of AST: {sorted(set(renamed) ^ set(own))[:4]}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", metavar="MODEL")
    parser.add_argument("--keep", type=Path)
    a = parser.parse_args()
    unknown = [name for name in a.models if name not in NETWORKS]
    if unknown:
        parser.error(f"{unknown[0]} is none of {', '.join(NETWORKS)}")
    torch.set_num_threads(1)
    failed = 0
    with tempfile.TemporaryDirectory() as temporary:
        folder = a.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        steps = [lambda: check_weights(Path(temporary))] if not a.models else []
        steps += [lambda network=NETWORKS[name]: check(network, folder) for name in a.models or NETWORKS]
        for step in steps:
            try:
                path = step()
                if path and not a.keep:
                    path.unlink()
            except Failure as failure:
                failed += 1
                print(f"failed: {failure}", flush=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
