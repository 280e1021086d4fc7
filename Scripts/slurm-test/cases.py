#!/usr/bin/env python3
"""Runs a manifest's parts on the Slurm cluster of SLURM_CONF and disturbs them: cases.py FOLDER [CASE ...]

Each case ends in the very bytes of a run on one machine. A verdict a line; the exit status is 1 if a case failed.
"""
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PROGRAM = os.environ.get("EARMARK", str(ROOT / ".build/release/earmark"))
PARTS = 8
LIMIT = 240  # seconds until anything that is waited for counts as hung


class Failed(Exception):
    pass


def check(condition, what):
    if not condition:
        raise Failed(what)


def run(*words, expected=(0,), **options):
    """Runs a command; fails unless it ends with one of the expected statuses."""
    ended = subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=LIMIT, **options)
    check(ended.returncode in expected, f"{' '.join(map(str, words[:3]))}: status {ended.returncode}: "
          f"{(ended.stderr or ended.stdout).strip()[-400:]}")
    return ended.stdout + ended.stderr


def until(what, condition):
    """Waits for something that comes to pass by itself, as the scheduler takes its turns."""
    end = time.monotonic() + LIMIT
    while True:
        found = condition()
        if found:
            return found
        check(time.monotonic() < end, f"{what}: not after {LIMIT} s")
        time.sleep(0.02)


class Corpus:
    """A made-up corpus with two files that fail, and what one run on one machine makes of it."""

    def __init__(self, folder):
        self.folder = folder
        self.manifest = folder / "corpus.csv"
        run(PROGRAM, "synth", folder / "corpus", "--clips", 120, "--seed", 3)
        run(PROGRAM, "manifest", "fsd50k", folder / "corpus", "--out", self.manifest)
        (folder / "empty.wav").write_bytes(b"")
        with open(self.manifest, "a", encoding="utf-8") as file:
            file.write("a bad one,empty.wav,,\nnot there,gone.wav,,\n")
        run(PROGRAM, "run", ROOT / "Pipelines/label.yaml", "--manifest", self.manifest, "--cache", folder / "whole",
            "--quiet", expected=(3,))
        self.expected = self.exports(folder / "whole")

    def exports(self, cache):
        found = {}
        for name, words in {
            "scores": ["export", "scores"], "labels": ["export", "labels", "--threshold", "0.01"],
            "events": ["export", "events", "--threshold", "0.01"],
        }.items():
            out = self.folder / "exported.csv"
            run(PROGRAM, *words, "--cache", cache, "--out", out, expected=(0, 3))
            found[name] = out.read_bytes()
        run(PROGRAM, "stats", "--cache", cache, "--out", self.folder / "stats", expected=(0, 3))
        found["classes"] = (self.folder / "stats/classes.csv").read_bytes()
        return found


class Job:
    """A cache that is filled by parts on Slurm."""

    def __init__(self, corpus, name):
        self.corpus = corpus
        self.cache = corpus.folder / name
        shutil.rmtree(self.cache, ignore_errors=True)
        self.array = self.merge = None

    def submit(self, *options, expected=(0,), **further):
        text = run(PROGRAM, "submit", ROOT / "Pipelines/label.yaml", "--manifest", self.corpus.manifest, "--cache",
                   self.cache, "--parts", PARTS, *options, expected=expected, **further)
        self.array = (re.findall(r"submitted job (\d+): \d+ part", text) or [None])[-1]
        self.merge = (re.findall(r"submitted job (\d+): merge", text) or [None])[-1]
        return text

    def part(self, number):
        return self.cache / f"parts/{number}-of-{PARTS}"

    def state(self, number):
        """What a part last said of itself; None before it was begun."""
        try:
            return json.loads((self.part(number) / "part.json").read_text())
        except (OSError, ValueError):
            return None

    def status(self):
        return json.loads(run(PROGRAM, "status", "--cache", self.cache, "--json"))

    def stopped(self):
        """The number and the process of a part that is under way, which is stopped so that it stays so. None if all ended
        before one could be stopped."""
        while True:
            states = [self.state(number) for number in range(PARTS)]
            for number, state in enumerate(states):
                if state and state["phase"] == "running" and state["done"] < state["clips"]:
                    if self.hold(number, state["process"]):
                        return number, state["process"]
            if all(state and state["phase"] != "running" for state in states):
                return None
            time.sleep(0.002)

    def hold(self, number, process):
        try:
            os.kill(process, signal.SIGSTOP)
            until("a stopped process", lambda: stat(process) in ("T", "Z", None))
        except ProcessLookupError:
            return False
        state = self.state(number)
        if stat(process) == "T" and state["phase"] == "running":
            return True
        try:
            os.kill(process, signal.SIGCONT)
        except ProcessLookupError:
            pass
        return False

    def disturbed(self, disturb, *options):
        """Submits and disturbs a part under way; again from the start if every part ended too soon for that."""
        for _ in range(10):
            shutil.rmtree(self.cache, ignore_errors=True)
            self.submit(*options)
            found = self.stopped()
            if found:
                disturb(*found)
                return found[0]
            self.ended()
        raise Failed("no part could be caught under way")

    def ended(self):
        """Waits for the merge to end.

        Returns its exit status and what it said."""
        def state():
            shown = run("scontrol", "show", "job", self.merge)
            return shown if re.search(r"JobState=(COMPLETED|FAILED|CANCELLED|TIMEOUT|NODE_FAIL)", shown) else None
        shown = until("the end of the merge", state)
        status = int(re.search(r"ExitCode=(\d+):", shown).group(1))
        log = self.cache / f"slurm/logs/merge-{self.merge}.log"
        return status, log.read_text() if log.exists() else ""

    def expect_whole(self):
        """The merge ended well, and the cache is that of one run."""
        status, said = self.ended()
        check(status == 3, f"the merge ended with {status}, expected 3 as some clips fail: {said[-400:]}")
        for name, table in self.corpus.exports(self.cache).items():
            check(table == self.corpus.expected[name], f"the exported {name} differ from those of one run")
        run(PROGRAM, "verify", "--cache", self.cache)
        check([path.name for path in (self.cache / "parts").iterdir()] == ["plan.json"], "parts are left over")

    def expect_hole(self, *parts):
        """The merge found these parts wanting and merged nothing; another submission sends only them."""
        status, said = self.ended()
        check(status == 65, f"the merge ended with {status}, expected 65: {said[-400:]}")
        for number in parts:
            check(f"part {number} " in said, f"the merge does not name part {number}: {said[-400:]}")
        text = self.submit()
        sent = re.search(r"submitted job \d+: (\d+) part", text)
        check(sent and int(sent.group(1)) == len(parts), f"expected {len(parts)} parts to be sent again: {text[-400:]}")
        self.expect_whole()


def stat(process):
    """A process's state as the system tells it: R, S, T, Z ... None if it is gone."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return None


def restarts(job):
    shown = run("scontrol", "show", "job", job.array)
    return sum(int(count) for count in re.findall(r"Restarts=(\d+)", shown))


# The cases. Each returns what it showed.


def plain(corpus):
    job = Job(corpus, "plain")
    shown = job.submit("--dry-run", "--time", "10:00", "--mem", "500M", "--max-running", "3")
    for text in ("#SBATCH --array=0-7%3", "#SBATCH --requeue", "#SBATCH --signal=USR1@180", "#SBATCH --mem=500M",
                 "exec srun", "afterany:JOB", "--kill-on-invalid-dep=yes"):
        check(text in shown, f"--dry-run does not show '{text}'")
    check(not job.cache.exists(), "--dry-run wrote something")
    job.submit("--time", "10:00", "--mem", "500M", "--max-running", "3")
    held = job.status()
    check(held["clips"] == held["done"] + held["failed"] + held["pending"] == 122, f"status: {held}")
    job.expect_whole()
    again = job.submit()
    check("nothing to submit" in again, f"a second submission: {again}")
    return "eight parts and their merge"


def refused(corpus):
    job = Job(corpus, "refused")
    text = job.submit("--partition", "nowhere", expected=(64,))
    check("sbatch refused it" in text and "invalid partition" in text.lower(), text[-300:])
    text = run(PROGRAM, "submit", ROOT / "Pipelines/label.yaml", "--manifest", corpus.manifest, "--cache", job.cache,
               "--parts", PARTS, expected=(64,), env={**os.environ, "PATH": "/nonexistent"})
    check("sbatch: found no such program" in text, text[-300:])
    return "a partition that does not exist, and no sbatch"


def failing(corpus):
    job = Job(corpus, "failing")
    # A file in the place of a part's folder.
    (job.cache / "parts").mkdir(parents=True)
    job.part(3).write_text("in the way")
    job.submit()
    job.ended()
    job.part(3).unlink()
    log = (job.cache / f"slurm/logs/{job.array}_3.log").read_text()
    check("in the way" in log or "a file of this name exists" in log, f"the log of part 3: {log[-300:]}")
    job.expect_hole(3)
    return "a task that fails, and a second submission"


def killed(corpus):
    job = Job(corpus, "killed")
    number = job.disturbed(lambda _, process: os.kill(process, signal.SIGKILL))
    job.expect_hole(number)
    return "a task killed with SIGKILL, and a second submission"


def requeued(corpus):
    job = Job(corpus, "requeued")
    job.disturbed(lambda number, _: run("scontrol", "requeue", f"{job.array}_{number}"))
    job.expect_whole()
    check(restarts(job) > 0, "no task was begun again")
    return "a task requeued by scontrol"


def warned(corpus):
    """As at the end of the time limit: 75, which RequeueExit begins anew."""
    job = Job(corpus, "warned")

    def warn(number, process):
        run("scancel", "--signal=USR1", f"{job.array}_{number}")
        until("USR1 at the process", lambda: pending(process, signal.SIGUSR1))
        os.kill(process, signal.SIGCONT)
    job.disturbed(warn)
    job.expect_whole()
    check(restarts(job) > 0, "no task was begun again")
    return "a task warned by USR1, ended with 75 and begun anew"


def pending(process, number):
    """Whether a signal waits for a process, or the process is gone."""
    try:
        text = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return True
    return any(int(mask, 16) >> (number - 1) & 1 for mask in re.findall(r"^(?:Shd|Sig)Pnd:\s*(\w+)", text, re.M))


def preempted(corpus):
    job = Job(corpus, "preempted")
    job.disturbed(lambda *_: run(
        "sbatch", "--wait", "--partition=urgent", "--nodes=2", "--exclusive", "--output=/dev/null", "--wrap=true"))
    job.expect_whole()
    check(restarts(job) > 0, "no task was begun again")
    return "tasks preempted by a job of another partition"


def node_down(corpus):
    job = Job(corpus, "node_down")

    def take_down(number, _):
        shown = run("scontrol", "show", "job", f"{job.array}_{number}")
        node = re.search(r"\bNodeList=(node\d)", shown).group(1)
        run("scontrol", "update", f"nodename={node}", "state=down", "reason=test")
        until("a requeued task", lambda: restarts(job) > 0)
        # The node may have come back by itself, as ReturnToService lets it: then this is refused.
        run("scontrol", "update", f"nodename={node}", "state=resume", expected=(0, 1))
        until("the node's return", lambda: not re.search(
            r"down|drain", run("sinfo", "--noheader", "--Node", f"--nodes={node}", "--format=%T")))
    job.disturbed(take_down)
    job.expect_whole()
    return "a node taken down in the middle"


def deleted(corpus):
    job = Job(corpus, "deleted")
    job.submit()
    run("scontrol", "hold", job.merge)
    until("the end of the array", lambda: not run("squeue", "--noheader", "--jobs", job.array, expected=(0, 1)).strip()
          or "Invalid" in run("squeue", "--noheader", "--jobs", job.array, expected=(0, 1)))
    shutil.rmtree(job.part(5))
    run("scontrol", "release", job.merge)
    job.expect_hole(5)
    return "a part's cache deleted before the merge, and a second submission"


CASES = [plain, refused, failing, killed, requeued, warned, preempted, node_down, deleted]


def main():
    folder, wanted = Path(sys.argv[1]), sys.argv[2:]
    unknown = set(wanted) - {case.__name__ for case in CASES}
    if unknown:
        sys.exit(f"cases.py: no case {', '.join(sorted(unknown))}; expected {', '.join(c.__name__ for c in CASES)}")
    corpus = Corpus(folder)
    failed = 0
    for case in CASES:
        if wanted and case.__name__ not in wanted:
            continue
        start = time.monotonic()
        try:
            print(f"ok    slurm: {case.__name__}: {case(corpus)} ({time.monotonic() - start:.0f} s)", flush=True)
        except (Failed, subprocess.TimeoutExpired) as error:
            failed += 1
            print(f"FAIL  slurm: {case.__name__}: {error}", flush=True)
            run("scancel", "--user", str(os.getuid()), expected=(0, 1))
    sys.exit(1 if failed else 0)


main()
