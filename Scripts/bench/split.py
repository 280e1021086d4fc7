#!/usr/bin/env python3
"""CPU time of a manifest that is run in parts and merged, against one run over all of it.

    Scripts/bench/split.py WAV_DIR [--parts 8] [--times 1] [--pairs 5] [--pipeline features.yaml ...] [--scratch DIR]

CPU time is user and system time of the processes, one worker each. The run and the parts, these one after another, go on at
the same time, each on a new cache, so that whatever else the machine does slows both alike. Every recording of WAV_DIR
(Scripts/esc10_wav.py makes some) is in the manifest as many times as --times says. Figures are medians of the pairs. Exports of
both caches are compared. EARMARK names the program.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile

root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
earmark = os.environ.get("EARMARK", os.path.join(root, ".build/release/earmark"))


class Process:
    """A process of the program."""

    def __init__(self, *words):
        self.words = words
        self.said = tempfile.TemporaryFile()
        self.process = subprocess.Popen([earmark, *words], stdout=subprocess.DEVNULL, stderr=self.said)

    def seconds(self):
        """Waits for its end and returns its CPU seconds."""
        _, status, usage = os.wait4(self.process.pid, 0)
        self.process.returncode = os.waitstatus_to_exitcode(status)
        if self.process.returncode:
            self.said.seek(0)
            sys.exit(f"split.py: {' '.join(self.words[:2])}: status {self.process.returncode}: "
                     f"{self.said.read().decode(errors='replace')}")
        return usage.ru_utime + usage.ru_stime


def run(*words):
    """CPU seconds of one process."""
    return Process(*words).seconds()


def listed(folder, times, out):
    """Writes the manifest and returns the number of clips."""
    names = sorted(os.path.join(at, name) for at, _, files in os.walk(folder) for name in files if name.endswith(".wav"))
    if not names:
        sys.exit(f"split.py: found no .wav file in {folder}")
    with open(out, "w", encoding="utf-8") as file:
        file.write("clip,path\n")
        for time in range(times):
            for number, name in enumerate(names):
                file.write(f'{time}-{number},"{os.path.abspath(name)}"\n')
    return times * len(names)


def exported(cache, pipeline, scratch):
    """What a pipeline's results are, for comparison."""
    out = os.path.join(scratch, "exported")
    words = ["scores"] if pipeline.startswith("label") else ["index"]
    run("export", *words, "--cache", cache, "--out", out)
    with open(out, encoding="utf-8") as file:
        rows = [line.split(",") for line in file]
    # Where rows lie differs; which clip has how many of what does not.
    return rows if words == ["scores"] else sorted((row[0], row[1], row[4]) for row in rows)


def pair(pipeline, manifest, parts, scratch):
    """CPU seconds of one run, of all parts and of the merge."""
    common = [os.path.join(root, "Pipelines", pipeline), "--manifest", manifest]
    whole, split = (os.path.join(scratch, name) for name in ("whole", "split"))
    for cache in (whole, split):
        shutil.rmtree(cache, ignore_errors=True)
    beside = Process("run", *common, "--cache", whole, "--workers", "1", "--quiet")
    works = [run("work", *common, "--cache", split, "--part", str(part), "--of", str(parts), "--workers", "1", "--quiet")
             for part in range(parts)]
    single = beside.seconds()
    merge = run("merge", *common, "--cache", split, "--of", str(parts))
    if exported(whole, pipeline, scratch) != exported(split, pipeline, scratch):
        sys.exit("split.py: the exports of the merged cache are not those of the run")
    return single, sum(works), merge


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", metavar="WAV_DIR")
    parser.add_argument("--parts", type=int, default=8)
    parser.add_argument("--times", type=int, default=1)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--pipeline", nargs="+", default=["features.yaml", "label.yaml"])
    parser.add_argument("--scratch")
    options = parser.parse_args()
    scratch = tempfile.mkdtemp(prefix="earmark-split-", dir=options.scratch)
    try:
        manifest = os.path.join(scratch, "m.csv")
        clips = listed(options.folder, options.times, manifest)
        print(f"{clips} clips in {options.parts} parts, {options.pairs} pairs")
        print("| pipeline | one run, CPU s | all parts | merge | parts / run |")
        print("|---|---|---|---|---|")
        for pipeline in options.pipeline:
            pairs = [pair(pipeline, manifest, options.parts, scratch) for _ in range(options.pairs)]
            single, works, merge = (statistics.median(side) for side in zip(*pairs))
            ratio = statistics.median(part / whole for whole, part, _ in pairs)
            print(f"| {pipeline} | {single:.2f} | {works:.2f} | {merge:.2f} | {ratio:.3f} |", flush=True)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


if __name__ == "__main__":
    main()
