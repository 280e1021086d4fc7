#!/usr/bin/env python3
"""Damaged audio files of every format: no crash, no hang, memory within its bound, always a recorded reason."""
import peers
from bench import Bench
from mutants import Mutants

bench = Bench("hostile_audio", __doc__, files=10_000, batch=500)


def plain_wav():
    """A WAV file without any library: 16 bits, mono, 22.05 kHz, half a second."""
    data = bench.random.randbytes(22050)
    head = b"WAVEfmt " + (16).to_bytes(4, "little") + bytes([1, 0, 1, 0]) + (22050).to_bytes(4, "little") \
        + (44100).to_bytes(4, "little") + bytes([2, 0, 16, 0]) + b"data" + len(data).to_bytes(4, "little")
    return b"RIFF" + (len(head) + len(data)).to_bytes(4, "little") + head + data


def seeds():
    """Small sound files of every format that can be made here, by format."""
    folder = bench.scratch / "seeds"
    folder.mkdir()
    wanted = []
    for name, (form, subtype) in peers.FORMATS.items():
        for number, (rate, channels, seconds) in enumerate([(16000, 1, 0.4), (44100, 2, 0.7), (8000, 1, 1.3)]):
            # Opus knows 8, 12, 16, 24 and 48 kHz.
            rate = 48000 if name == "opus" and rate == 44100 else rate
            wanted.append((folder / f"{number}.{name}", form, subtype, rate, channels, seconds, number))
    made = peers.write(wanted)
    found = {"plain": [plain_wav()]}
    for path in made:
        found.setdefault(path.rsplit(".", 1)[1], []).append(open(path, "rb").read())
    for name in peers.FORMATS:
        if name not in found:
            bench.skip(f"format {name}", "it cannot be made here; the Python module soundfile makes it")
    return found


Mutants(bench, seeds()).run()
