#!/usr/bin/env python3
"""Damaged files of the formats that FFmpeg's libraries read: no crash, no hang, memory within its bound, always a reason."""
import shutil
import subprocess

from bench import Bench
from mutants import Mutants

bench = Bench("hostile_media", __doc__, files=10_000, batch=500)

# The ending, and how FFmpeg's command encodes it.
FORMATS = {
    "m4a": "-c:a aac", "alac.m4a": "-c:a alac", "mp3.mp4": "-c:a libmp3lame", "frag.mp4":
    "-c:a aac -movflags frag_keyframe+empty_moov", "pcm.mov": "-c:a pcm_s24be", "opus.webm": "-c:a libopus",
    "vorbis.webm": "-c:a libvorbis", "flac.mkv": "-c:a flac", "aac.mka": "-c:a aac", "wv": "-c:a wavpack",
    "tta": "-c:a tta", "ac3": "-c:a ac3", "eac3": "-c:a eac3", "dts": "-c:a dca -strict -2 -ac 2 -ar 48000",
    "aac": "-c:a aac", "wma": "-c:a wmav2", "v1.wma": "-c:a wmav1", "avi": "-c:a ac3", "mp3.avi": "-c:a libmp3lame",
    "flv": "-c:a aac", "ts": "-c:a aac", "mpg": "-c:a mp2", "spx": "-c:a libspeex -ar 32000", "flac.ogg": "-c:a flac",
    "mlp": "-c:a mlp -strict -2 -ar 48000", "thd": "-c:a truehd -strict -2 -ar 48000",
    "rm": "-c:a real_144 -ac 1 -ar 8000", "adpcm.avi": "-c:a adpcm_ms", "film.mp4": "-c:v mpeg4 -c:a aac",
    "film.mkv": "-c:v mpeg4 -c:a libopus -ar 48000", "film.avi": "-c:v mpeg4 -c:a libmp3lame",
}


def seeds():
    """Small files of every format that FFmpeg's command makes here, by format."""
    folder = bench.scratch / "seeds"
    folder.mkdir()
    found = {}
    for name, options in FORMATS.items():
        for number, (rate, channels, seconds) in enumerate([(44100, 1, 0.5), (44100, 2, 0.9)]):
            path = folder / f"{number}.{name}"
            sound = f"anoisesrc=r={rate}:d={seconds}:a=0.3:seed={number}"
            picture = ["-f", "lavfi", "-i", f"testsrc=size=64x48:rate=10:duration={seconds}"] if "-c:v" in options else []
            command = ["ffmpeg", "-nostdin", "-v", "error", "-y", "-f", "lavfi", "-i", sound, *picture, "-ac", str(channels),
                       *options.split(), str(path)]
            if subprocess.run(command, capture_output=True).returncode == 0:
                found.setdefault(name, []).append(path.read_bytes())
        if name not in found:
            bench.skip(f"format {name}", "FFmpeg's command cannot make it here")
    return found


if shutil.which("ffmpeg"):
    Mutants(bench, seeds()).run()
bench.skip("all formats", "the command ffmpeg is not installed")
bench.end()
