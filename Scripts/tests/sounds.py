#!/usr/bin/env python3
"""Compares the sound of a stretch with the same stretch of its recording, as soundfile decodes both.

    sounds.py exact SOURCE FILE FIRST SECONDS      every sample the same to half a step of 16 bits; 16-bit sources to the last bit
    sounds.py near SOURCE FILE FIRST SECONDS       one channel, aligned to a tenth of a millisecond, of that length, and much the same

Prints "same", or "aligned", if so.
"""
import sys

import numpy as np
import soundfile

how, source, path, first, seconds = sys.argv[1], sys.argv[2], sys.argv[3], float(sys.argv[4]), float(sys.argv[5])
info = soundfile.info(source)
whole, rate = soundfile.read(source, dtype="float64", always_2d=True)
start, end = round(first * rate), round((first + seconds) * rate)
expected = whole[start:end]
found, own = soundfile.read(path, dtype="float64", always_2d=True)
if how == "exact":
    assert soundfile.info(path).subtype == "PCM_16", soundfile.info(path).subtype
    assert own == rate, f"{own} Hz, expected {rate}"
    assert found.shape == expected.shape, f"{found.shape}, expected {expected.shape}"
    step = 1 / 2 ** 15
    limit = 0 if info.subtype in ("PCM_16", "PCM_U8") else step / 2 * 1.000001
    worst = np.abs(found - np.clip(expected, -1, 1 - step)).max()
    assert worst <= limit, f"a sample is off by {worst}, expected at most {limit}"
    print("same")
else:
    assert own == 48000 and found.shape[1] == 1, f"{own} Hz, {found.shape[1]} channels"
    assert abs(len(found) - seconds * 48000) <= 1, f"{len(found)} frames, expected {seconds * 48000}"
    # The source at 48 kHz, by its spectrum; of a rate that divides 48 kHz or the other way round this is exact.
    mono = expected.mean(axis=1)
    size = round(len(mono) * 48000 / rate)
    spectrum = np.fft.rfft(mono)
    target = np.zeros(size // 2 + 1, complex)
    count = min(len(spectrum), len(target))
    target[:count] = spectrum[:count]
    wanted = np.fft.irfft(target, size) * size / len(mono)
    length = min(len(wanted), len(found))
    a, b = wanted[:length], found[:length, 0]
    room = 2 ** (2 * length - 1).bit_length()
    match = np.fft.irfft(np.conj(np.fft.rfft(a, room)) * np.fft.rfft(b, room), room)
    lag = int(match.argmax())
    lag -= room if lag > room // 2 else 0
    # At low rates Opus codes by linear prediction, whose resampler shifts by two samples.
    assert abs(lag) <= 4, f"it lies {lag} samples late"
    alike = (a @ b) / np.sqrt((a @ a) * (b @ b))
    assert alike > 0.9, f"a correlation of {alike}"
    print("aligned")
