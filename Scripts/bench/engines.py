#!/usr/bin/env python3
"""What Earmark's boundary to foreign engines costs: a call through it beside the engine's own Python interface.

    engines.py [--earmark PROGRAM] [--pairs 7] [--repeats 60] [--batch 16]

A network of eight dense layers of 1,024 is made by formula, as ONNX and as TensorFlow Lite. Each engine computes it on one
thread; sides take turns, and a pair's ratio is that of their best calls. Wanted: a median of at most 1.03. Needs numpy,
onnxruntime, openvino and ai-edge-litert; an engine that is missing is named and left out.
"""
import argparse, json, os, statistics, subprocess, sys, tempfile, time
from pathlib import Path

sys.dont_write_bytecode = True
HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "fixtures"))
import numpy as np
import graph_fixtures as graphs
from seeded import uniform

LAYERS, WIDTH = 8, 1024
DENSE, DENSE_OPTIONS, RELU = 9, 8, 1


def weights():
    return [(uniform(7000 + layer, WIDTH * WIDTH) * 2 * np.sqrt(6 / WIDTH)).astype("<f4").reshape(WIDTH, WIDTH)
            for layer in range(LAYERS)]


def as_onnx():
    names = ["x"] + [f"h{layer}" for layer in range(LAYERS - 1)] + ["y"]
    nodes = []
    for layer in range(LAYERS):
        nodes.append(graphs.onnx_node("MatMul", [names[layer], f"w{layer}"], [f"m{layer}"]))
        nodes.append(graphs.onnx_node("Relu", [f"m{layer}"], [names[layer + 1]]))
    return graphs.onnx(nodes, [("x", "float32", ("n", WIDTH))], [("y", "float32", ("n", WIDTH))],
                       [(f"w{layer}", values) for layer, values in enumerate(weights())])


def as_tensorflow_lite():
    graphs.OPTIONS[DENSE] = DENSE_OPTIONS
    tensors = [("x", graphs.FLOAT32, (-1, WIDTH), None, {})]
    operators, last = [], 0
    for layer, values in enumerate(weights()):
        tensors.append((f"w{layer}", graphs.FLOAT32, (WIDTH, WIDTH), np.ascontiguousarray(values.T), {}))
        tensors.append(("y" if layer == LAYERS - 1 else f"h{layer}", graphs.FLOAT32, (-1, WIDTH), None, {}))
        operators.append((DENSE, [last, len(tensors) - 2, -1], [len(tensors) - 1], {"f0": ("<b", RELU)}))
        last = len(tensors) - 1
    return graphs.tensorflow_lite(tensors, operators, [0], [last])


def onnx_runtime(path, x):
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return lambda: session.run(None, {"x": x})[0]


def open_vino(path, x):
    import openvino
    core = openvino.Core()
    model = core.read_model(path)
    model.reshape(list(x.shape))
    request = core.compile_model(model, "CPU", {
        "INFERENCE_NUM_THREADS": 1, "NUM_STREAMS": 1, "ENABLE_CPU_PINNING": False,
        "INFERENCE_PRECISION_HINT": "f32"}).create_infer_request()
    return lambda: request.infer({0: x})[0]


def lite_rt(path, x):
    from ai_edge_litert.interpreter import Interpreter
    interpreter = Interpreter(path, num_threads=1)
    interpreter.resize_tensor_input(0, list(x.shape))
    interpreter.allocate_tensors()
    place = interpreter.get_output_details()[0]["index"]

    def call():
        interpreter.set_tensor(0, x)
        interpreter.invoke()
        return interpreter.get_tensor(place)
    return call


ENGINES = [("onnxruntime", "net.onnx", onnx_runtime), ("openvino", "net.onnx", open_vino), ("litert", "net.tflite", lite_rt)]


def best(call, repeats):
    times = []
    for number in range(repeats + 1):
        start = time.perf_counter()
        call()
        if number:
            times.append((time.perf_counter() - start) * 1000)
    return min(times)


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("--earmark", default=str(HERE.parents[1] / ".build/release/earmark"))
    a.add_argument("--pairs", type=int, default=7)
    a.add_argument("--repeats", type=int, default=60)
    a.add_argument("--batch", type=int, default=16)
    a = a.parse_args()
    # One core for both sides.
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    missed = 0
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "net.onnx").write_bytes(as_onnx())
        Path(folder, "net.tflite").write_bytes(as_tensorflow_lite())
        x = (uniform(7100, a.batch * WIDTH) + 0.5).astype("<f4").reshape(a.batch, WIDTH)
        for name, file, make in ENGINES:
            path = str(Path(folder, file))
            try:
                call = make(path, x)
            except ImportError as error:
                print(f"{name}: left out: {error}")
                continue
            ratios, ours, theirs = [], [], []
            for _ in range(a.pairs):
                ended = subprocess.run(
                    [a.earmark, "bench", "engine", path, "--engine", name, "--batch", str(a.batch), "--repeats",
                     str(a.repeats), "--json"], capture_output=True, text=True)
                if ended.returncode:
                    sys.exit(f"engines.py: {ended.stderr.strip()}")
                ours.append(json.loads(ended.stdout)["best_ms"])
                theirs.append(best(call, a.repeats))
                ratios.append(ours[-1] / theirs[-1])
            ratio = statistics.median(ratios)
            missed += ratio > 1.03
            print(f"{name}: Earmark {min(ours):.3f} ms, its own Python {min(theirs):.3f} ms a call of {a.batch}; ratio "
                  f"{ratio:.3f} ({min(ratios):.3f} to {max(ratios):.3f}; wanted at most 1.03)", flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
