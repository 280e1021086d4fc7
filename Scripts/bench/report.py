#!/usr/bin/env python3
"""Seconds and size of a report, and how long a browser takes to open it, over made-up scores:

    python3 Scripts/bench/report.py [--clips 51197] [--classes 200] [--keep DIR] [--recordings DIR]
    python3 Scripts/bench/report.py --page stats/report.html

Two reports are made: of the scores alone, and with a truth, which is made of the labels found, one in ten of them wrong. The
recordings do not exist, so examples stand there without pictures; with `--recordings`, a folder of recordings of five seconds or
more, the clips are bound to these in turn, and 8 MB of examples have pictures and sound. EARMARK names another program. A browser's
times are from the start of the load to `DOMContentLoaded` and to the `load` event, and for the first class to open and the
table to be sorted, of the page on disk; a report is opened three times, and the slowest one counts.
"""
import argparse
import csv
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import chromium

ROOT = Path(__file__).resolve().parents[2]
EARMARK = os.environ.get("EARMARK") or ROOT / ".build/release/earmark"
TIMES = """new Promise((done) => {
  const entry = performance.getEntriesByType("navigation")[0];
  const begin = performance.now();
  document.querySelector("#classes-table th:nth-child(4) button").click();
  document.querySelector("details.class").open = true;
  document.body.getBoundingClientRect();
  requestAnimationFrame(() => requestAnimationFrame(() => done(
    [entry.domContentLoadedEventEnd, entry.loadEventEnd, performance.now() - begin, document.querySelectorAll("*").length])));
})"""


def run(*arguments):
    """Runs the program; seconds and peak memory in MB."""
    begin = time.monotonic()
    done = subprocess.run([EARMARK, *map(str, arguments)], capture_output=True, text=True)
    seconds = time.monotonic() - begin
    if done.returncode:
        sys.exit(f"earmark {arguments[0]}: {done.stderr}")
    return seconds, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024


def make_truth(cache, path, clips):
    """A truth of what was found: one label in ten is left out, and one in ten is of another class."""
    run("export", "labels", "--cache", cache, "--threshold", 0.3, "--out", path.with_suffix(".labels"))
    draw = random.Random(1)
    labels = {}
    with open(path.with_suffix(".labels")) as file:
        rows = list(csv.DictReader(file))
    names = sorted({row["label"] for row in rows})
    for row in rows:
        chance = draw.random()
        if chance > 0.1:
            labels.setdefault(row["clip"], []).append(draw.choice(names) if chance < 0.2 else row["label"])
    with open(path, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["clip", "path", "labels", "split"])
        for clip in range(clips):
            name = f"clip-{clip}"
            writer.writerow([name, f"/audio/recorder-{clip % 40}/{name}.wav", ",".join(labels.get(name, [])),
                             ("train", "val", "eval")[clip % 3]])


def opened(page):
    """The slowest of three times: DOMContentLoaded, load, first use, in ms; and the page's elements."""
    if chromium.find() is None:
        return None
    times = []
    for _ in range(3):
        with chromium.Chromium() as browser:
            browser.open(page.resolve().as_uri())
            times.append(browser.evaluate(TIMES))
            if browser.complaints():
                sys.exit(f"report.py: {browser.complaints()}")
    return [max(column) for column in zip(*times)]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--clips", type=int, default=51_197)
    parser.add_argument("--classes", type=int, default=200)
    parser.add_argument("--keep", help="folder for cache and reports, which then stay")
    parser.add_argument("--recordings", help="folder of recordings for the clips, which are bound to them in turn")
    parser.add_argument("--page", help="only opens this page, and prints its times")
    arguments = parser.parse_args()
    if arguments.page:
        print(opened(Path(arguments.page)))
        return
    print("| report | s | peak MB | page, MB | DOM, ms | load, ms | first use, ms | elements |")
    print("|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(arguments.keep or scratch)
        folder.mkdir(exist_ok=True)
        cache = folder / "cache"
        if not cache.exists():
            # Nine chunks of a second that overlap by half are five seconds.
            bound = ["--recordings", arguments.recordings, "--chunks", 9] if arguments.recordings else []
            run("bench", "scores", "--cache", cache, "--clips", arguments.clips, "--classes", arguments.classes, *bound)
        truth = folder / "truth.csv"
        make_truth(cache, truth, arguments.clips)
        for name, further in (("scores", []), ("with a truth", ["--truth", truth])):
            out = folder / name.replace(" ", "-")
            seconds, peak = run("stats", "--cache", cache, "--threshold", 0.3, "--out", out, *further)
            page = out / "report.html"
            found = opened(page)
            cells = [f"{value:.0f}" for value in found] if found else ["no Chromium"] + [""] * 3
            print(f"| {name} | {seconds:.2f} | {peak:.0f} | {page.stat().st_size / 1e6:.2f} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
