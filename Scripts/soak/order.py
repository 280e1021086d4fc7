#!/usr/bin/env python3
"""Order of the system calls: a ledger never speaks of bytes that were not made durable before it was written.

Runs are killed after a commit and their calls read out of strace's log: what the ledger then counts must lie below
what had been synced when its own writing began. A rename follows its file's sync, and the folder's sync follows it.
"""
import re
import shutil
import sqlite3

from bench import Bench
from process import run
from product import Product, fresh

bench = Bench("order", __doc__, clips=60, commits=6)
earmark = Product(bench)
CALLS = "open,openat,pwrite64,write,fdatasync,fsync,rename,renameat,renameat2,ftruncate"
START = re.compile(r"^(\d+) +(\w+)\((.*)$")
REST = re.compile(r"^(\d+) +<\.\.\. (\w+) resumed>(.*)$")


class Call:
    """A system call: where in the log it began and ended (infinity: never), its text and whether it succeeded."""

    def __init__(self, name, text, began):
        self.name, self.text, self.began, self.ended = name, text, began, float("inf")

    @property
    def path(self):
        """The path of the file that its first argument names, as strace -y has it."""
        found = re.match(r"\d+<([^>]*)>", self.text)
        return found.group(1) if found else ""

    @property
    def names(self):
        return re.findall(r'"((?:[^"\\]|\\.)*)"', self.text)

    @property
    def succeeded(self):
        return self.ended != float("inf") and not re.search(r"= -1 ", self.text)

    @property
    def end(self):
        """The byte behind what a pwrite64 wrote."""
        found = re.search(r", (\d+), (\d+)\)? *(?:=|$|<)", self.text)
        return int(found.group(1)) + int(found.group(2)) if found else 0


def read_log(path):
    calls, pending = [], {}
    for number, line in enumerate(path.read_text(errors="replace").splitlines()):
        if found := REST.match(line):
            call = pending.pop(found.group(1), None)
            if call:
                call.text += found.group(3)
                call.ended = number
        elif found := START.match(line):
            call = Call(found.group(2), found.group(3).replace(" <unfinished ...>", ""), number)
            if "<unfinished ...>" in line:
                pending[found.group(1)] = call
            elif " = ?" not in line:
                call.ended = number
            calls.append(call)
    return calls


def synced(calls, path, before):
    """Bytes of a file that were durable at a moment: those written before the start of a sync that ended in time."""
    best = 0
    for sync in calls:
        if sync.name in ("fdatasync", "fsync") and sync.path == path and sync.succeeded and sync.ended < before:
            ends = [c.end for c in calls if c.name == "pwrite64" and c.path == path and c.ended < sync.began]
            best = max([best, *ends])
    return best


def counted(cache):
    """What the ledger counts: for each shard its path, sealed or not, and the bytes of its rows."""
    copy = fresh(bench.scratch / "copy")
    copy.mkdir()
    for file in cache.glob("ledger.sqlite*"):
        shutil.copy(file, copy)
    ledger = sqlite3.connect(copy / "ledger.sqlite")
    size = {"float32": 4, "float16": 2, "int16": 2}
    rows = ledger.execute("SELECT s.path, s.sealed, s.dtype, s.columns, MAX(r.first_row + r.row_count) FROM results r"
                          " JOIN shards s ON s.id = r.shard GROUP BY s.id").fetchall()
    ledger.close()
    return [(str(cache / path), sealed, (last or 0) * columns * size[dtype])
            for path, sealed, dtype, columns, last in rows]


def traced(name, workers, point=None):
    cache, log = fresh(bench.scratch / f"cache-{name}"), bench.scratch / f"{name}.log"
    arguments = earmark.work(cache, manifest, workers=workers)
    ended = run(["strace", "-f", "-y", "-s", "0", "-o", log, "-e", f"trace={CALLS}", *arguments],
                env={"EARMARK_CRASH_AT": point} if point else {})
    return cache, read_log(log), ended


def renames(calls, check, name):
    """Every rename of a shard lies between its file's sync and its folder's."""
    found = 0
    for call in calls:
        if not call.name.startswith("rename") or not call.names:
            continue
        source, target = call.names[-2], call.names[-1]
        if not target.endswith(".npy") or not source.endswith(".partial"):
            continue
        found += 1
        last = max((c.ended for c in calls if c.name == "pwrite64" and c.path == source), default=-1)
        check(any(c.name == "fsync" and c.path == source and c.succeeded and last < c.began and c.ended < call.began
                  for c in calls), f"{name}: {target} renamed without a sync of all its bytes")
        check(any(c.name == "fsync" and c.path == target.rsplit("/", 1)[0] and c.succeeded and c.began > call.ended
                  for c in calls), f"{name}: its folder was not synced after the rename of {target}")
    return found


def main():
    global manifest
    if not shutil.which("strace"):
        bench.skip("order of system calls", "strace is not installed")
        bench.end()
    manifest = earmark.corpus("corpus", bench.options.clips)
    if run(["strace", "-o", "/dev/null", "true"]).status != 0:
        bench.skip("order of system calls", "strace may not trace here")
        bench.end()
    commits = seals = 0
    with bench.many("a commit follows the sync of all it counts") as follows, \
            bench.many("a shard's rename is between two syncs") as between, \
            bench.many("a shard's name is durable before the ledger counts its rows") as entries, \
            bench.many("what the ledger calls sealed had been renamed and its folder synced") as sealing:
        for workers in (1, 2, 4):
            for point in ("ledger.after-commit", "seal.after-commit"):
                for nth in range(1, bench.options.commits + 1):
                    name = f"{workers}-{point}-{nth}"
                    cache, calls, ended = traced(name, workers, f"{point}:{nth}")
                    if ended.status == 0:
                        break
                    wal = [c for c in calls if c.name == "pwrite64" and c.path.endswith("ledger.sqlite-wal")]
                    syncs = [c for c in calls if c.name in ("fdatasync", "fsync") and c.path.endswith("sqlite-wal")
                             and c.succeeded]
                    # A worker may have begun to register a shard when the process died: what follows the last sync is no commit.
                    while wal and syncs and wal[-1].began > syncs[-1].began:
                        wal.pop()
                    if not follows(wal and syncs and syncs[-1].began > wal[-1].ended,
                                   f"{name}: found no synced write of the ledger's log"):
                        continue
                    # The last transaction's writes are those behind the sync before the last.
                    earlier = syncs[-2].ended if len(syncs) > 1 else -1
                    began = min(c.began for c in wal if c.began > earlier)
                    for path, isSealed, size in counted(cache):
                        commits += 1
                        partial = path + ".partial"
                        durable = synced(calls, partial, began)
                        follows(durable >= size, f"{name}: {path}: {size} bytes of rows counted, {durable} durable")
                        made = [c for c in calls
                                if c.name == "openat" and "O_CREAT" in c.text and c.names[:1] == [partial]]
                        folder = path.rsplit("/", 1)[0]
                        entries(any(m.ended < f.began and f.ended < began for m in made for f in calls
                                    if f.name == "fsync" and f.path == folder and f.succeeded),
                                f"{name}: the ledger counts rows of {path}, whose name is not durable in its folder")
                        if isSealed:
                            seals += 1
                            renamed = [c for c in calls if c.name.startswith("rename") and c.names[-1:] == [path]]
                            sealing(any(r.succeeded and f.name == "fsync" and f.path == folder and f.succeeded
                                        and r.ended < f.began and f.ended < began for r in renamed for f in calls),
                                    f"{name}: {path}")
                    shutil.rmtree(cache)
            cache, calls, ended = traced(f"{workers}-whole", workers)
            renamed = renames(calls, between, str(workers))
            bench.check(f"a whole run, {workers} workers", ended.status == 0 and renamed > 0, ended.line)
    bench.check("there was something to judge", commits > 0 and seals > 0,
                f"{commits} shards at commits, {seals} sealed")
    bench.end()


main()
