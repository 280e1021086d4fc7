#!/usr/bin/env python3
"""Two runs raced on one cache, one stopped while another tries, and readers beside a writer."""
import csv
import os
import signal
import time

from bench import Bench
from process import Started
from product import Product, fresh

bench = Bench("races", __doc__, races=100, clips=40, reads=60)
earmark = Product(bench)


def race(manifest, expected):
    with bench.many("one of two runs is refused with 75 and the holder's name, or comes later") as refused, \
            bench.many("the end state is that of one run") as same:
        told = [0, 0]
        for turn in range(bench.options.races):
            cache = fresh(bench.scratch / "raced")
            first = earmark.start(cache, manifest, workers=turn % 2 + 1)
            time.sleep(bench.random.choice([0, 0, bench.random.uniform(0, 0.1)]))
            second = earmark.start(cache, manifest, workers=2)
            ended = [first.wait(120), second.wait(120)]
            pids = [first.pid, second.pid]
            statuses = sorted(e.status for e in ended)
            passed = statuses in ([0, 0], [0, 75])
            for e, other in zip(ended, reversed(pids)):
                if e.status == 75:
                    passed = passed and f"process {other} " in e.err and len(e.err.strip().splitlines()) == 1
            told[statuses == [0, 75]] += 1
            refused(passed, f"race {turn}: {' / '.join(e.line for e in ended)}")
            report, ended = earmark.verify(cache)
            same(earmark.contents(cache) == expected and ended.status == 0, f"race {turn}: {ended.line}")
        bench.note(f"refused in {told[1]} races, one after the other in {told[0]}")
        bench.check("some races were refused", told[1] > 0)


def stopped(manifest, expected):
    """A run that stands still holds its cache; one that was killed does not."""
    cache = fresh(bench.scratch / "stopped")
    holder = earmark.start(cache, manifest, workers=2)
    while not (cache / "in-flight").exists() and holder.isRunning():
        time.sleep(0.0005)
    holder.signal(signal.SIGSTOP)
    if not bench.check("a run was stopped under way", holder.isRunning()):
        return
    for name, arguments in [("run", earmark.work(cache, manifest)),
                            ("verify --repair", [bench.earmark, "verify", "--cache", cache, "--repair"]),
                            ("retry", [bench.earmark, "retry", "--cache", cache])]:
        ended = Started(arguments).wait(60)
        bench.check(f"'{name}' beside a stopped run is refused at once with its name",
                    ended.status == 75 and f"process {holder.pid} " in ended.err and ended.seconds < 15, ended.line)
    for command in ("status", "verify"):
        ended = earmark(command, "--cache", cache, limit=60)
        bench.check(f"'{command}' beside a stopped run answers", ended.status == 0, ended.line)
    holder.signal(signal.SIGCONT)
    ended = holder.wait(120)
    bench.check("the stopped run goes on to its end", ended.status == 0, ended.line)
    bench.check("what it leaves is what an undisturbed run leaves", earmark.contents(cache) == expected)
    cache = fresh(bench.scratch / "killed")
    holder = earmark.start(cache, manifest)
    time.sleep(0.05)
    holder.signal(signal.SIGKILL)
    holder.wait()
    ended = earmark.run(cache, manifest)
    bench.check("a killed run leaves no lock", ended.status == 0, ended.line)


def readers(manifest, expected, sets):
    """status, export, stats, verify and plan while a run writes: every answer is of one moment."""
    cache = fresh(bench.scratch / "read")
    pipeline = "label" if sets else "features"
    table = bench.scratch / "read.csv"
    done = rounds = beside = 0
    with bench.many("status adds up beside a writer") as adds, bench.many("export beside a writer is whole") as whole, \
            bench.many("stats, plan and verify beside a writer answer") as answers:
        while beside < bench.options.reads and rounds < 50:
            rounds += 1
            fresh(cache)
            writer = earmark.start(cache, manifest, pipeline, 1, sets)
            while not (cache / "ledger.sqlite").exists() and writer.isRunning():
                time.sleep(0.001)
            done = 0
            while writer.isRunning():
                beside += 1
                state, ended = earmark.status(cache)
                if state:
                    total = state["done"] + state["failed"] + state["pending"]
                    adds(total == state["clips"] and state["done"] >= done, ended.out[:200])
                    done = state["done"]
                else:
                    adds(ended.status == 65 and done == 0, ended.line)
                ended = earmark("export", "index", "--cache", cache, "--out", table)
                if ended.status in (0, 3):
                    with open(table, newline="") as file:
                        rows = list(csv.DictReader(file))
                    # Only what is sealed is listed, and that is there under its name.
                    gone = [row["shard"] for row in rows if not os.path.exists(os.path.join(cache, row["shard"]))]
                    whole(not gone and len({(row["clip"], row["stage"]) for row in rows}) == len(rows),
                          f"{len(rows)} rows, shards that are not there: {gone[:3]}")
                else:
                    whole(ended.status == 65 and done == 0, ended.line)
                for arguments in (["verify", "--cache", cache],
                                  ["stats", "--cache", cache, "--out", bench.scratch / "st"]):
                    ended = earmark(*arguments)
                    # Without a model there are no scores to make statistics of.
                    isBare = arguments[0] == "stats" and not sets
                    # 3: of statistics while clips are pending.
                    fine = ended.status == 0 or ended.status == 65 and (done == 0 or isBare) or \
                        ended.status == 3 and arguments[0] == "stats"
                    answers(fine, f"{arguments[0]}, {done} done: {ended.line} {ended.out[:300]}")
                ended = earmark.run(cache, manifest, pipeline, 1, sets, command="plan")
                answers(ended.status == 0, f"plan: {ended.line}")
            ended = writer.wait()
            adds(ended.status == 0, f"the writer: {ended.line}")
    bench.check("what the writer leaves is what an undisturbed run leaves",
                earmark.contents(cache)["rows"] == expected)
    bench.note(f"{beside} readings in {rounds} runs")


def main():
    manifest = earmark.corpus("corpus", bench.options.clips)
    cache = bench.scratch / "undisturbed"
    earmark.run(cache, manifest)
    expected = earmark.contents(cache)
    race(manifest, expected)
    stopped(manifest, expected)
    model = earmark.model()
    sets = [f"infer.model={model}"] if model else []
    if model:
        more = earmark.corpus("more", bench.options.clips * 3)
        whole = bench.scratch / "labelled"
        earmark.run(whole, more, "label", sets=sets)
        readers(more, earmark.contents(whole)["rows"], sets)
    else:
        readers(manifest, expected["rows"], sets)
    bench.end()


main()
