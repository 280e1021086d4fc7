#!/usr/bin/env python3
"""Rot in every region of every kind of file: it is found and named, or an error says so; never a crash, never silence.

After `verify --repair` and a run the cache must hold the bytes that it held before, whatever became of the ledger.
`--ledger-bits -1` takes every bit of the ledger, which is a matter of hours; the tests take every bit in one process:
EARMARK_LEDGER_BITS=all swift test -c release --filter LedgerBitTests.
"""
import shutil
import sqlite3

from bench import ROOT, Bench
from damage import CUT, FLIP, NOISE, ZERO, damaged
from product import STATUSES, Product, fresh

bench = Bench("rot", __doc__, clips=12, flips=300, ways=4, ledger_bits=100)
WAYS = (FLIP, ZERO, NOISE, CUT)[:bench.options.ways]
earmark = Product(bench)


class Whole:
    """A finished cache, of which damaged copies are made."""

    def __init__(self, pipeline, manifest, sets, isSettled):
        """`isSettled`: the ledger's log is folded into the ledger, so that its rows lie in the one file."""
        self.pipeline, self.manifest, self.sets = pipeline, manifest, sets
        self.cache = bench.scratch / f"whole-{pipeline}"
        ended = self.run(self.cache)
        if isSettled:
            ledger = sqlite3.connect(self.cache / "ledger.sqlite")
            ledger.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            ledger.close()
        self.isScored = pipeline == "label"
        self.expected = self.contents(self.cache)
        bench.check(f"{pipeline}: an undisturbed run", ended.status == 0 and "rows" in self.expected, ended.line)

    def contents(self, cache):
        try:
            found = earmark.contents(cache, scores=self.isScored)
            # The table beside the shards is what other programs read.
            found["beside"] = (cache / "shards/index.csv").read_bytes() == (bench.scratch / "index.csv").read_bytes()
            return found
        except Exception as fault:  # numpy's reader has errors of many kinds for a broken file
            return {"error": f"{type(fault).__name__}: {fault}"}

    def run(self, cache, command="run"):
        return earmark.run(cache, self.manifest, self.pipeline, sets=self.sets, command=command, limit=120)

    def copy(self):
        cache = fresh(bench.scratch / "rotten")
        shutil.copytree(self.cache, cache)
        return cache

    def files(self):
        return sorted(p.relative_to(self.cache) for p in self.cache.rglob("*")
                      if p.is_file() and p.name not in ("lock", "ledger.sqlite-shm"))


def regions(name, size):
    """Places worth damaging."""
    places = {"first byte": 0, "early": size // 10, "middle": size // 2, "late": size * 9 // 10, "last byte": size - 1}
    if name.endswith(".npy"):
        places |= {"header text": 40, "header length": 8, "first row": 128}
    if "sqlite" in name:
        places |= {"page size": 16, "second page": 4096 + 100}
    return {text: place for text, place in places.items() if 0 <= place < size}


def judge(whole, cache, name, damage, checks):
    """Everything a person may do with a damaged cache."""
    where = f"{whole.pipeline}: {name}, {damage}"
    report, ended = earmark.verify(cache)
    found = ended.status != 0
    # An error is a finding where it says which file it is about.
    named = name.split("/")[-1].split(".")[0] in ended.out + ended.err
    calls = [ended, earmark("status", "--cache", cache, limit=60), whole.run(cache, "plan"),
             earmark("export", "index", "--cache", cache, "--out", bench.scratch / "x.csv", limit=60)]
    if whole.isScored:
        calls.append(earmark("export", "scores", "--cache", cache, "--out", bench.scratch / "x.csv", limit=60))
    for call in calls:
        checks["alive"](not call.died and call.status in STATUSES | {70}, f"{where}: {call.line}")
    after = whole.contents(cache)
    isHarmless = after == whole.expected
    checks["found"](found or isHarmless, f"{where}: verify says {ended.out.strip()[:150]}")
    checks["named"](not found or named, f"{where}: {ended.line} {ended.out[:200]}")
    repair = earmark("verify", "--cache", cache, "--repair")
    again = whole.run(cache)
    checks["alive"](not repair.died and not again.died, f"{where}: repair {repair.line}, run {again.line}")
    restored = whole.contents(cache) == whole.expected
    if restored:
        report, ended = earmark.verify(cache)
        checks["sound"](ended.status == 0, f"{where}: {ended.out.strip()[:200]}")
    checks["restored"](restored, f"{where}: repair {repair.line}, run {again.line}")


def caches(wholes):
    names = {"alive": "no command dies of rot", "found": "verify finds rot, or it does no harm",
             "named": "what it says names the file", "restored": "repair and run restore the same bytes",
             "sound": "and verify finds nothing more"}
    contexts = {key: bench.many(text) for key, text in names.items()}
    checks = {key: context.__enter__() for key, context in contexts.items()}
    for whole in wholes:
        for file in whole.files():
            data = (whole.cache / file).read_bytes()
            for region, place in regions(str(file), len(data)).items():
                for way in WAYS:
                    cache = whole.copy()
                    (cache / file).write_bytes(damaged(data, way, place, bench.random))
                    judge(whole, cache, str(file), f"{way} at {region} ({place})", checks)
            if file.name == "ledger.sqlite":
                bits, wanted = range(len(data) * 8), bench.options.ledger_bits
                for bit in bits if wanted < 0 else bench.random.sample(bits, min(wanted, len(bits))):
                    cache = whole.copy()
                    flipped = bytearray(data)
                    flipped[bit // 8] ^= 1 << bit % 8
                    (cache / file).write_bytes(flipped)
                    judge(whole, cache, str(file), f"bit {bit % 8} of byte {bit // 8}", checks)
            cache = whole.copy()
            (cache / file).unlink()
            judge(whole, cache, str(file), "removed", checks)
    for context in contexts.values():
        context.__exit__(None, None, None)


def flips(whole):
    """Single bits anywhere in the shards: all are found, and for those in rows exactly one clip is named."""
    shards = [f for f in whole.files() if f.suffix == ".npy"]
    with bench.many("any flipped bit of a shard is found") as found, bench.many("and its one clip named") as named:
        cache = whole.copy()
        for _ in range(bench.options.flips):
            file = bench.random.choice(shards)
            data = (whole.cache / file).read_bytes()
            place = bench.random.randrange(len(data))
            (cache / file).write_bytes(damaged(data, FLIP, place, bench.random))
            report, ended = earmark.verify(cache)
            found(ended.status == 65, f"{file} at {place}: {ended.line}")
            if report and place >= 128:
                clips = [clip for finding in report["findings"] for clip in finding["clips"]]
                named(len(clips) == 1, f"{file} at {place}: {clips}")
            (cache / file).write_bytes(data)


def inputs(whole, model):
    """Rot in what a run reads: manifest, pipeline, model."""
    pipeline = (ROOT / "Pipelines" / f"{whole.pipeline}.yaml").read_bytes()
    kinds = {"manifest": whole.manifest.read_bytes(), "pipeline": pipeline}
    if model:
        kinds["model"] = open(model, "rb").read()
    # Where the manifest lies relative paths begin, so the rotten one lies beside it.
    paths = {"manifest": whole.manifest.with_name("rotten.csv"), "pipeline": bench.scratch / "rotten.yaml",
             "model": bench.scratch / "rotten.safetensors"}
    with bench.many("plan and run on rotten input end in order") as order, \
            bench.many("an error about it names it") as named, \
            bench.many("a rotten model is not used in silence") as model_told:
        for kind, data in kinds.items():
            places = [0, 5, len(data) // 10, len(data) // 3, len(data) // 2, len(data) * 9 // 10, len(data) - 1]
            for place in places:
                for way in WAYS:
                    paths[kind].write_bytes(damaged(data, way, place, bench.random, 64))
                    cache = whole.copy()
                    manifest = paths["manifest"] if kind == "manifest" else whole.manifest
                    text = paths["pipeline"] if kind == "pipeline" else whole.pipeline
                    sets = [f"infer.model={paths['model']}"] if kind == "model" else whole.sets
                    for command in ("plan", "run"):
                        ended = earmark.run(cache, manifest, str(text), sets=sets, command=command, limit=120)
                        order(not ended.died and ended.status in STATUSES, f"{kind}, {way} at {place}: {ended.line}")
                        if ended.status in (65, 74):
                            named(paths[kind].name in ended.err or "stage" in ended.err or "line" in ended.err,
                                  f"{kind}, {way} at {place}: {ended.line}")
                    if kind == "model":
                        told = earmark("model", "info", paths[kind])
                        model_told(told.status == 65 and ended.status == 65,
                                   f"{way} at {place}: model info {told.line}; run {ended.line}")
                    report, ended = earmark.verify(whole.cache)
                    order(ended.status == 0, f"the whole cache: {ended.line}")


def main():
    manifest = earmark.corpus("corpus", bench.options.clips)
    model = earmark.model()
    wholes = [Whole("features", manifest, [], isSettled=False)]
    if model:
        wholes.append(Whole("label", manifest, [f"infer.model={model}"], isSettled=True))
    else:
        bench.skip("rot of scores and models", "no model; set EARMARK_MODEL")
    flips(wholes[-1])
    inputs(wholes[-1], model)
    caches(wholes)
    bench.end()


main()
