#!/usr/bin/env python3
"""Damaged zip and tar archives: no crash, no hang, memory within its bound; each clip has the rows of the whole
archive's clip, or a recorded reason."""
import csv
import io
import shutil
import tarfile
import zipfile

from bench import Bench
from damage import mutated
from product import Product, fresh

bench = Bench("hostile_archives", __doc__, archives=2_000, batch=100)
earmark = Product(bench)
BOUND = 300 << 20
SECONDS = 120


def wav(seconds):
    """A WAV file of noise: 16 bits, mono, 16 kHz."""
    data = bench.random.randbytes(int(seconds * 16000) * 2)
    head = b"WAVEfmt " + (16).to_bytes(4, "little") + bytes([1, 0, 1, 0]) + (16000).to_bytes(4, "little") \
        + (32000).to_bytes(4, "little") + bytes([2, 0, 16, 0]) + b"data" + len(data).to_bytes(4, "little")
    return b"RIFF" + (len(head) + len(data)).to_bytes(4, "little") + head + data


MEMBERS = {"a.wav": wav(0.3), "long folder " * 10 + "/name.wav": wav(0.2), "c.wav": wav(0.1)}


def seeds():
    """Archives of the same members in every form that Python writes, by ending."""
    found = []
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", method) as file:
            for name, data in MEMBERS.items():
                file.writestr(name, data)
        found.append(("zip", out.getvalue()))
    for form in (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w", format=form) as file:
            for name, data in MEMBERS.items():
                entry = tarfile.TarInfo(name)
                entry.size = len(data)
                file.addfile(entry, io.BytesIO(data))
        found.append(("tar", out.getvalue()))
    return found


def headers_mutated(data, random, most):
    """Damage to at most so many bytes where names, sizes and places stand: outside of the recordings' samples."""
    out = bytearray(data)
    samples = []
    for member in MEMBERS.values():
        start = data.find(member)
        if start >= 0:
            samples.append(range(start, start + len(member)))
    for _ in range(random.randint(1, most)):
        place = random.randrange(len(out))
        while any(place in one for one in samples):
            place = random.randrange(len(out))
        out[place] = random.randrange(256)
    return bytes(out)


def batch(found, first, count):
    """Writes a batch of mutated archives and the manifest of their members; returns whether each clip's samples may have
    been changed in a way that nothing can find."""
    folder = fresh(bench.scratch / "batch")
    folder.mkdir()
    unchecked = {}
    with open(folder / "manifest.csv", "w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["clip", "path"])
        for number in range(first, first + count):
            ending, data = found[number % len(found)]
            # A tar's checksums are sums, which two changes may leave as they are.
            most = 1 if ending == "tar" else 4
            isHeader = number // len(found) % 2 == 0
            damaged = headers_mutated(data, bench.random, most) if isHeader else mutated(data, bench.random)
            (folder / f"{number}.{ending}").write_bytes(damaged)
            for place, name in enumerate(MEMBERS):
                clip = f"{number}-{place}"
                unchecked[clip] = ending == "tar" and not isHeader
                rows.writerow([clip, f"{number}.{ending}!/{name}"])
    return folder, unchecked


def rows_by_clip(cache):
    """The digests of each clip's rows, by clip."""
    found = {}
    for clip, kind, *rest in earmark.contents(cache).get("rows", []):
        found.setdefault(clip, []).append((kind, *rest))
    return {clip: sorted(rows) for clip, rows in found.items()}


def main():
    found = seeds()
    plain = fresh(bench.scratch / "plain")
    plain.mkdir()
    with open(plain / "manifest.csv", "w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["clip", "path"])
        for place, data in enumerate(MEMBERS.values()):
            (plain / f"{place}.wav").write_bytes(data)
            rows.writerow([str(place), f"{place}.wav"])
    earmark.run(plain / "cache", plain / "manifest.csv")
    expected = rows_by_clip(plain / "cache")
    bench.check("the recordings themselves are done", len(expected) == len(MEMBERS), str(len(expected)))
    total, first, done, failed, peak, kinds = bench.options.archives, 0, 0, 0, 0, {}
    with bench.many("no batch ends by a signal or hangs") as alive, bench.many("peak memory under 300 MB") as memory, \
            bench.many("each clip has the right rows, or a reason") as right:
        while first < total:
            count = min(bench.options.batch, total - first)
            folder, unchecked = batch(found, first, count)
            cache = folder / "cache"
            ended = earmark.run(cache, folder / "manifest.csv", workers=2, limit=SECONDS)
            alive(not ended.died and ended.status in (0, 3), f"archives {first} to {first + count}: {ended.line}")
            peak = max(peak, ended.peak)
            memory(ended.peak < BOUND, f"archives {first} to {first + count}: {ended.peak >> 20} MB")
            state, told = earmark.status(cache)
            if right(state is not None, told.line):
                named = {f["clip"] for f in state["failures"] if f["reason"] and f["class"] != "internal"}
                right(state["done"] + len(named) == len(unchecked) and state["pending"] == 0,
                      f"{state['done']} done, {len(named)} with a reason of {len(unchecked)}")
                for failure in state["failures"]:
                    kinds[failure["class"]] = kinds.get(failure["class"], 0) + 1
                done, failed = done + state["done"], failed + len(named)
                for clip, rows in rows_by_clip(cache).items():
                    if not unchecked[clip]:
                        right(rows == expected[clip.split("-")[1]], f"clip {clip} has other rows; in {folder}")
            first += count
            shutil.rmtree(folder)
    bench.note(f"{total} archives: {done} clips done, {failed} failed ("
               + ", ".join(f"{k} {v}" for k, v in sorted(kinds.items())) + f"); peak {peak >> 20} MB")
    bench.check("both outcomes occur", done > 0 and failed > 0, f"{done} done, {failed} failed")
    bench.end()


main()
