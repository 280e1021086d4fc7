#!/usr/bin/env python3
"""Write the golden vectors of the front-end tests from an independent NumPy implementation.

    make_frontend_fixtures.py REFERENCE.py OUTDIR

Raw little-endian float32, row-major: wave.f32 (32000 samples: eight sounds of a quarter second end to end, see sounds()),
mel.f32 (198 frames, 64), chunk-mean.f32 and band-mean.f32 (96, 64: the second chunk at half overlap, normalised) and
band-sums.f32 (64: the sum of each mel band's weights).
"""
import argparse, importlib.util
from pathlib import Path
import numpy as np

PART = 4000


def sounds():
    """(8, PART): each sound finds another weakness of a fast front-end."""
    random = np.random.RandomState(20190513)
    t = np.arange(PART) / 16000
    noise = random.uniform(-1, 1, (8, PART))
    tone = lambda hertz: np.sin(2 * np.pi * hertz * t)
    return np.stack([
        0.3 * tone(440) + 0.2 * tone(1234.5) + 0.1 * tone(6789),        # tones in several bands
        0.5 * noise[1],                                                # noise in every band
        1e-6 * noise[2],                                               # near silence: the offset rules
        0.99 * tone(3000) + 1e-5 * noise[3],                           # a loud tone beside quiet bands
        np.clip(5 * tone(180), -1, 32767 / 32768),                     # a clipped tone
        np.zeros(PART),                                                # silence
        0.8 * np.sin(2 * np.pi * (200 * t + 12000 * t**2)),            # a glide over the bands
        np.where(np.arange(PART) % 400 == 37, 1.0, 0.0) + 0.001 * noise[7],     # clicks
    ])


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("reference", type=Path)
    a.add_argument("out", type=Path)
    a = a.parse_args()
    spec = importlib.util.spec_from_file_location("reference", a.reference)
    R = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(R)
    a.out.mkdir(parents=True, exist_ok=True)
    save = lambda name, values: np.ascontiguousarray(values, dtype="<f4").tofile(a.out / f"{name}.f32")

    wave = sounds().reshape(-1).astype(np.float32)
    # In double precision whatever NumPy's version: single would drown the quiet bands beside the loud tone.
    mel = R.log_mel(wave.astype(np.float64))
    chunk = mel[50:50 + R.FRAMES]
    save("wave", wave)
    save("mel", mel)
    save("chunk-mean", chunk - chunk.mean(axis=(0, 1), keepdims=True, dtype=np.float64))
    save("band-mean", chunk - chunk.mean(axis=0, keepdims=True, dtype=np.float64))
    save("band-sums", R.MEL.sum(axis=0, dtype=np.float64))


if __name__ == "__main__":
    main()
