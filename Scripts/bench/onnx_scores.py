#!/usr/bin/env python3
"""How near an exported model in ONNX Runtime comes to this program, on real recordings.

    onnx_scores.py AUDIO_DIR MODEL...

Scores every chunk with `earmark run label` in float32 and in int8, and with the exported graphs on the cached log-mel and
samples; prints the largest difference of a chunk's score and of a clip's, and the time of a chunk in ONNX Runtime (one
thread, 64 chunks at a time). Models are paths of model files or names. Needs NumPy and ONNX Runtime, and
.build/release/earmark (EARMARK names another).
"""
import csv, json, os, subprocess, sys, tempfile, time
from pathlib import Path

import numpy as np
import onnxruntime

ROOT = Path(__file__).resolve().parents[2]


def earmark(*arguments):
    subprocess.run([os.environ.get("EARMARK", ROOT / ".build/release/earmark"), *arguments], check=True,
                   stdout=subprocess.DEVNULL)


def stored(cache):
    """For each clip of a cache, by kind: its rows, and the hop in samples."""
    found = {}
    with open(cache + "/shards/index.csv", newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            first, count = int(row["first"]), int(row["count"])
            rows = np.load(f"{cache}/{row['shard']}", mmap_mode="r")[first:first + count]
            found.setdefault(row["clip"], {})[row["kind"]] = rows
            found[row["clip"]]["hop"] = int(row["hop"])
    return list(found.values())


def inputs(clips, normalization):
    """Patches (chunks, 96, 64) and seconds (chunks, 16000) of all clips, end to end."""
    mel, wave = [], []
    for clip in clips:
        samples = clip["raw"].astype(np.float32) / 32768
        for chunk in range(len(clip["scores"])):
            start = chunk * clip["hop"]
            patch = clip["mel"][start // 160:start // 160 + 96].astype(np.float64)
            if normalization != "none":
                patch = patch - patch.mean(axis=None if normalization == "chunk-mean" else 0, keepdims=True)
            mel.append(patch.astype(np.float32))
            second = np.zeros(16_000, np.float32)
            part = samples[start:start + 16_000]
            second[:len(part)] = part
            wave.append(second)
    return {"mel": np.stack(mel), "wave": np.stack(wave)}


def scores(path, given):
    """Scores of all chunks, and milliseconds a chunk."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    names = [of.name for of in session.get_inputs()]
    count, found, began = len(given["mel"]), [], time.process_time()
    for start in range(0, count, 64):
        found.append(session.run(["scores"], {name: given[name][start:start + 64] for name in names})[0])
    return np.concatenate(found), 1000 * (time.process_time() - began) / count


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    folder, *models = sys.argv[1:]
    with tempfile.TemporaryDirectory() as work:
        manifest, cache, graph = work + "/m.csv", work + "/cache", work + "/m.onnx"
        earmark("manifest", "folder", folder, "--out", manifest)
        for model in models:
            own, given, lengths = {}, None, []
            for precision in ("float32", "int8"):
                earmark("run", "label", "--manifest", manifest, "--cache", cache, "--quiet",
                        "--set", "infer.model=" + model, "--set", "infer.precision=" + precision)
                clips = stored(cache)
                own[precision] = np.concatenate([clip["scores"] for clip in clips])
            lengths = np.cumsum([len(clip["scores"]) for clip in clips])[:-1]

            def by_clip(values):
                return np.stack([part.mean(axis=0) for part in np.split(values, lengths)])

            def differences(found, expected):
                return (f"{np.abs(found - expected).max():.2e} a chunk, "
                        f"{np.abs(by_clip(found) - by_clip(expected)).max():.2e} a clip")

            name = Path(model).stem
            print(f"{name}: {len(clips)} clips, {len(own['int8'])} chunks; our int8 against our float32: "
                  f"{differences(own['int8'], own['float32'])}", flush=True)
            for options, compared in ((["--precision", "float32"], ["float32"]),
                                      (["--precision", "float32", "--with-frontend"], ["float32"]),
                                      (["--precision", "int8"], ["int8", "float32"])):
                earmark("model", "export", model, *options, "--out", graph, "--force")
                session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
                texts = session.get_modelmeta().custom_metadata_map
                given = given or inputs(clips, texts["normalization"])
                assert len(json.loads(texts["classes"])) == own["int8"].shape[1]
                found, milliseconds = scores(graph, given)
                for precision in compared:
                    print(f"{name} {' '.join(options)} against our {precision}: "
                          f"{differences(found, own[precision])}; {os.path.getsize(graph)} bytes, "
                          f"{milliseconds:.2f} ms a chunk", flush=True)


if __name__ == "__main__":
    main()
