"""Writing an architecture as an ONNX file with a dynamic batch, and what the file says of itself."""
import hashlib
import inspect
import warnings
from pathlib import Path

import onnx
import torch

import seeded
import weights

OPSET = 17


def build(network, weights_file=None, seed=0, **options):
    """The module in inference mode with the file's weights, or seeded random ones; a line on where they are from; and
    lines on what was left out of the file."""
    model, said = network.build(**options), []
    if weights_file:
        said = weights.load(model, network, weights_file)
        with open(weights_file, "rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        origin = f"{Path(weights_file).name}, SHA-256 {digest}"
    else:
        seeded.fill(model, seed)
        seeded.settle(model, seeded.example(network, 2, seed + 1, network.settling_frames))
        origin = f"random, seed {seed}"
    return model.eval(), origin, said


def export(network, model, origin, path, opset=OPSET, names=None):
    """Writes the graph to `path`, replacing what is there in one step.

    `names` are those of its input and its outputs, where they are not the network's.
    """
    if hasattr(model, "head") and hasattr(model.head, "freeze") and model.head.kernel is None:
        model.head.freeze()
    path = Path(path)
    partial = path.with_name(path.name + ".partial")
    names = names or [network.input, *network.outputs]
    # PyTorch's older exporter writes this opset directly; the newer one would write another and convert it.
    older = {"dynamo": False} if "dynamo" in inspect.signature(torch.onnx.export).parameters else {}
    with torch.no_grad(), warnings.catch_warnings():
        # Sizes other than the batch are meant to become constants.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            model, (seeded.example(network, 2, 0),), str(partial), input_names=names[:1], output_names=names[1:],
            dynamic_axes={name: {0: "batch"} for name in names}, opset_version=opset, **older)
    graph = onnx.load(str(partial))
    for output, size in zip(graph.graph.output, network.outputs.values()):
        # The exporter leaves some sizes open that are known.
        shape = output.type.tensor_type.shape
        shape.ClearField("dim")
        shape.dim.add().dim_param = "batch"
        shape.dim.add().dim_value = size
    del graph.metadata_props[:]
    entries = {"model": network.name, "weights": origin, "front_end": network.front_end, "rate": network.rate,
               "chunk": network.chunk, "scores": network.scores or "none"}
    onnx.helper.set_model_props(graph, {name: str(value) for name, value in entries.items()})
    onnx.save(graph, str(partial))
    partial.replace(path)
