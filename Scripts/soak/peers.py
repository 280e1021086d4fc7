"""Makes the audio files of the topics: through soundfile where the interpreter has it, else through one that has."""
import os
import subprocess
import sys

# WAV beside the formats that libsndfile writes; the ending, its format and its subtype.
FORMATS = {
    "wav": ("WAV", "PCM_16"), "wav24": ("WAV", "PCM_24"), "wavf": ("WAV", "FLOAT"), "wavu": ("WAV", "PCM_U8"),
    "adpcm": ("WAV", "IMA_ADPCM"), "ulaw": ("WAV", "ULAW"), "wavex": ("WAVEX", "PCM_16"), "flac": ("FLAC", "PCM_16"),
    "flac24": ("FLAC", "PCM_24"), "ogg": ("OGG", "VORBIS"), "opus": ("OGG", "OPUS"), "mp3": ("MP3", "MPEG_LAYER_III"),
    "aiff": ("AIFF", "PCM_16"), "aiff24": ("AIFF", "PCM_24"), "w64": ("W64", "PCM_16"), "rf64": ("RF64", "PCM_16"),
    "caf": ("CAF", "PCM_16"), "alac": ("CAF", "ALAC_16"), "au": ("AU", "PCM_16"), "voc": ("VOC", "PCM_16"),
}


def interpreter():
    """A Python that has soundfile: this one, $SOUNDFILE_PYTHON or the system's; None where there is none."""
    for candidate in (sys.executable, os.environ.get("SOUNDFILE_PYTHON"), "/usr/bin/python3"):
        if candidate and os.path.exists(candidate):
            if subprocess.run([candidate, "-c", "import soundfile, numpy"], capture_output=True).returncode == 0:
                return candidate
    return None


WRITER = """
import json, sys, numpy, soundfile
for path, form, subtype, rate, channels, seconds, seed in json.load(sys.stdin):
    noise = numpy.random.default_rng(seed)
    time = numpy.arange(int(rate * seconds)) / rate
    wave = 0.4 * numpy.sin(2 * numpy.pi * (300 + 200 * time) * time)[:, None] + \
        0.05 * noise.standard_normal((len(time), channels))
    try:
        soundfile.write(path, wave, rate, format=form, subtype=subtype)
        print(path)
    except Exception as fault:
        print(f"{path}: {fault}", file=sys.stderr)
"""


def write(files):
    """Writes files, each (path, format, subtype, rate, channels, seconds, seed); returns those that were written."""
    import json
    python = interpreter()
    if python is None:
        return []
    text = json.dumps([[str(f[0]), *f[1:]] for f in files])
    made = subprocess.run([python, "-c", WRITER], input=text, capture_output=True, text=True)
    return made.stdout.split("\n")[:-1]
