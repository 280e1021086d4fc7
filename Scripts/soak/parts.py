#!/usr/bin/env python3
"""A manifest in parts, disturbed at random: whatever happens on the way, the merged cache is that of one run."""
import json
import os
import shutil
import signal
import subprocess
import time

from bench import ROOT, Bench
from process import Started
from product import Product, fresh

bench = Bench("parts", __doc__, rounds=40, clips=60, damages=30, steps=8, together=10)
earmark = Product(bench)
FINISHED = (0, 3)


class Split:
    """A cache that is filled in parts."""

    def __init__(self, cache, manifest, parts):
        self.cache, self.parts = cache, parts
        self.common = [ROOT / "Pipelines/features.yaml", "--manifest", manifest, "--cache", cache]

    def part(self, number):
        return self.cache / f"parts/{number}-of-{self.parts}"

    def work(self, number, **options):
        return Started([earmark.program, "work", *self.common, "--part", str(number), "--of", str(self.parts),
                        "--workers", str(1 + number % 2), "--quiet"], **options)

    def merge(self, *flags, **options):
        return Started([earmark.program, "merge", *self.common, "--of", str(self.parts), *flags], **options)

    def fill(self):
        for number in range(self.parts):
            ended = self.work(number).wait()
            if ended.status not in FINISHED:
                raise SystemExit(f"part {number}: {ended.line}")
        return self

    def merged(self):
        """What a merge has made durable: None before the first."""
        state, _ = earmark.status(self.cache)
        return state and state["parts"] is None


def whole(split, expected):
    """What is wrong with a merged cache; empty if nothing is."""
    report, ended = earmark.verify(split.cache)
    if ended.status != 0:
        return f"verify: {ended.line}"
    if earmark.contents(split.cache) != expected:
        return "the contents are not those of one run"
    left = os.listdir(split.cache / "parts")
    return "" if left == ["plan.json"] else f"left in parts: {left}"


def killed(start, span):
    """Starts a process and kills it after a random while, again and again until it reaches its end."""
    kills = 0
    while True:
        process = start()
        # After a few kills it gets longer, so that this ends on any machine.
        time.sleep(bench.random.uniform(0, span * (1 + kills / 8)))
        process.signal(signal.SIGKILL)
        ended = process.wait()
        if ended.status != -signal.SIGKILL:
            return ended, kills
        kills += 1


def rounds(manifest, expected, seconds):
    """Works and merges killed at random moments, parts deleted, merges too early."""
    kills = 0
    with bench.many("parts killed at random moments come to their end") as works, \
            bench.many("a merge too early names what is missing and merges nothing") as early, \
            bench.many("the merged cache is that of one run") as same:
        for turn in range(bench.options.rounds):
            split = Split(fresh(bench.scratch / "killed"), manifest, bench.random.randint(2, 5))
            order = bench.random.sample(range(split.parts), split.parts)
            # A part or two are deleted and done again.
            order += bench.random.sample(order, bench.random.randint(0, 2))
            for place, number in enumerate(order):
                if place >= split.parts:
                    shutil.rmtree(split.part(number))
                if place > 0 and (place < split.parts or place >= split.parts) and bench.random.random() < 0.5:
                    ended = split.merge().wait()
                    early(ended.status == 65 and "nothing is merged" in ended.err and not split.merged(),
                          f"round {turn}: {ended.line}")
                ended, count = killed(lambda: split.work(number), seconds)
                kills += count
                works(ended.status in FINISHED, f"round {turn}, part {number}: {ended.line}")
            ended, count = killed(split.merge, 0.3)
            kills += count
            fault = whole(split, expected)
            same(ended.status in FINISHED and not fault, f"round {turn}: {ended.line}; {fault}")
        bench.note(f"{kills} kills in {bench.options.rounds} rounds")


def together(manifest, expected):
    """Merges at the same time, parts at the same time, and a merge beside a part that is under way."""
    with bench.many("of two merges at the same time one is refused, or comes later") as merges, \
            bench.many("a merge beside a part under way is refused with its process") as beside, \
            bench.many("and the merged cache is that of one run") as same:
        for turn in range(bench.options.together):
            split = Split(fresh(bench.scratch / "together"), manifest, 3)
            works = [split.work(number) for number in range(3)]
            works[turn % 3].signal(signal.SIGSTOP)
            if turn % 2:
                # One of them may have stopped with the cache's lock, as it made the plan.
                time.sleep(0.3)
            ended = split.merge("--allow-missing").wait()
            beside(ended.status in (65, 75) and not split.merged(), f"round {turn}: {ended.line}")
            works[turn % 3].signal(signal.SIGCONT)
            for process in works:
                beside(process.wait().status in FINISHED, "a part")
            both = [split.merge(), split.merge()]
            statuses = sorted(process.wait().status for process in both)
            merges(statuses in ([0, 0], [0, 75]), f"round {turn}: {statuses}")
            fault = whole(split, expected)
            same(not fault, f"round {turn}: {fault}")


def damaged(manifest, expected):
    """Parts with a ledger or a shard that is cut or changed."""
    kept = Split(fresh(bench.scratch / "kept"), manifest, 3).fill()
    with bench.many("a damaged part is refused, or its damage found by verify, or it did no harm") as found, \
            bench.many("done anew, it is merged") as anew:
        for turn in range(bench.options.damages):
            split = Split(fresh(bench.scratch / "damaged"), manifest, 3)
            shutil.copytree(kept.cache, split.cache)
            number = bench.random.randrange(3)
            files = [split.part(number) / "ledger.sqlite", split.part(number) / "part.json",
                     *(path for path in (split.part(number) / "shards").iterdir() if path.suffix == ".npy")]
            path = bench.random.choice(files)
            data = bytearray(path.read_bytes())
            place = bench.random.randrange(len(data))
            if turn % 2:
                del data[place:]
            else:
                data[place] ^= bench.random.randrange(1, 256)
            path.write_bytes(data)
            what = f"{turn}: {path.name} {'cut at' if turn % 2 else 'changed at'} {place}"
            ended = split.merge().wait()
            if ended.status in FINISHED:
                report, checked = earmark.verify(split.cache)
                contents = earmark.contents(split.cache)
                found(checked.status == 65 or contents == expected, f"{what}: {ended.line}; {checked.line}")
                continue
            lines = [line for line in ended.err.splitlines() if line.startswith("earmark: ")]
            isHole = ended.status == 65 and "nothing is merged" in ended.err
            found(not ended.died and ended.status in (65, 74) and (len(lines) == 1 or isHole) and not split.merged(),
                  f"{what}: {ended.line}")
            shutil.rmtree(split.part(number))
            split.work(number).wait()
            ended = split.merge().wait()
            fault = whole(split, expected)
            anew(ended.status in FINISHED and not fault, f"{what}: {ended.line}; {fault}")


def full_disk(manifest, expected):
    """No room for the merged ledger."""
    mount = bench.scratch / "small"
    mount.mkdir()
    with bench.many("a merge on a full file system: one line, status 75 or 74, or there was room") as clear, \
            bench.many("and it goes on once there is room") as same:
        for step in range(bench.options.steps):
            if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2g", "tmpfs", mount]).returncode != 0:
                bench.skip("a small tmpfs", "it cannot be mounted here")
                return
            try:
                split = Split(mount / "cache", manifest, 3).fill()
                stat = os.statvfs(mount)
                used = (stat.f_blocks - stat.f_bfree) * stat.f_frsize
                room = used + step * 300_000 // max(1, bench.options.steps - 1)
                subprocess.run(["mount", "-o", f"remount,size={room}", mount], check=True)
                ended = split.merge().wait()
                lines = [line for line in ended.err.splitlines() if line.startswith("earmark: ")]
                clear(ended.status == 0 or ended.status in (74, 75) and len(lines) == 1,
                      f"{room - used} bytes of room: {ended.line}")
                subprocess.run(["mount", "-o", "remount,size=2g", mount], check=True)
                ended = split.merge().wait()
                fault = whole(split, expected)
                same(ended.status == 0 and not fault, f"{room - used} bytes of room: {ended.line}; {fault}")
            finally:
                subprocess.run(["umount", mount], check=True)


def onwards(manifest, expected):
    """The merged cache goes on as any other."""
    split = Split(fresh(bench.scratch / "onwards"), manifest, 3).fill()
    bench.check("merged", split.merge().wait().status == 0)
    text = manifest.read_text()
    further = bench.scratch / "further"
    if not further.exists():
        earmark("synth", further, "--clips", "4", "--seed", "99")
    more = bench.scratch / "more.csv"
    base = manifest.with_suffix("")
    lines = text.splitlines()
    place = lines[0].split(",").index("path")
    rows = [line.split(",") for line in lines[1:]]
    for row in rows:
        row[place] = os.path.join(base.parent, row[place]) if not os.path.isabs(row[place]) else row[place]
    audio = sorted(path for path in further.rglob("*") if path.suffix in (".wav", ".ogg", ".flac"))
    for number, path in enumerate(audio):
        row = [""] * len(lines[0].split(","))
        row[lines[0].split(",").index("clip")], row[place] = f"more {number}", str(path)
        rows.append(row)
    more.write_text("\n".join([lines[0], *(",".join(row) for row in rows)]) + "\n")
    ended = earmark.run(split.cache, more)
    bench.check("a run of a manifest with more clips does only those", ended.status == 0, ended.line)
    alone = fresh(bench.scratch / "alone")
    earmark.run(alone, more)
    bench.check("and leaves what one run leaves", earmark.contents(split.cache) == earmark.contents(alone))
    ended = earmark("prune", "--cache", split.cache)
    bench.check("prune finds nothing to free", ended.status == 0 and "nothing to free" in ended.out, ended.line)
    report, ended = earmark.verify(split.cache)
    bench.check("verify finds nothing wrong", ended.status == 0, ended.line)


def main():
    manifest = earmark.corpus("corpus", bench.options.clips)
    cache = fresh(bench.scratch / "undisturbed")
    ended = earmark.run(cache, manifest)
    expected = earmark.contents(cache)
    bench.check("an undisturbed run", ended.status == 0 and "rows" in expected, ended.line)
    rounds(manifest, expected, ended.seconds / 3)
    together(manifest, expected)
    damaged(manifest, expected)
    full_disk(manifest, expected)
    onwards(manifest, expected)
    bench.end()


main()
