#!/usr/bin/env python3
"""A full disk and a limit on file sizes: one clear line, status 75 or 74, and a clean resume once there is room."""
import os
import resource
import shutil
import signal
import subprocess

from bench import Bench
from process import run
from product import Product, fresh

bench = Bench("full_disk", __doc__, clips=60, steps=12)
earmark = Product(bench)


def judge(clear, resumed, name, cache, full, again, expected):
    """A run that found no room, and the one that followed when there was."""
    if full.status == 0 and earmark.contents(cache) == expected:
        return  # There was room enough after all: how the clips spread over shards hangs on the workers.
    lines = [line for line in full.err.splitlines() if line.startswith("earmark: ")]
    if not clear(full.status in (74, 75) and len(lines) == 1, f"{name}: {full.line}"):
        return
    found = earmark.contents(cache)
    report, ended = earmark.verify(cache)
    resumed(again.status == 0 and found == expected and ended.status == 0,
            f"{name}: {again.line}; {found.get('error', 'exports ' + ('same' if found == expected else 'differ'))}; "
            f"verify {ended.status}")


def tmpfs(manifest, expected, size):
    """File systems from one that is far too small to one that is nearly large enough."""
    mount = bench.scratch / "small"
    mount.mkdir()
    with bench.many("a full file system: one line, status 75 or 74") as clear, \
            bench.many("and a clean resume once there is room") as resumed, \
            bench.many("status answers while the disk is full") as answers:
        for step in range(bench.options.steps):
            room = 65536 + (size - 65536) * step // bench.options.steps
            if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={room}", "tmpfs", mount]).returncode != 0:
                bench.skip("a small tmpfs", "it cannot be mounted here")
                return
            try:
                cache = mount / "cache"
                full = earmark.run(cache, manifest, workers=step % 3 + 1, limit=120)
                state, ended = earmark.status(cache)
                adds = state and state["done"] + state["failed"] + state["pending"] == state["clips"]
                answers(adds or ended.status in (65, 74, 75) and not ended.died, f"{room} bytes: {ended.line}")
                subprocess.run(["mount", "-o", f"remount,size={size * 4}", mount], check=True)
                again = earmark.run(cache, manifest, limit=120)
                judge(clear, resumed, f"{room} bytes", cache, full, again, expected)
            finally:
                subprocess.run(["umount", mount], check=True)


def file_size(manifest, expected, largest):
    """RLIMIT_FSIZE with SIGXFSZ ignored gives EFBIG; with its default action it kills, which must do no harm either."""
    with bench.many("a limit on file sizes: one line, status 75 or 74") as clear, \
            bench.many("and a clean resume without the limit") as resumed, \
            bench.many("killed by SIGXFSZ, a clean resume too") as killed:
        for step in range(bench.options.steps):
            room = 1024 + largest * step // bench.options.steps
            for ignored in (True, False):
                def limits():
                    signal.signal(signal.SIGXFSZ, signal.SIG_IGN if ignored else signal.SIG_DFL)
                    resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))
                cache = fresh(bench.scratch / "limited")
                full = earmark.run(cache, manifest, workers=step % 3 + 1, limits=limits, limit=120)
                again = earmark.run(cache, manifest, limit=120)
                if ignored:
                    judge(clear, resumed, f"{room} bytes a file", cache, full, again, expected)
                else:
                    killed(full.status in (-signal.SIGXFSZ, 0, 74, 75) and again.status == 0
                           and earmark.contents(cache) == expected, f"{room} bytes: {full.line} / {again.line}")


def descriptors(manifest, expected):
    """Too few file descriptors."""
    with bench.many("too few file descriptors: an error or failures, never lost clips") as told:
        for room in (4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 16, 20):
            cache = fresh(bench.scratch / "few")
            few = earmark.run(cache, manifest, workers=4, limit=120,
                              limits=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (room, room)))
            if few.status == 3:
                earmark("retry", "--cache", cache)
            again = earmark.run(cache, manifest, limit=120)
            told(not few.died and few.status != 0 or few.status == 0 and room > 8, f"{room}: {few.line}")
            told(again.status == 0 and earmark.contents(cache) == expected, f"{room}, again: {few.line} / {again.line}")


def exports(cache):
    """An export onto a full device leaves no half table."""
    mount = bench.scratch / "tiny"
    mount.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4096", "tmpfs", mount]).returncode != 0:
        return
    try:
        (mount / "filler").write_bytes(bytes(4096))
        out = mount / "index.csv"
        ended = earmark("export", "index", "--cache", cache, "--out", out)
        bench.check("an export without room: one line, status 75 or 74, no half file",
                    ended.status in (74, 75) and not out.exists(), ended.line)
    finally:
        subprocess.run(["umount", mount], check=True)


def main():
    manifest = earmark.corpus("corpus", bench.options.clips)
    cache = bench.scratch / "undisturbed"
    bench.check("an undisturbed run", earmark.run(cache, manifest).status == 0)
    expected = earmark.contents(cache)
    sizes = [p.stat().st_size for p in cache.rglob("*") if p.is_file()]
    file_size(manifest, expected, max(sizes))
    descriptors(manifest, expected)
    if os.getuid() == 0 and shutil.which("mount") and run(["mount", "--version"]).status == 0:
        tmpfs(manifest, expected, sum(sizes))
        exports(cache)
    else:
        bench.skip("a small tmpfs", "only root may mount one")
    bench.end()


main()
