"""The same work done with what Python users run today, for the benchmarks to time.

Every function does one whole job in one process and one thread. Nothing here is used by Earmark itself.
"""
import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import csv
import json
import time
from pathlib import Path

import numpy as np

RATE, WINDOW, HOP, FFT, BANDS, LOW, HIGH, OFFSET = 16000, 400, 160, 512, 64, 125.0, 7500.0, 0.001
STRIDES = (1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1)
# What times are taken with; `time.process_time` counts this process's alone.
clock = time.perf_counter
EXTENSIONS = {".wav", ".ogg", ".flac", ".mp3", ".opus", ".aiff"}


def audio_files(folder):
    return sorted(str(p) for p in Path(folder).rglob("*") if p.suffix.lower() in EXTENSIONS)


def seconds_of(files):
    import soundfile

    return sum(soundfile.info(f).duration for f in files)


def librosa_log_mel(path):
    """Audio to log-mel with librosa (soxr_hq inside)."""
    import librosa

    wave, _ = librosa.load(path, sr=RATE)
    mel = librosa.feature.melspectrogram(
        y=wave, sr=RATE, n_fft=FFT, win_length=WINDOW, hop_length=HOP, n_mels=BANDS, fmin=LOW, fmax=HIGH, power=1.0)
    return np.log(mel + OFFSET)


def time_librosa(files):
    librosa_log_mel(files[0])
    start = clock()
    for path in files:
        librosa_log_mel(path)
    return clock() - start


def time_decoding(files):
    """Reading by libsndfile and resampling by soxr HQ, nothing else."""
    import soundfile
    import soxr

    def read(path):
        wave, rate = soundfile.read(path, dtype="float32")
        soxr.resample(wave, rate, RATE, "HQ")

    read(files[0])
    start = clock()
    for path in files:
        read(path)
    return clock() - start


def _mel_bank():
    hertz_to_mel = lambda f: 1127.0 * np.log(1.0 + np.asarray(f) / 700.0)
    corner = np.linspace(hertz_to_mel(LOW), hertz_to_mel(HIGH), BANDS + 2)
    bins = hertz_to_mel(np.arange(FFT // 2 + 1) * RATE / FFT)
    bank = np.zeros((FFT // 2 + 1, BANDS), np.float32)
    for band in range(BANDS):
        left, centre, right = corner[band:band + 3]
        bank[:, band] = np.clip(np.minimum((bins - left) / (centre - left), (right - bins) / (right - centre)), 0, None)
    bank[0] = 0
    return bank


BANK = _mel_bank()
HANN = np.hanning(WINDOW + 1)[:-1].astype(np.float32)


def _mono(path):
    import soundfile
    import soxr

    wave, rate = soundfile.read(path, dtype="float32", always_2d=True)
    wave = wave.mean(axis=1)
    return wave if rate == RATE else soxr.resample(wave, rate, RATE, "HQ")


def numpy_chunks(path):
    """Audio to (chunks, 1, 96, 64) with soundfile, soxr and NumPy."""
    wave = _mono(path)
    count = max(1, -(-(len(wave) - RATE) // (RATE // 2)) + 1)
    padded = np.zeros((count - 1) * RATE // 2 + RATE, np.float32)
    padded[:min(len(wave), len(padded))] = wave[:len(padded)]
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP] * HANN
    mel = np.log(np.abs(np.fft.rfft(frames, FFT)).astype(np.float32) @ BANK + np.float32(OFFSET))
    return np.stack([mel[50 * i:50 * i + 96] for i in range(count)])[:, None]


def model_chunks(path, metadata):
    """The inputs that a model of this metadata takes of a recording: mel as `numpy_chunks`, and wave (chunks, 40, 400)."""
    mel = numpy_chunks(path)
    if metadata.get("normalization") == "chunk-mean":
        mel = mel - mel.mean(axis=(1, 2, 3), keepdims=True)
    wave = np.zeros((len(mel) - 1) * RATE // 2 + RATE, np.float32)
    samples = _mono(path)[:len(wave)]
    wave[:len(samples)] = samples
    return mel, np.stack([wave[i * RATE // 2:i * RATE // 2 + RATE].reshape(40, 400) for i in range(len(mel))])


def calibration_feeds(model, files):
    """The inputs of all chunks of some recordings, one feed a chunk, for the quantisers."""
    tensors, metadata = read_safetensors(model)
    feeds = []
    for path in files:
        for mel, wave in zip(*model_chunks(path, metadata)):
            feeds.append({"mel": mel[None], "wave": wave[None]} if "encoder1/forward/w" in tensors else {"mel": mel[None]})
    return feeds


def quantize_for_openvino(onnx_path, feeds, path):
    """Writes the network in 8 bits as NNCF makes it from these chunks. LSTMs stay in floats: OpenVINO does not load them with
    the weights that NNCF gives them."""
    import nncf
    import openvino

    network = nncf.quantize(openvino.Core().read_model(onnx_path), nncf.Dataset(feeds), subset_size=len(feeds),
                            ignored_scope=nncf.IgnoredScope(types=["LSTMSequence"], validate=False))
    openvino.save_model(network, path, compress_to_fp16=False)


def has_vnni():
    return bool({"avx512_vnni", "avx_vnni", "asimddp"} & cpu_flags())


def quantize_for_onnxruntime(onnx_path, feeds, path):
    """Writes the network in 8 bits as ONNX Runtime's static quantiser makes it from these chunks: weights per channel, and
    in seven bits where the processor has no VNNI, whose sums would saturate otherwise."""
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Reader(CalibrationDataReader):
        feeds = iter(())

        def get_next(self):
            return next(self.feeds, None)

    reader = Reader()
    reader.feeds = iter(feeds)
    quant_pre_process(onnx_path, path + ".prepared", skip_symbolic_shape=True)
    quantize_static(path + ".prepared", path, reader, quant_format=QuantFormat.QDQ, per_channel=True, reduce_range=not has_vnni(),
                    activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8)


def cpu_flags():
    with open("/proc/cpuinfo") as lines:
        return {flag for line in lines if line.startswith(("flags", "Features")) for flag in line.split(":")[1].split()}


def openvino_network(path, precision="f32"):
    """A function that runs the network, and the name of the kernel that most of its convolutions use."""
    import collections
    import openvino

    compiled = openvino.Core().compile_model(
        path, "CPU", {"INFERENCE_NUM_THREADS": 1, "NUM_STREAMS": 1, "INFERENCE_PRECISION_HINT": precision})
    kernels = collections.Counter()
    for node in compiled.get_runtime_model().get_ops():
        found = node.get_rt_info()
        if found["layerType"].astype(str) == "Convolution":
            kernels[found["primitiveType"].astype(str)] += 1
    return lambda feed: compiled(feed)[0], " and ".join(name for name, _ in kernels.most_common(2))


def onnxruntime_network(path):
    """A function that runs the network, and the widest instruction set that its library uses here; it names no kernels."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    flags = cpu_flags()
    best = next((name for name in ("avx512_vnni", "avx512f", "avx_vnni", "avx2", "asimddp", "asimd") if name in flags), "?")
    return lambda feed: session.run(None, feed)[0], f"MLAS on a processor with {best}"


class Engines:
    """The peers that run a network, each with its precision, as far as this machine has them."""

    def __init__(self, model, scratch, calibration=()):
        self.onnx = f"{scratch}/network.onnx"
        write_onnx(model, self.onnx)
        self.makers = {"onnxruntime f32": lambda: onnxruntime_network(self.onnx),
                       "openvino f32": lambda: openvino_network(self.onnx)}
        self.skipped = {}
        # Elsewhere the hint is accepted and float32 computed.
        if {"avx512_bf16", "amx_bf16"} & cpu_flags():
            self.makers["openvino bf16"] = lambda: openvino_network(self.onnx, "bf16")
        else:
            self.skipped["openvino bf16"] = "the processor has neither AVX512-BF16 nor AMX"
        if not calibration:
            for name in ("openvino int8", "onnxruntime int8"):
                self.skipped[name] = "no calibration clips were given"
            return
        feeds = calibration_feeds(model, calibration)
        for name, quantize, file, load in (
                ("openvino int8", quantize_for_openvino, f"{scratch}/openvino-int8.xml", openvino_network),
                ("onnxruntime int8", quantize_for_onnxruntime, f"{scratch}/onnxruntime-int8.onnx", onnxruntime_network)):
            try:
                quantize(self.onnx, feeds, file)
                load(file)
            except Exception as error:
                self.skipped[name] = f"{type(error).__name__}: {str(error).splitlines()[0][:120]}"
            else:
                self.makers[name] = lambda load=load, file=file: load(file)


def time_labelling(files, run):
    """Seconds to label recordings with a network that `Engines` made."""
    run({"mel": numpy_chunks(files[0])})
    start = clock()
    for path in files:
        run({"mel": numpy_chunks(path)}).mean(axis=0)
    return clock() - start


def read_safetensors(path, raw=False):
    """Name -> float32 array (8-bit weights times their scales, or as they are stored if `raw`), and the metadata."""
    with open(path, "rb") as handle:
        length = int.from_bytes(handle.read(8), "little")
        header = json.loads(handle.read(length))
        body = handle.read()
    kinds = {"F32": np.float32, "F16": np.float16, "I8": np.int8, "BF16": np.uint16}
    tensors = {}
    for name, entry in header.items():
        if name != "__metadata__":
            first, last = entry["data_offsets"]
            tensors[name] = np.frombuffer(body[first:last], kinds[entry["dtype"]]).reshape(entry["shape"])
            if entry["dtype"] == "BF16":
                tensors[name] = (tensors[name].astype(np.uint32) << 16).view(np.float32)
    for name in [n for n in tensors if n.endswith("/scale") and not raw]:
        weight = name.removesuffix("/scale")
        tensors[weight] = tensors[weight].astype(np.float32) * tensors.pop(name)
    return tensors, header.get("__metadata__", {})


def write_onnx(model, path):
    """One of our model files, YAMNet or LEAN, as ONNX, so that peers run the very same weights."""
    from onnx import TensorProto, checker, helper, numpy_helper, save

    tensors, _ = read_safetensors(model)
    nodes, weights = [], []

    def constant(name, value):
        weights.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    constant("low", np.float32(0)), constant("high", np.float32(6))
    state = {"x": "mel", "size": (96, 64)}

    def layer(name, weight, stride, groups, kernel):
        out = [-(-s // stride) for s in state["size"]]
        total = [max((o - 1) * stride + kernel - s, 0) for o, s in zip(out, state["size"])]
        pads = [t // 2 for t in total] + [t - t // 2 for t in total]
        nodes.append(helper.make_node(
            "Conv", [state["x"], constant(name + ".w", weight), constant(name + ".b", tensors[name + "/b"])],
            [name + ".c"], kernel_shape=[kernel] * 2, strides=[stride] * 2, pads=pads, group=groups))
        nodes.append(helper.make_node("Clip", [name + ".c", "low", "high"], [name + ".r"]))
        state["x"], state["size"] = name + ".r", out

    layer("conv", tensors["conv/w"].T.reshape(32, 1, 3, 3), 2, 1, 3)
    for n, stride in enumerate(STRIDES, 1):
        depth, point = tensors[f"dw{n}/w"], tensors[f"pw{n}/w"]
        layer(f"dw{n}", depth.reshape(9, -1).T.reshape(-1, 1, 3, 3), stride, depth.reshape(9, -1).shape[1], 3)
        layer(f"pw{n}", point.T.reshape(point.shape[1], point.shape[0], 1, 1), 1, 1, 1)
    nodes.append(helper.make_node("ReduceMean", [state["x"]], ["embedding"], axes=[2, 3], keepdims=0))
    inputs = [helper.make_tensor_value_info("mel", TensorProto.FLOAT, ["n", 1, 96, 64])]
    combined = "embedding"
    if "projection/w" in tensors:
        combined = _write_lean(nodes, constant, tensors)
        inputs.append(helper.make_tensor_value_info("wave", TensorProto.FLOAT, ["n", 40, 400]))
    nodes.append(helper.make_node(
        "Gemm", [combined, constant("head.w", tensors["head/w"]), constant("head.b", tensors["head/b"])], ["logits"]))
    nodes.append(helper.make_node("Sigmoid", ["logits"], ["scores"]))
    graph = helper.make_graph(
        nodes, "network", inputs,
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["n", tensors["head/b"].size])], weights)
    onnx_model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    checker.check_model(onnx_model)
    save(onnx_model, str(path))


def _write_lean(nodes, constant, tensors):
    """Projection, wave encoder and attention; gives the name of the combined embedding."""
    from onnx import helper

    add = lambda kind, inputs, output, **attributes: nodes.append(helper.make_node(kind, inputs, [output], **attributes))
    add("Gemm", ["embedding", constant("p.w", tensors["projection/w"]), constant("p.b", tensors["projection/b"])], "p")
    add("Relu", ["p"], "query")
    add("Transpose", ["wave"], "steps0", perm=[1, 0, 2])
    # ONNX wants the gates in the order input, output, forget, cell, and a second bias.
    order = np.concatenate([np.arange(g * 128, g * 128 + 128) for g in (0, 3, 1, 2)])
    for level in (1, 2):
        parts = {key: [tensors[f"encoder{level}/{d}/{key}"] for d in ("forward", "backward")] for key in "wub"}
        names = [constant(f"{key}{level}", np.stack([m.T[order] for m in parts[key]])) for key in "wu"]
        bias = np.stack([np.concatenate([b[order], np.zeros(512, np.float32)]) for b in parts["b"]])
        add("LSTM", [f"steps{level - 1}", *names, constant(f"b{level}", bias)], f"y{level}", hidden_size=128,
            direction="bidirectional")
        add("Transpose", [f"y{level}"], f"t{level}", perm=[0, 2, 1, 3])
        add("Reshape", [f"t{level}", constant(f"s{level}", np.array([40, -1, 256]))], f"steps{level}")
    add("Transpose", ["steps2"], "values", perm=[1, 0, 2])
    add("Unsqueeze", ["query", constant("axis1", np.array([1]))], "row")
    add("Transpose", ["values"], "columns", perm=[0, 2, 1])
    add("MatMul", ["row", "columns"], "products")
    add("Mul", ["products", constant("scale", np.float32(1 / 16))], "scaled")
    add("Softmax", ["scaled"], "attention", axis=2)
    add("MatMul", ["attention", "values"], "context1")
    add("Squeeze", ["context1", constant("axis1b", np.array([1]))], "context")
    add("Concat", ["query", "context"], "combined", axis=1)
    return "combined"


def time_network(networks, onnx_path, batch, repeats=12):
    """Best milliseconds a chunk of each network (name -> function), one thread."""
    import onnx

    random = np.random.default_rng(0)
    shapes = {"mel": (batch, 1, 96, 64), "wave": (batch, 40, 400)}
    feed = {i.name: (random.standard_normal(shapes[i.name]) * 0.1).astype(np.float32)
            for i in onnx.load(str(onnx_path)).graph.input}
    found = {}
    for name, run in networks.items():
        run(feed)
        times = []
        for _ in range(repeats):
            start = clock()
            run(feed)
            times.append(clock() - start)
        found[name] = min(times) / batch * 1e3
    return found


def read_rows(path):
    with open(path, newline="", encoding="utf-8") as handle:
        return list(csv.reader(handle))
