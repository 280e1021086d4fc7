#!/usr/bin/env python3
"""Files that kill or hang the decoder, by a library loaded before libsndfile: the runs that follow get past them.

A clip in flight at two deaths of the process is set aside as 'deadly'; one that only shared such a moment is not.
"""
import csv
import shutil
import signal
import time

from bench import Bench
from process import compiled
from product import Product, fresh

bench = Bench("deadly", __doc__, clips=40, hang_limit=60)
earmark = Product(bench)


def mark(manifest, name, places):
    """A copy of a manifest in which some clips' files are marked copies."""
    with open(manifest, newline="") as file:
        rows = list(csv.DictReader(file))
    folder = bench.scratch / name
    folder.mkdir(exist_ok=True)
    marked = []
    for place, marker in places.items():
        row = rows[place]
        target = folder / f"{marker}-{row['clip']}.wav"
        shutil.copy(manifest.parent / row["path"], target)
        row["path"] = str(target)
        marked.append(row["clip"])
    out = manifest.with_name(f"{name}.csv")
    with open(out, "w", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    return out, marked


def get_past(manifest, expected, preload, name, places, workers):
    """Runs again and again, as a supervisor would, until a run ends of itself."""
    marked_manifest, marked = mark(manifest, name, places)
    cache = fresh(bench.scratch / "cache")
    deaths, ended = 0, None
    for _ in range(4 * len(marked) + 2):
        ended = earmark.run(cache, marked_manifest, workers=workers, limit=120, env={"LD_PRELOAD": str(preload)})
        if not ended.died:
            break
        deaths += 1
        state, told = earmark.status(cache)
        if not bench.check(f"{name}, {workers} workers: status adds up after death {deaths}",
                           state and state["done"] + state["failed"] + state["pending"] == state["clips"],
                           told.out[:150] + told.line if not state else ""):
            break
    bench.check(f"{name}, {workers} workers: a run gets past it", ended.status == 3, f"{deaths} deaths, {ended.line}")
    bench.check(f"{name}, {workers} workers: two deaths a clip are enough", deaths <= 2 * len(marked), f"{deaths}")
    state, told = earmark.status(cache)
    failures = {f["clip"]: f["class"] for f in state["failures"]} if state else {}
    bench.check(f"{name}, {workers} workers: just the deadly clips are set aside, as 'deadly'",
                failures == dict.fromkeys(marked, "deadly"), f"found {failures}, expected {marked}")
    rows = earmark.contents(cache).get("rows", [])
    bench.check(f"{name}, {workers} workers: all others have their bytes",
                rows == [row for row in expected if row[0] not in marked], f"{len(rows)} rows")
    ended = earmark.run(cache, marked_manifest, workers=workers, env={"LD_PRELOAD": str(preload)})
    bench.check(f"{name}, {workers} workers: the next run does not try them", ended.status == 3
                and "nothing to do" in ended.err, ended.line)
    earmark("retry", "--cache", cache)
    ended = earmark.run(cache, marked_manifest, workers=workers)
    bench.check(f"{name}, {workers} workers: 'retry' with a sound decoder does them", ended.status == 0
                and earmark.contents(cache).get("rows") == expected, ended.line)


def counted_once(manifest, preload):
    """A death counts once, however many starts follow that do not get as far as the clip."""
    marked_manifest, marked = mark(manifest, "once", {5: "DEADLY-ABORT"})
    cache = fresh(bench.scratch / "cache")
    earmark.run(cache, marked_manifest, workers=1, env={"LD_PRELOAD": str(preload)})
    for _ in range(20):
        started = earmark.start(cache, marked_manifest, workers=1)
        time.sleep(bench.random.uniform(0, 0.06))
        started.signal(signal.SIGKILL)
        started.wait()
    ended = earmark.run(cache, marked_manifest, workers=1)
    state, told = earmark.status(cache)
    bench.check("one death and runs killed after it do not condemn a clip", ended.status == 0 and not state["failures"],
                f"{ended.line} {[f['reason'] for f in state['failures']]}")


def from_outside(manifest):
    """Kills from outside say nothing about the clips under way."""
    for number in (signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        cache = fresh(bench.scratch / "cache")
        started = earmark.start(cache, manifest, workers=2)
        deadline = time.monotonic() + 30
        while not (cache / "in-flight").exists() and started.isRunning() and time.monotonic() < deadline:
            time.sleep(0.0005)
        started.signal(number)
        ended = started.wait(60)
        bench.check(f"{number.name}: the run ends within seconds", not ended.hung and ended.status in
                    ((-signal.SIGKILL, 0) if number == signal.SIGKILL else (75, 0)), ended.line)
        ended = earmark.run(cache, manifest)
        state, _ = earmark.status(cache)
        bench.check(f"{number.name}: it condemns no clip, and the next run ends well",
                    ended.status == 0 and state["failed"] == 0, ended.line)


def hang(manifest, preload):
    """A clip whose decoding does not end, or takes absurdly long, is given up with that reason, and the run goes on."""
    limit = bench.options.hang_limit
    for marker in ("DEADLY-HANG", "DEADLY-SLOW"):
        for workers in (1, 2):
            name = f"a decoder that {'hangs' if marker == 'DEADLY-HANG' else 'crawls'}, {workers} workers"
            marked_manifest, marked = mark(manifest, f"{marker}-{workers}", {3: marker})
            cache = fresh(bench.scratch / "cache")
            ended = earmark.run(cache, marked_manifest, workers=workers, limit=limit, patience=2,
                                env={"LD_PRELOAD": str(preload)})
            state, _ = earmark.status(cache)
            failures = {f["clip"]: f["class"] for f in state["failures"]} if state else {}
            bench.check(f"{name}: the clip is given up as 'stuck' and the run ends", not ended.hung
                        and ended.status == 3 and failures == dict.fromkeys(marked, "stuck"),
                        f"{ended.line}; {failures}")
            others = state["done"] if state else 0
            bench.check(f"{name}: it holds up no other clip", state and others == state["clips"] - 1,
                        f"{others} of {state['clips'] if state else 0} done")
            report, told = earmark.verify(cache)
            bench.check(f"{name}: the cache is sound and whole", told.status == 0
                        and not list(cache.rglob("*.partial")), told.line)
            earmark("retry", "--cache", cache)
            again = earmark.run(cache, marked_manifest, workers=workers)
            bench.check(f"{name}: 'retry' with a sound decoder does it", again.status == 0, again.line)
    marked_manifest, _ = mark(manifest, "stopped", {3: "DEADLY-HANG"})
    started = earmark.start(fresh(cache), marked_manifest, workers=2, env={"LD_PRELOAD": str(preload)})
    time.sleep(2)
    started.signal(signal.SIGTERM)
    ended = started.wait(20)
    bench.check("a run whose decoder hangs ends by one SIGTERM", ended.status == 75 and not ended.hung, ended.line)
    ended = earmark.run(cache, manifest)
    bench.check("and the next run is as if nothing had been", ended.status == 0, ended.line)


def main():
    preload = compiled("deadly_decoder.c", bench.scratch)
    if preload is None:
        bench.skip("deadly decoders", "no C compiler")
        bench.end()
    manifest = earmark.corpus("corpus", bench.options.clips)
    cache = bench.scratch / "undisturbed"
    ended = earmark.run(cache, manifest, env={"LD_PRELOAD": str(preload)})
    expected = earmark.contents(cache).get("rows")
    bench.check("the library alone changes nothing", ended.status == 0 and expected, ended.line)
    for workers in (1, 2, 4):
        get_past(manifest, expected, preload, "abort", {10: "DEADLY-ABORT"}, workers)
    get_past(manifest, expected, preload, "fault", {7: "DEADLY-SEGV"}, 2)
    get_past(manifest, expected, preload, "open", {0: "DEADLY-OPEN"}, 2)
    get_past(manifest, expected, preload, "several", {3: "DEADLY-ABORT", 4: "DEADLY-SEGV", 14: "DEADLY-OPEN"}, 2)
    counted_once(manifest, preload)
    from_outside(manifest)
    hang(manifest, preload)
    bench.end()


main()
