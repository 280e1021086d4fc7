"""Runs over mutated audio files in batches, and what must hold: for the topics of hostile audio."""
import csv
import shutil

from damage import mutated
from product import Product, fresh

BOUND = 300 << 20
SECONDS = 10


class Mutants:
    """`found`: whole files by format, as bytes; `bench` has the options `files` and `batch`."""

    def __init__(self, bench, found):
        self.bench, self.found, self.earmark = bench, found, Product(bench)

    def batch(self, first, count):
        """Writes a batch of mutated files and its manifest; returns clip name -> bytes."""
        folder = fresh(self.bench.scratch / "batch")
        folder.mkdir()
        formats = sorted(self.found)
        clips = {}
        with open(folder / "manifest.csv", "w", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(["clip", "path"])
            for number in range(first, first + count):
                form = formats[number % len(formats)]
                name = f"{number}.{form}"
                clips[name] = mutated(self.bench.random.choice(self.found[form]), self.bench.random)
                (folder / name).write_bytes(clips[name])
                rows.writerow([name, name])
        return folder, clips

    def keep(self, clips, names):
        """Files that a fault was seen with are kept beside the scratch folder."""
        kept = self.bench.scratch / "kept"
        kept.mkdir(exist_ok=True)
        for name in names:
            (kept / name).write_bytes(clips[name])
        return kept

    def find_slow_or_deadly(self, folder, clips, alive):
        """One run a clip, for a batch in which something went wrong."""
        for name in clips:
            (folder / "one.csv").write_text(f"clip,path\n{name},{name}\n")
            ended = self.earmark.run(fresh(folder / "one"), folder / "one.csv", workers=1, limit=SECONDS)
            if ended.died or ended.peak > BOUND:
                alive(False, f"{name}: {ended.line}, {ended.peak >> 20} MB, kept in {self.keep(clips, [name])}")

    def run(self):
        """Mutates, runs and reports until all files have been tried; ends the topic."""
        bench, earmark = self.bench, self.earmark
        total, first, classes, peak, slowest = bench.options.files, 0, {}, 0, 0
        reasons = {}
        with bench.many("no batch ends by a signal or hangs") as alive, bench.many("peak memory under 300 MB") as memory, \
                bench.many("each clip is done, or failed with a reason") as reasoned:
            while first < total:
                count = min(bench.options.batch, total - first)
                folder, clips = self.batch(first, count)
                cache = folder / "cache"
                ended = earmark.run(cache, folder / "manifest.csv", workers=2, limit=SECONDS * 12)
                if not alive(not ended.died and ended.status in (0, 3), f"clips {first} to {first + count}: {ended.line}"):
                    self.find_slow_or_deadly(folder, clips, alive)
                peak, slowest = max(peak, ended.peak), max(slowest, ended.seconds)
                if not memory(ended.peak < BOUND, f"clips {first} to {first + count}: {ended.peak >> 20} MB"):
                    self.find_slow_or_deadly(folder, clips, memory)
                state, told = earmark.status(cache)
                if reasoned(state is not None, told.line):
                    named = {f["clip"] for f in state["failures"] if f["reason"] and f["class"]}
                    reasoned(state["done"] + len(named) == count and state["pending"] == 0,
                             f"{state['done']} done, {len(named)} with a reason, {state['pending']} pending of {count}")
                    for failure in state["failures"]:
                        classes[failure["class"]] = classes.get(failure["class"], 0) + 1
                        reasons.setdefault(failure["class"], failure["reason"])
                    classes["done"] = classes.get("done", 0) + state["done"]
                    internal = [f["clip"] for f in state["failures"] if f["class"] == "internal"]
                    reasoned(not internal, f"failures of class internal: {internal[:5]}")
                if state and first == 0:
                    report, told = earmark.verify(cache)
                    bench.check("a cache of hostile clips is sound", told.status == 0, told.line)
                first += count
                shutil.rmtree(folder)
        bench.note(f"{total} files: " + ", ".join(f"{k} {v}" for k, v in sorted(classes.items()))
                   + f"; peak {peak >> 20} MB, slowest batch {slowest:.1f} s")
        bench.end()
