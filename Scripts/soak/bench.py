"""What every topic of the soak tests shares: options, a scratch folder, checks with a one-line verdict each."""
import argparse
import contextlib
import os
import random
import shutil
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


class Bench:
    """A topic's options and verdicts. `check` prints a line; `end` leaves with 1 where any check failed."""

    def __init__(self, topic, description, **counts):
        """`counts`: integer options of the topic with their defaults, such as kills=1000."""
        parser = argparse.ArgumentParser(prog=f"{topic}.py", description=description)
        parser.add_argument("--earmark", default=os.environ.get("EARMARK", ROOT / ".build/release/earmark"),
                            type=Path, help="the program under test (default: $EARMARK, else the release build)")
        parser.add_argument("--scratch", type=Path, help="folder to work in (default: a temporary one)")
        parser.add_argument("--seed", type=int, default=1, help="the same seed makes the same choices")
        parser.add_argument("--shown", type=int, default=5, help="how many faults of a kind are told (default 5)")
        parser.add_argument("--keep", action="store_true", help="leave the scratch folder as it is")
        for name, default in counts.items():
            parser.add_argument("--" + name.replace("_", "-"), type=type(default), default=default,
                                help=f"default {default}")
        self.options = parser.parse_args()
        self.topic = topic
        self.earmark = self.options.earmark.resolve()
        if not os.access(self.earmark, os.X_OK):
            parser.error(f"no program at {self.earmark}; build it, or name it with --earmark")
        self.random = random.Random(self.options.seed)
        self.failures = 0
        self.isOwn = self.options.scratch is None
        base = tempfile.mkdtemp(prefix="earmark-soak-") if self.isOwn else self.options.scratch
        self.scratch = Path(base).resolve() / topic
        shutil.rmtree(self.scratch, ignore_errors=True)
        self.scratch.mkdir(parents=True)

    def check(self, name, passed, detail=""):
        """One line for a check that is made once."""
        if not passed:
            self.failures += 1
        text = f"{'ok  ' if passed else 'FAIL'}  {self.topic}: {name}"
        print(text + (f": {detail}" if detail else ""), flush=True)
        return passed

    @contextlib.contextmanager
    def many(self, name):
        """One line for a check that is made many times: yields a function (passed, detail) -> passed."""
        state = {"made": 0, "failed": []}

        def one(passed, detail=""):
            state["made"] += 1
            if not passed:
                state["failed"].append(detail)
                if len(state["failed"]) <= self.options.shown:
                    print(f"      {self.topic}: {name}: {detail}", flush=True)
            return passed

        yield one
        failed = len(state["failed"])
        self.check(name, failed == 0, f"{state['made'] - failed} of {state['made']}")

    def skip(self, name, why):
        print(f"skip  {self.topic}: {name}: {why}", flush=True)

    def note(self, text):
        print(f"      {self.topic}: {text}", flush=True)

    def end(self):
        if self.failures and self.isOwn:
            print(f"      {self.topic}: what was left is in {self.scratch}", flush=True)
        elif not self.options.keep:
            shutil.rmtree(self.scratch.parent if self.isOwn else self.scratch, ignore_errors=True)
        sys.exit(1 if self.failures else 0)
