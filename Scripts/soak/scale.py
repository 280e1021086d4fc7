#!/usr/bin/env python3
"""Large manifests: seconds, memory and ledger size of plan, run, a run of nothing, status and export, by their rows.

Every clip is a name of its own for one WAV file of one sample, whose 98 frames of log-mel are kept in half precision:
12.5 KB of cache a clip, 12.5 GB for a million. Sizes beyond `--run-rows` are planned only.
"""
import shutil
import wave

from bench import Bench
from product import Product, fresh

bench = Bench("scale", __doc__, rows="10000,100000,1000000", run_rows=1_000_000)
earmark = Product(bench)

PIPELINE = """name: scale
stages:
  decode:
    uses: decode
  resample:
    uses: resample
    from: decode
  chunk:
    uses: chunk
    from: resample
  mel:
    uses: log-mel
    from: chunk
  mel-cache:
    uses: cache
    from: mel
    dtype: float16
"""
BYTES_A_CLIP = 14_000


def write_manifest(count):
    path = bench.scratch / f"{count}.csv"
    with open(path, "w") as file:
        file.write("clip,path,labels,split\n")
        for number in range(count):
            file.write(f'recorder-07/2024-05-{number % 31 + 1:02}/clip-{number:07}.wav,one.wav,"Rain,Wind",train\n')
    return path


def main():
    with wave.open(str(bench.scratch / "one.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
        file.writeframes(b"\1\0")
    pipeline = bench.scratch / "scale.yaml"
    pipeline.write_text(PIPELINE)
    table = []
    for count in [int(text) for text in bench.options.rows.split(",")]:
        manifest, cache = write_manifest(count), fresh(bench.scratch / "cache")
        calls = {"plan": earmark.run(cache, manifest, str(pipeline), command="plan")}
        free = shutil.disk_usage(bench.scratch).free
        isRun = count <= bench.options.run_rows and free > count * BYTES_A_CLIP * 1.2
        if isRun:
            calls["run"] = earmark.run(cache, manifest, str(pipeline), workers=2, limit=3600)
            calls["run of nothing"] = earmark.run(cache, manifest, str(pipeline), workers=2)
            calls["plan of nothing"] = earmark.run(cache, manifest, str(pipeline), command="plan")
            calls["status"] = earmark("status", "--cache", cache)
            calls["export"] = earmark("export", "index", "--cache", cache, "--out", bench.scratch / "index.csv")
            calls["verify"] = earmark("verify", "--cache", cache, limit=3600)
            state, _ = earmark.status(cache)
            bench.check(f"{count} clips are done", state and state["done"] == state["clips"] == count, str(state)[:100])
        else:
            bench.skip(f"a run of {count} clips", f"{free >> 30} GB free, --run-rows {bench.options.run_rows}")
        for name, ended in calls.items():
            bench.check(f"{count} clips: {name}", ended.status == 0, ended.line)
        ledger = sum(p.stat().st_size for p in cache.glob("ledger.sqlite*")) if isRun else 0
        table.append((count, ledger, calls))
        shutil.rmtree(cache, ignore_errors=True)
        manifest.unlink()
    names = list(table[0][2])
    print("| clips | ledger, MB | bytes a clip | " + " | ".join(f"{n}, s (MB)" for n in names) + " |")
    print("|" + "---|" * (len(names) + 3))
    for count, ledger, calls in table:
        cells = [f"{calls[n].seconds:.2f} ({calls[n].peak >> 20})" if n in calls else "-" for n in names]
        print(f"| {count:,} | {ledger / 1e6:.1f} | {ledger / count:.0f} | " + " | ".join(cells) + " |")
    for (less, small, few), (more, large, many) in zip(table, table[1:]):
        factor = more / less
        for name in set(few) & set(many):
            # Twice the factor leaves room for start-up; four times, where the bytes no longer fit into the system's
            # memory and come from the disk. What grows with the square is ten times beyond its factor.
            room = 4 if name in ("run", "verify") else 2
            bench.check(f"{name} grows with the clips from {less} to {more}",
                        many[name].seconds <= room * factor * max(few[name].seconds, 0.05),
                        f"{few[name].seconds:.2f} s to {many[name].seconds:.2f} s")
    bench.end()


main()
