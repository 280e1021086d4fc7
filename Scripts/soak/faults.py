#!/usr/bin/env python3
"""System calls that fail, by a library loaded before the C library: each ends in one clear line, status 74 or 75, and a
clean resume; a short write, and a file that could not be removed, do no harm at all.
"""
import errno

from bench import Bench
from process import compiled
from product import Product, fresh

bench = Bench("faults", __doc__, clips=20, places=12)
earmark = Product(bench)
FAULTS = [
    ("write", errno.EIO), ("write", errno.ENOSPC), ("write", errno.EDQUOT), ("write", 0), ("sync", errno.EIO),
    ("sync", errno.ENOSPC), ("rename", errno.EIO), ("rename", errno.ENOSPC), ("rename", errno.EACCES),
    ("open", errno.EMFILE), ("open", errno.EACCES), ("open", errno.ENOSPC), ("truncate", errno.EIO),
    ("truncate", errno.ENOSPC), ("read", errno.EIO), ("unlink", errno.EACCES),
]


def places(count):
    """Which calls fail: the first ones, the last one, and some between."""
    first = list(range(1, min(count, bench.options.places // 2) + 1))
    rest = sorted(bench.random.sample(range(1, count + 1), min(count, bench.options.places // 2)))
    return sorted({*first, *rest, count} if count else ())


def try_fault(told, resumed, manifest, pipeline, expected, environment, name):
    cache = fresh(bench.scratch / "cache")
    failed = earmark.run(cache, manifest, pipeline, limit=120, env={**environment, "FAULT_UNDER": str(cache)})
    lines = [line for line in failed.err.splitlines() if line.startswith("earmark: ")]
    if failed.status == 0:
        # Nothing was lost by it, or the fault came to nothing: then the cache is whole.
        told(earmark.contents(cache) == expected, f"{name}: status 0, but exports differ")
    else:
        told(failed.status in (74, 75) and len(lines) == 1, f"{name}: {failed.line}")
    state, ended = earmark.status(cache)
    told((state and state["done"] + state["failed"] + state["pending"] == state["clips"])
         or ended.status in (65, 74) and failed.status != 0, f"{name}, status: {ended.line}")
    again = earmark.run(cache, manifest, pipeline, limit=120)
    found = earmark.contents(cache)
    _, ended = earmark.verify(cache)
    resumed(again.status == 0 and found == expected and ended.status == 0,
            f"{name}: {failed.line} / {again.line}; {'same' if found == expected else found.get('error', 'differs')}; "
            f"verify {ended.status}")


def sources(manifest, preload, expected):
    """EIO while an audio file is read: that clip's failure, and `retry` takes it up again."""
    folder = manifest.with_suffix("")
    with bench.many("EIO on an audio file: a clip's failure of class unreadable, and a retry heals it") as told:
        # One worker reads in the same order each time: so every read of the first recording fails once, of its header too.
        for place in (*range(1, 21), 40):
            cache = fresh(bench.scratch / "cache")
            failed = earmark.run(cache, manifest, limit=120, workers=1, env={
                "LD_PRELOAD": str(preload), "FAULT_UNDER": str(folder), "FAULT_CALL": "read", "FAULT_AT": str(place),
                "FAULT_ERROR": str(errno.EIO)})
            state, _ = earmark.status(cache)
            # A second look at the container that the disk refused does no harm: the decoder reads it all anyway.
            isHarmless = failed.status == 0 and earmark.contents(cache) == expected
            told(isHarmless or failed.status == 3 and state and state["failed"] == 1, f"read {place}: {failed.line}")
            earmark("retry", "--cache", cache)
            again = earmark.run(cache, manifest, limit=120)
            told(again.status == 0 and earmark.contents(cache) == expected, f"read {place}, again: {again.line}")


def main():
    preload = compiled("failing_system.c", bench.scratch)
    if preload is None:
        bench.skip("failing system calls", "no C compiler")
        bench.end()
    manifest = earmark.corpus("corpus", bench.options.clips)
    cache = bench.scratch / "cache"
    counts = bench.scratch / "counts.txt"
    undisturbed = earmark.run(cache, manifest, env={
        "LD_PRELOAD": str(preload), "FAULT_UNDER": str(cache), "FAULT_COUNTS": str(counts)})
    if not bench.check("an undisturbed run", undisturbed.status == 0 and counts.exists(), undisturbed.line):
        bench.end()
    expected = earmark.contents(cache)
    found = {name: int(count) for name, count in (line.split() for line in counts.read_text().splitlines())}
    bench.note("calls on the cache: " + ", ".join(f"{count} {name}" for name, count in found.items()))
    for call, number in FAULTS:
        what = f"{call}: {errno.errorcode.get(number, 'a short one')}"
        with bench.many(f"{what}: one line, status 75 or 74, or no harm") as told, \
                bench.many(f"{what}: and a clean resume") as resumed:
            for place in places(found[call]):
                for lasts in ((), ("FAULT_LASTS",)):
                    if lasts and number == 0:
                        continue
                    environment = {"LD_PRELOAD": str(preload), "FAULT_CALL": call, "FAULT_AT": str(place),
                                   "FAULT_ERROR": str(number), **{name: "1" for name in lasts}}
                    try_fault(told, resumed, manifest, "features", expected, environment,
                              f"{call} {place}{' and all later' if lasts else ''}")
    sources(manifest, preload, expected)
    bench.end()


main()
