"""Runs the program under test and tells how it ended: status, output, seconds and peak memory."""
import os
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass
class Ended:
    """A process that has ended. `status` is negative for a signal; `hung`: it was killed at its time limit."""
    status: int
    out: str
    err: str
    seconds: float
    # Bytes. The system counts what this interpreter had when it started the process, so it is never under some 45 MB.
    peak: int
    hung: bool

    @property
    def died(self):
        """Ended by a signal, or beyond its time: what no input may bring about."""
        return self.hung or self.status < 0 or self.status >= 128

    @property
    def line(self):
        """The status and the last line of standard error, for a verdict."""
        lines = [line for line in self.err.splitlines() if line.strip()]
        text = (lines[-1] if lines else "")[:200]
        return f"{'hung' if self.hung else 'status ' + str(self.status)} after {self.seconds:.1f} s: {text}"


class Started:
    """A process under way."""

    def __init__(self, arguments, env=None, limits=None, cwd=None):
        """`limits`: called in the child before the program starts, to set resource limits."""
        self.out, self.err = tempfile.TemporaryFile(), tempfile.TemporaryFile()
        self.start = time.monotonic()

        def prepare():
            os.nice(max(0, 10 - os.nice(0)))
            if limits:
                limits()

        self.process = subprocess.Popen(
            [os.fspath(a) for a in arguments], stdin=subprocess.DEVNULL, stdout=self.out, stderr=self.err, cwd=cwd,
            env={**os.environ, **(env or {})}, preexec_fn=prepare)
        self.pid = self.process.pid

    def signal(self, number):
        try:
            os.kill(self.pid, number)
        except ProcessLookupError:
            pass

    def isRunning(self):
        return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None

    def wait(self, limit=600):
        """Waits for the end; kills it after `limit` seconds."""
        deadline, pause, hung = self.start + limit, 0.001, False
        while True:
            pid, status, usage = os.wait4(self.pid, os.WNOHANG)
            if pid:
                break
            if time.monotonic() > deadline and not hung:
                hung = True
                self.signal(signal.SIGKILL)
            time.sleep(pause)
            pause = min(pause * 1.5, 0.02)
        seconds = time.monotonic() - self.start
        code = -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
        self.process.returncode = code
        texts = []
        for file in (self.out, self.err):
            file.seek(0)
            texts.append(file.read().decode("utf-8", "replace"))
            file.close()
        return Ended(code, *texts, seconds, usage.ru_maxrss * 1024, hung)


def run(arguments, limit=600, **options):
    """Starts a process and waits for its end."""
    return Started(arguments, **options).wait(limit)


def compiled(source, folder):
    """A library to preload, made of a C file beside this one; None where there is no compiler or it refuses."""
    compiler = shutil.which("cc") or shutil.which("clang")
    if not compiler:
        return None
    made = folder / f"{Path(source).stem}.so"
    here = Path(__file__).resolve().parent
    ended = run([compiler, "-shared", "-fPIC", "-O1", "-o", made, here / source, "-ldl"])
    return made if ended.status == 0 else None
