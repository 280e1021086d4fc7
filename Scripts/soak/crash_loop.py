#!/usr/bin/env python3
"""Kills runs at random moments and at named points; what resuming leaves must be what an undisturbed run leaves."""
import re
import shutil
import signal
import time

from bench import ROOT, Bench
from product import Product, fresh

bench = Bench("crash_loop", __doc__, kills=1000, clips=60)
earmark = Product(bench)


def points():
    """The named points of a run, out of the sources, so that none is forgotten; those of the ledger go through its hook."""
    names = set()
    for file in (ROOT / "Sources").rglob("*.swift"):
        names.update(re.findall(r'(?:CrashPoint\.hit|\bhook)\("([a-z.-]+)"\)', file.read_text()))
    return sorted(name for name in names if not name.startswith(("merge.", "prune.")))


class Case:
    """A pipeline with a number of workers, and what an undisturbed run of it leaves."""

    def __init__(self, manifest, pipeline, workers, sets):
        self.manifest, self.pipeline, self.workers, self.sets = manifest, pipeline, workers, sets
        self.name = f"{pipeline}, {workers} workers"
        cache = fresh(bench.scratch / "undisturbed")
        ended = self.run(cache)
        self.seconds = ended.seconds
        self.expected = earmark.contents(cache, scores=pipeline == "label")
        bench.check(f"{self.name}: an undisturbed run", ended.status == 0 and "rows" in self.expected, ended.line)
        shutil.rmtree(cache)

    def start(self, cache, env=None):
        return earmark.start(cache, self.manifest, self.pipeline, self.workers, self.sets, env=env)

    def run(self, cache):
        return self.start(cache).wait()


def kill_at(case, cache, name, nth):
    """Whether the run died at the point."""
    return case.start(cache, {"EARMARK_CRASH_AT": f"{name}:{nth}"}).wait().status == -signal.SIGKILL


def kill_after(case, cache, seconds):
    started = case.start(cache)
    time.sleep(seconds)
    started.signal(signal.SIGKILL)
    return started.wait().status == -signal.SIGKILL


def main():
    manifest = earmark.corpus("corpus", bench.options.clips)
    model = earmark.model()
    pipelines = [("features", [])]
    if model:
        pipelines.append(("label", [f"infer.model={model}"]))
    else:
        bench.skip("scores", "no model; set EARMARK_MODEL, or import one into Models/yamnet.safetensors")
    cases = [Case(manifest, name, workers, sets) for workers in (1, 2, 4) for name, sets in pipelines]
    for case in cases[1:]:
        for first in cases:
            if first is not case and first.pipeline == case.pipeline:
                bench.check(f"{case.name}: the same bytes as with {first.workers}", case.expected == first.expected)
                break
    names = points()
    died = dict.fromkeys(names, 0)
    kills = turn = 0
    with bench.many("status adds up after a kill") as adds, bench.many("nothing done is lost by a kill") as keeps, \
            bench.many("a resumed run ends well") as ends, bench.many("its exports are identical") as same, \
            bench.many("verify finds it sound") as sound, bench.many("a second start does nothing") as idle:
        while kills < bench.options.kills:
            case = cases[turn % len(cases)]
            cache = fresh(bench.scratch / "cache")
            done, told = 0, []
            # Up to five kills on one cache before it may go on to its end.
            for _ in range(bench.random.randint(1, 5)):
                name = names[(turn + kills) % len(names)] if bench.random.random() < 0.5 else None
                if name:
                    nth = bench.random.randint(1, 3)
                    killed = kill_at(case, cache, name, nth)
                    told.append(f"{name}:{nth}")
                    died[name] += killed
                else:
                    after = bench.random.uniform(0, case.seconds)
                    killed = kill_after(case, cache, after)
                    told.append(f"{after:.3f} s")
                kills += killed
                state, ended = earmark.status(cache)
                where = f"{case.name}, killed at {', '.join(told)}"
                if state is None:
                    # Killed before the ledger was there: an error that says so, and nothing else.
                    adds(ended.status == 65 and done == 0, f"{where}: {ended.line}")
                    continue
                total = state["done"] + state["failed"] + state["pending"]
                adds(total == state["clips"] and state["failed"] == 0, f"{where}: {ended.out.strip()[:200]}")
                keeps(state["done"] >= done, f"{where}: {state['done']} done, {done} before")
                done = state["done"]
            ended = case.run(cache)
            ends(ended.status == 0, f"{where}: {ended.line}")
            found = earmark.contents(cache, scores=case.pipeline == "label")
            same(found == case.expected, f"{where}: {found.get('error', 'other bytes')}")
            report, ended = earmark.verify(cache)
            sound(ended.status == 0 and report and not report["findings"], f"{where}: {ended.out[:200]} {ended.line}")
            leftovers = [p.name for p in cache.rglob("*.partial")]
            ended = case.run(cache)
            idle(ended.status == 0 and "nothing to do" in ended.err and not leftovers,
                 f"{where}: {leftovers} {ended.line}")
            turn += 1
    bench.note(f"{kills} kills in {turn} resumed runs; at points: "
               + ", ".join(f"{name} {count}" for name, count in died.items()))
    if bench.options.kills >= 200:
        missed = [name for name, count in died.items() if count == 0]
        bench.check("every named point was died at", not missed, ", ".join(missed))
    bench.end()


main()
