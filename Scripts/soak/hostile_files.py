#!/usr/bin/env python3
"""Damaged files of every other kind that a command reads: model, TFLite, shard, manifest, pipeline, class map."""
import shutil, subprocess, sys

from bench import ROOT, Bench
from damage import mutated
from product import STATUSES, Product, fresh

bench = Bench("hostile_files", __doc__, files=1000)
earmark = Product(bench)
SECONDS = 10
BOUND = 500 << 20

WORDS = [b"\xef\xbb\xbf", b"\xff\xfe", b"\0", b'"', b'""', b"'", b"\r", b"\n", b",", b":", b"- ", b"[", b"{", b"&a ",
         b"*a", b"!!int ", b"\t", b"#", b"|", b">", b"---", b"?", b"~", b"null", b"1e999", b"-1", b"0x", b"9" * 30,
         b"\xf0\x9f\x98\x80", b"\xc3", b"a" * 5000]


def text_mutated(data):
    """Damage that suits text: words of the syntax put in, lines doubled, swapped or dropped, as well as bytes."""
    random = bench.random
    if random.random() < 0.3:
        return mutated(data, random)
    for _ in range(random.randint(1, 4)):
        place = random.randrange(len(data) + 1)
        kind = random.random()
        lines = data.split(b"\n")
        line = random.randrange(len(lines))
        if kind < 0.5:
            data = data[:place] + random.choice(WORDS) + data[place + random.choice([0, 0, 1, 5]):]
        elif kind < 0.65:
            lines.insert(random.randrange(len(lines)), lines[line])
            data = b"\n".join(lines)
        elif kind < 0.8:
            del lines[line]
            data = b"\n".join(lines)
        elif kind < 0.9:
            data = data[:place] + random.choice([b"[" , b"{a: ", b"- ", b'"']) * random.choice([10, 1000, 20000])
        else:
            data = b"\n".join(lines[:line]) + b"\n" + b" " * random.randint(1, 40) + b"\n".join(lines[line:])
    return data


def judge(order, told, where, ended, path, data):
    passed = not ended.died and ended.status in STATUSES and ended.peak < BOUND and ended.seconds < SECONDS
    if not passed:
        kept = bench.scratch / "kept"
        kept.mkdir(exist_ok=True)
        copy = kept / f"{where.replace(' ', '-')}{path.suffix}"
        copy.write_bytes(data)
        where += f", kept as {copy}"
    order(passed, f"{where}: {ended.line}, {ended.peak >> 20} MB")
    if ended.status not in (0, 3):
        lines = [line for line in ended.err.splitlines() if line.startswith("earmark: ")]
        told(len(lines) == 1 or ended.status == 64 or "damaged: " in ended.out, f"{where}: {ended.err[:300]}")


def kinds(manifest, model):
    """For each kind of file: its name, its bytes, how it is mutated and the command that reads it."""
    folder = bench.scratch / "hostile"
    folder.mkdir()
    binary = lambda data: mutated(data, bench.random)
    plan = lambda path, *more: ["plan", path, "--manifest", manifest, "--cache", bench.scratch / "none", *more]
    features = ROOT / "Pipelines/features.yaml"
    found = [
        ("manifest", folder / "m.csv", manifest.read_bytes(), text_mutated,
         lambda path: ["plan", features, "--manifest", path, "--cache", bench.scratch / "none"]),
        ("pipeline", folder / "p.yaml", features.read_bytes(), text_mutated, lambda path: plan(path)),
    ]
    label = ROOT / "Pipelines/label.yaml"
    if model:
        data = open(model, "rb").read()
        found.append(("model", folder / "m.safetensors", data, binary, lambda path: ["model", "info", path]))
        found.append(("model header", folder / "h.safetensors", data, lambda data: head_mutated(data),
                      lambda path: ["model", "info", path]))
        found.append(("labelling pipeline", folder / "l.yaml", label.read_bytes(), text_mutated,
                      lambda path: plan(path, "--set", f"infer.model={model}")))
    else:
        bench.skip("models", "no model; set EARMARK_MODEL")
    # A file of YAMNet's form, its weights made up, so that nothing outside the clone is needed.
    network, lists, out = folder / "made.tflite", folder / "made.csv", folder / "out.safetensors"
    subprocess.run([sys.executable, ROOT / "Scripts/fixtures/yamnet_file.py", "make", network, lists], check=True)
    found.append(("TFLite", folder / "y.tflite", network.read_bytes(), binary,
                  lambda path: ["model", "import", path, "--classes", lists, "--out", out, "--force"]))
    found.append(("class map", folder / "c.csv", lists.read_bytes(), text_mutated,
                  lambda path: ["model", "import", network, "--classes", path, "--out", out, "--force"]))
    return found


def head_mutated(data):
    """Only the JSON header, its length kept or not."""
    size = int.from_bytes(data[:8], "little")
    head = text_mutated(data[8:8 + size])
    length = len(head) if bench.random.random() < 0.8 else bench.random.choice([0, 1, size, 2**63 - 1, 2**64 - 1])
    return length.to_bytes(8, "little") + head + data[8 + size:]


def shards(manifest, count):
    """A cache whose shards are mutated, read by verify, export and a run that replays them."""
    cache = bench.scratch / "cache"
    earmark.run(cache, manifest)
    files = sorted(cache.glob("shards/*.npy"))
    whole = {file: file.read_bytes() for file in files}
    model = earmark.model()
    with bench.many("shards: no command dies, hangs or takes memory") as order, bench.many("shards: one line") as told:
        for number in range(count):
            file = bench.random.choice(files)
            data = mutated(whole[file], bench.random)
            file.write_bytes(data)
            judge(order, told, f"shard {number} verify", earmark("verify", "--cache", cache, limit=SECONDS), file, data)
            if model and number % 4 == 0:
                copy = fresh(bench.scratch / "copy")
                shutil.copytree(cache, copy)
                ended = earmark.run(copy, manifest, "label", sets=[f"infer.model={model}"], limit=SECONDS)
                judge(order, told, f"shard {number} replay", ended, file, data)
                state, ended = earmark.status(copy)
                told(ended.status in STATUSES and (not state or state["done"] + state["failed"] + state["pending"]
                                                   == state["clips"]), f"shard {number}: {ended.line}")
            file.write_bytes(whole[file])


def main():
    manifest = earmark.corpus("corpus", 6)
    for name, path, data, mutate, arguments in kinds(manifest, earmark.model()):
        statuses = {}
        count = bench.options.files // (4 if name in ("TFLite", "class map") else 1)
        with bench.many(f"{name}: no command dies, hangs or takes memory") as order, \
                bench.many(f"{name}: an error is one line") as told:
            for number in range(count):
                broken = mutate(data)
                path.write_bytes(broken)
                ended = earmark(*arguments(path), limit=SECONDS)
                statuses[ended.status] = statuses.get(ended.status, 0) + 1
                judge(order, told, f"{name} {number}", ended, path, broken)
        bench.note(f"{name}: statuses {statuses}")
    shards(manifest, bench.options.files)
    bench.end()


main()
