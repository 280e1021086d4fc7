#!/usr/bin/env python3
"""Makes BirdNET's embeddings an output of its TensorFlow Lite file: birdnet_embeddings.py IN.tflite OUT.tflite

In the published file the 1024 values that the classifier reads (the mean over the last maps) are an inner tensor, which
engines do not give out. The new file lists that tensor among the outputs; nothing else changes, so the scores are the same.
It is a derivative of BirdNET under the same licence, CC BY-NC-SA 4.0. Needs: pip install ai-edge-litert flatbuffers
"""
import sys

import flatbuffers
from ai_edge_litert import schema_py_generated as schema

FULLY_CONNECTED = 9  # BuiltinOperator of the TensorFlow Lite schema


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__.splitlines()[0])
    with open(sys.argv[1], "rb") as handle:
        model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(handle.read(), 0))
    graph = model.subgraphs[0]
    scores = int(graph.outputs[0])
    last = next(operator for operator in graph.operators if scores in list(operator.outputs))
    if len(graph.outputs) != 1 or model.operatorCodes[last.opcodeIndex].builtinCode != FULLY_CONNECTED:
        sys.exit(f"birdnet_embeddings.py: {sys.argv[1]}: expected one output, made by a fully connected layer")
    embedding = int(last.inputs[0])
    graph.outputs = [scores, embedding]
    builder = flatbuffers.Builder(64 << 20)
    builder.Finish(model.Pack(builder), b"TFL3")
    with open(sys.argv[2], "wb") as handle:
        handle.write(builder.Output())
    tensor = graph.tensors[embedding]
    print(f"{sys.argv[2]}: outputs '{graph.tensors[scores].name.decode()}' and '{tensor.name.decode()}' "
          f"{[int(size) for size in tensor.shape]}")


if __name__ == "__main__":
    main()
