"""The program under test as the topics use it, through its command line alone."""
import csv
import hashlib
import json
import os
import shutil

import numpy

from bench import ROOT
from process import Started, run

# Statuses of the contract: done, some failed, usage, bad input, input/output, try again.
STATUSES = {0, 3, 64, 65, 74, 75}


class Product:
    def __init__(self, bench):
        self.bench = bench
        self.program = bench.earmark

    def __call__(self, *arguments, **options):
        return run([self.program, *arguments], **options)

    def work(self, cache, manifest, pipeline="features", workers=2, sets=(), command="run", patience=None):
        """The arguments of `run` or `plan`."""
        path = pipeline if os.sep in str(pipeline) else ROOT / "Pipelines" / f"{pipeline}.yaml"
        arguments = [self.program, command, path, "--manifest", manifest, "--cache", cache]
        for text in sets:
            arguments += ["--set", text]
        if command == "run":
            arguments += ["--workers", str(workers), "--quiet"]
            arguments += ["--decode-limit", str(patience)] if patience else []
        return arguments

    def run(self, cache, manifest, pipeline="features", workers=2, sets=(), command="run", patience=None, **options):
        return run(self.work(cache, manifest, pipeline, workers, sets, command, patience), **options)

    def start(self, cache, manifest, pipeline="features", workers=2, sets=(), **options):
        return Started(self.work(cache, manifest, pipeline, workers, sets), **options)

    def corpus(self, name, clips, seed=1):
        """A made-up corpus and its manifest."""
        folder = self.bench.scratch / name
        manifest = self.bench.scratch / f"{name}.csv"
        for arguments in (["synth", folder, "--clips", str(clips), "--seed", str(seed)],
                          ["manifest", "fsd50k", folder, "--out", manifest]):
            ended = self(*arguments)
            if ended.status != 0:
                raise SystemExit(f"cannot make a corpus: {ended.line}")
        return manifest

    def status(self, cache):
        """The object of `status --json`; None, with the ended process, where there is none."""
        ended = self("status", "--cache", cache, "--json", limit=60)
        try:
            return (json.loads(ended.out) if ended.status == 0 else None), ended
        except ValueError:
            return None, ended

    def verify(self, cache, *flags):
        """The object of `verify --json`, or None where it could not be had, and the ended process."""
        ended = self("verify", "--cache", cache, "--json", *flags)
        try:
            return json.loads(ended.out), ended
        except ValueError:
            return None, ended

    def contents(self, cache, scores=False):
        """What a cache holds, wherever it lies: rows of the index in their order, the digest of each clip's bytes, and
        the digest of the scores' table. Which shard a clip lies in hangs on the workers, so it is left out."""
        index = self.bench.scratch / "index.csv"
        ended = self("export", "index", "--cache", cache, "--out", index)
        # 3: some clips are failed or pending, and all others were written.
        if ended.status not in (0, 3):
            return {"error": ended.line}
        shards, found = {}, []
        with open(index, newline="", encoding="utf-8", errors="surrogateescape") as file:
            for row in csv.DictReader(file):
                path = os.path.join(cache, row["shard"])
                if path not in shards:
                    shards[path] = numpy.load(path, mmap_mode="r")
                first, count = int(row["first"]), int(row["count"])
                rows = shards[path][first:first + count]
                found.append((row["clip"], row["kind"], count, str(rows.dtype),
                              hashlib.sha256(numpy.ascontiguousarray(rows)).hexdigest()))
        result = {"rows": found}
        if scores:
            table = self.bench.scratch / "scores.csv"
            ended = self("export", "scores", "--cache", cache, "--out", table)
            if ended.status not in (0, 3):
                return {"error": ended.line}
            result["scores"] = hashlib.sha256(table.read_bytes()).hexdigest()
        return result

    def model(self):
        """A model file for the labelling pipeline, or None where this machine has none."""
        ready = [os.environ.get("EARMARK_MODEL"), ROOT / "Models/yamnet.safetensors"]
        for path in ready:
            if path and os.path.exists(path):
                return path
        folder = ROOT.parent / "shared/models"
        made = self.bench.scratch / "yamnet.safetensors"
        if not made.exists() and (folder / "yamnet.tflite").exists():
            self("model", "import", folder / "yamnet.tflite", "--classes", folder / "yamnet_class_map.csv",
                 "--out", made)
        return made if made.exists() else None


def fresh(path):
    """A path with nothing at it."""
    shutil.rmtree(path, ignore_errors=True)
    return path
