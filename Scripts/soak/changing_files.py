#!/usr/bin/env python3
"""Files that change or vanish under a run, odd names, links, folders that may not be read, formulas."""
import csv
import json
import os
import shutil
import threading
import time

from bench import Bench
from product import STATUSES, Product, fresh

bench = Bench("changing_files", __doc__, rounds=15, clips=60)
earmark = Product(bench)


def disturb(files, originals, stop, random):
    """Cuts, swaps, touches, removes and puts back files as fast as it can, until told to stop."""
    while not stop.is_set():
        file = random.choice(files)
        kind = random.randrange(6)
        try:
            if kind == 0:
                file.unlink(missing_ok=True)
            elif kind == 1:
                file.write_bytes(originals[file][:random.randrange(len(originals[file]))])
            elif kind == 2:
                other = file.with_suffix(".new")
                other.write_bytes(originals[random.choice(files)])
                os.replace(other, file)
            elif kind == 3 and file.exists():
                os.utime(file, (random.randrange(10**9), random.randrange(10**9)))
            elif kind == 4 and file.exists():
                with open(file, "r+b") as handle:
                    handle.seek(random.randrange(44, len(originals[file])))
                    handle.write(random.randbytes(400))
            else:
                file.write_bytes(originals[file])
        except OSError:
            pass
        time.sleep(0.0005)


def under_a_run(manifest, expected):
    """Whatever happened to the files meanwhile: once they are as they were, the next runs give the same bytes."""
    folder = bench.scratch / "corpus"
    originals = {p: p.read_bytes() for p in folder.rglob("*.wav")}
    files = sorted(originals)
    # Rows recorded for the original content but made of a mixture would be kept by the last run, and differ.
    with bench.many("files changing under a run: ends in order, each clip accounted for") as order, \
            bench.many("once the files are as they were, the bytes are too") as restored:
        for number in range(bench.options.rounds):
            cache = fresh(bench.scratch / "cache")
            stop = threading.Event()
            thread = threading.Thread(target=disturb, args=(files, originals, stop, bench.random))
            thread.start()
            ended = [earmark.run(cache, manifest, workers=number % 3 + 1, limit=120) for _ in range(3)]
            stop.set()
            thread.join()
            for e in ended:
                order(not e.died and e.status in (0, 3), e.line)
            state, told = earmark.status(cache)
            order(state and state["done"] + state["failed"] + state["pending"] == state["clips"], told.out[:200])
            report, told = earmark.verify(cache)
            order(told.status == 0, f"verify: {told.line}")
            for file, data in originals.items():
                file.write_bytes(data)
                # Files that are put back within a tick of the clock keep their time: give them another.
                os.utime(file, ns=(time.time_ns(), time.time_ns() + 1_000_000_000 * (number + 2)))
            ended = earmark.run(cache, manifest)
            if ended.status == 3:
                earmark("retry", "--cache", cache)
                ended = earmark.run(cache, manifest)
            found = earmark.contents(cache)
            differ = [a[:2] for a, b in zip(found.get("rows", []), expected["rows"]) if a != b]
            restored(ended.status == 0 and found == expected,
                     f"round {number}: {ended.line}; other bytes: {differ[:4]}")


def odd_names():
    """Names that break lists, terminals and spreadsheets."""
    source = next((bench.scratch / "corpus").rglob("*.wav"))
    folder = fresh(bench.scratch / "odd")
    folder.mkdir()
    names = [b"a space.wav", b"line\nfeed.wav", b"return\r.wav", b"not utf-8 \xff\xfe.wav", b"half \xc3.wav",
             b"quote\".wav", b"comma,.wav", b"=1+1.wav", b"+cmd.wav", b"-2.wav", b"@sum.wav", b"\ttab.wav",
             b"%s%n.wav", b"-rf.wav", b"'.wav", b";.wav", "ümläut 日本 \U0001f600.wav".encode(), b"esc\x1b[31m.wav",
             b"long" + b"x" * 240 + b".wav", b"\\n.wav", b"\\xff.wav", b"=HYPERLINK(\"a\").wav", b".hidden.wav"]
    for number, name in enumerate(names):
        data = bytearray(source.read_bytes())
        data[100] = number
        with open(os.path.join(os.fsencode(folder), name), "wb") as file:
            file.write(data)
    manifest, cache = bench.scratch / "odd.csv", bench.scratch / "odd-cache"
    listed = earmark("manifest", "folder", folder, "--out", manifest)
    bench.check("odd names are listed", listed.status == 0, f"{listed.line}{listed.out.strip()}")
    ended = earmark.run(cache, manifest)
    state, told = earmark.status(cache)
    count = len(names) - (0 if state and state["clips"] == len(names) else 1)
    bench.check("odd names are all done", ended.status == 0 and state and state["done"] == state["clips"] == count,
                f"{ended.line} {told.out.strip()[:300]}")
    out = bench.scratch / "odd-index.csv"
    earmark("export", "index", "--cache", cache, "--out", out)
    with open(out, newline="", encoding="utf-8", errors="surrogateescape") as file:
        rows = list(csv.reader(file))
    formulas = [row[0] for row in rows[1:] if row[0][:1] in "=+-@\t\r"]
    bench.check("no exported field is a formula", not formulas, f"{formulas}")
    bench.check("exported rows are whole", {len(row) for row in rows} == {7} and len(rows) == 1 + 2 * count,
                f"{len(rows)} rows")
    with open(cache / "shards/index.csv", newline="", encoding="utf-8", errors="surrogateescape") as file:
        beside = list(csv.reader(file))
    formulas = [row[0] for row in beside[1:] if row[0][:1] in "=+-@\t\r"]
    bench.note(f"the index beside the shards, for programs, has names as they are: {len(formulas)} like formulas")
    out = bench.scratch / "odd-index.jsonl"
    ended = earmark("export", "index", "--cache", cache, "--format", "jsonl", "--out", out)
    try:
        count = len([json.loads(line) for line in out.read_bytes().split(b"\n") if line])
        bench.check("exported JSON lines are JSON", count == len(rows) - 1, f"{count} lines")
    except ValueError as fault:
        bench.check("exported JSON lines are JSON", False, str(fault))
    for name in names:
        os.unlink(os.path.join(os.fsencode(folder), name))
    earmark("retry", "--cache", cache)
    fresh(cache)
    ended = earmark.run(cache, manifest)
    state, told = earmark.status(cache)
    bench.check("odd names fail with JSON that can be read", ended.status == 3 and state is not None, told.line)
    plain = [b for b in (ended.err + earmark("status", "--cache", cache).out) if ord(b) < 32 and b not in "\n\t"]
    bench.check("no control characters of names reach the terminal", not plain, f"{sorted(set(plain))}")


def links_and_folders():
    source = next((bench.scratch / "corpus").rglob("*.wav"))
    folder = fresh(bench.scratch / "links")
    for name in ("real", "closed", "empty"):
        (folder / name).mkdir(parents=True)
    shutil.copy(source, folder / "real/a.wav")
    shutil.copy(source, folder / "closed/b.wav")
    (folder / "loop").symlink_to(folder)
    (folder / "to-file.wav").symlink_to(folder / "real/a.wav")
    (folder / "to-nothing.wav").symlink_to(folder / "nothing.wav")
    (folder / "to-itself.wav").symlink_to(folder / "to-itself.wav")
    os.mkfifo(folder / "pipe.wav")
    (folder / "folder.wav").mkdir()
    (folder / "empty.wav").touch()
    shutil.copy(source, folder / "secret.wav")
    (folder / "secret.wav").chmod(0)
    (folder / "closed").chmod(0)
    manifest, cache = bench.scratch / "links.csv", bench.scratch / "links-cache"
    try:
        listed = earmark("manifest", "folder", folder, "--out", manifest, limit=60)
        bench.check("links, pipes and closed folders are listed or named",
                    not listed.died and listed.status in STATUSES, listed.line)
        if listed.status == 0:
            ended = earmark.run(cache, manifest, limit=60)
            bench.check("and run", not ended.died and ended.status in (0, 3), ended.line)
    finally:
        (folder / "closed").chmod(0o755)
    names = ["pipe.wav", "folder.wav", "to-nothing.wav", "to-itself.wav", "loop", "empty.wav", "/dev/zero",
             "/dev/null", "/dev/tty", "/proc/self/mem", "/proc/kmsg", "missing/x.wav", "real/a.wav/b.wav", "x" * 5000]
    with open(folder / "m.csv", "w", newline="") as file:
        csv.writer(file).writerows([["clip", "path"], ["good", "real/a.wav"],
                                    *[[f"clip {n}", name] for n, name in enumerate(names)]])
    cache = fresh(bench.scratch / "kinds-cache")
    ended = earmark.run(cache, folder / "m.csv", limit=60)
    state, told = earmark.status(cache)
    bench.check("what is no regular file fails with a reason, and the good clip is done",
                ended.status == 3 and state and state["done"] == 1 and len(state["failures"]) == len(names),
                f"{ended.line} {told.out[:400]}")
    # The corpus's folder goes away as a whole, as when a disk is taken out.
    moved = folder.with_name("away")
    folder.rename(moved)
    ended = earmark.run(cache, moved / "m.csv", limit=60)
    bench.check("a moved folder's results stand or are named", not ended.died and ended.status in STATUSES, ended.line)


def main():
    manifest = earmark.corpus("corpus", bench.options.clips)
    cache = bench.scratch / "undisturbed"
    bench.check("an undisturbed run", earmark.run(cache, manifest).status == 0)
    odd_names()
    links_and_folders()
    under_a_run(manifest, earmark.contents(cache))
    bench.end()


main()
