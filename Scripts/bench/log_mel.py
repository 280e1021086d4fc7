"""Log-mel patches of a clip by the settings of a `log-mel` stage or a model card, in double precision, in NumPy alone.

Written from the settings' descriptions (Docs/Pipelines.md), independently of Sources/Features.
"""
import numpy as np

# The published front-ends, in the words of the settings. Sources: Gemmeke and Ellis's YAMNet; Hershey et al., arXiv
# 1609.09430; Kong et al., arXiv 1912.10211; Schmid et al., arXiv 2211.04772; Gong et al., arXiv 2104.01778; Radford et
# al., arXiv 2212.04356; librosa's own defaults.
COMMON = {
    "window-shape": "hann", "mel-scale": "htk", "triangles": "mel", "band-norm": "none", "framing": "left",
    "dc": "keep", "pre-emphasis": 0, "pre-emphasis-of": "frame", "spectrum": "magnitude", "logarithm": "natural",
    "reference": 1, "offset": 0, "floor": 0, "range": 0, "mean": 0, "deviation": 1}
LIBROSA = {"mel-scale": "slaney", "triangles": "hertz", "band-norm": "area", "spectrum": "power"}
PRESETS = {
    "yamnet": {"rate": 16000, "window": 400, "hop": 160, "fft": 512, "bands": 64, "low": 125, "high": 7500,
               "offset": 0.001, "chunk": 16000, "patch": 96},
    "vggish": {"rate": 16000, "window": 400, "hop": 160, "fft": 512, "bands": 64, "low": 125, "high": 7500,
               "offset": 0.01, "chunk": 15360, "patch": 96},
    "panns": {**LIBROSA, "rate": 32000, "window": 1024, "hop": 320, "fft": 1024, "bands": 64, "low": 50, "high": 14000,
              "framing": "centred-reflect", "logarithm": "decibel", "floor": 1e-10, "chunk": 320000, "patch": 1001},
    "efficientat": {"rate": 32000, "window": 800, "window-shape": "symmetric-hann", "hop": 320, "fft": 1024,
                    "bands": 128, "low": 0, "high": 15000, "framing": "centred-reflect", "pre-emphasis": 0.97,
                    "pre-emphasis-of": "wave", "spectrum": "power", "offset": 1e-5, "mean": -4.5, "deviation": 5,
                    "chunk": 320000, "patch": 1000},
    "ast": {"rate": 16000, "window": 400, "window-shape": "symmetric-hann", "hop": 160, "fft": 512, "bands": 128,
            "low": 20, "high": 8000, "dc": "remove", "pre-emphasis": 0.97, "spectrum": "power", "floor": 2.0**-23,
            "mean": -4.2677393, "deviation": 2 * 4.5689974, "chunk": 163840, "patch": 1024},
    "whisper": {**LIBROSA, "rate": 16000, "window": 400, "hop": 160, "fft": 400, "bands": 80, "low": 0, "high": 8000,
                "framing": "centred-reflect", "logarithm": "decimal", "floor": 1e-10, "range": 8, "mean": -4,
                "deviation": 4, "chunk": 480000, "patch": 3000},
    "librosa": {**LIBROSA, "rate": 22050, "window": 2048, "hop": 512, "fft": 2048, "bands": 128, "low": 0,
                "high": 11025, "framing": "centred-zero", "logarithm": "decibel", "floor": 1e-10, "range": 80,
                "chunk": 22528, "patch": 44},
}


def settings(preset, changed=None):
    """All settings of a preset; `changed` overrides some and may hold other keys, which are not looked at."""
    made = {**COMMON, **PRESETS[preset]}
    for key, value in (changed or {}).items():
        if key in made:
            made[key] = type(made[key])(value) if isinstance(made[key], str) else float(value)
    for key in ("rate", "window", "hop", "fft", "bands", "chunk", "patch"):
        made[key] = int(made[key])
    return made


def window(s):
    kind, _, rest = s["window-shape"].rpartition("symmetric-")
    period = s["window"] - 1 if s["window-shape"].startswith("symmetric-") or rest == "povey" else s["window"]
    cosine = np.cos(2 * np.pi * np.arange(s["window"]) / period)
    return {"hann": 0.5 - 0.5 * cosine, "hamming": 0.54 - 0.46 * cosine,
            "povey": np.maximum(0.5 - 0.5 * cosine, 0) ** 0.85}[rest]


def to_mel(hertz, scale):
    hertz = np.asarray(hertz, np.float64)
    if scale == "htk":
        return 1127 * np.log1p(hertz / 700)
    # Slaney's: 3 mel for 200 Hz below 1 kHz, then 27 for each factor of 6.4.
    return np.where(hertz < 1000, hertz * 3 / 200, 15 + 27 * np.log(np.maximum(hertz, 1000) / 1000) / np.log(6.4))


def to_hertz(mel, scale):
    if scale == "htk":
        return 700 * np.expm1(mel / 1127)
    return np.where(mel < 15, mel * 200 / 3, 1000 * np.exp((mel - 15) / 27 * np.log(6.4)))


def bank(s):
    """(fft / 2 + 1, bands): triangles between band edges that are even in mel."""
    bins = np.arange(s["fft"] // 2 + 1) * s["rate"] / s["fft"]
    edges = np.linspace(to_mel(s["low"], s["mel-scale"]), to_mel(s["high"], s["mel-scale"]), s["bands"] + 2)
    hertz = to_hertz(edges, s["mel-scale"])
    if s["triangles"] == "hertz":
        edges = hertz
    else:
        bins = to_mel(bins, s["mel-scale"])
    bins = bins[:, None]
    weights = np.maximum(0, np.minimum((bins - edges[:-2]) / (edges[1:-1] - edges[:-2]),
                                       (edges[2:] - bins) / (edges[2:] - edges[1:-1])))
    return weights * 2 / (hertz[2:] - hertz[:-2]) if s["band-norm"] == "area" else weights


def frames(wave, s):
    """(samples,) to (frames, window): the samples of each frame before the window."""
    if s["pre-emphasis"] and s["pre-emphasis-of"] == "wave":
        wave = wave[1:] - s["pre-emphasis"] * wave[:-1]
    if s["framing"] != "left":
        side = s["fft"] // 2
        wave = np.pad(wave, side, mode="reflect" if s["framing"] == "centred-reflect" else "constant")
        # The window stands in the middle of the transform's points.
        inset = (s["fft"] - s["window"]) // 2
        count = 1 + (len(wave) - s["fft"]) // s["hop"]
    else:
        inset, count = 0, 1 + (len(wave) - s["window"]) // s["hop"]
    starts = inset + s["hop"] * np.arange(max(0, count))
    found = wave[starts[:, None] + np.arange(s["window"])]
    if s["dc"] == "remove":
        found = found - found.mean(axis=1, keepdims=True)
    if s["pre-emphasis"] and s["pre-emphasis-of"] == "frame":
        found = found - s["pre-emphasis"] * np.concatenate([found[:, :1], found[:, :-1]], axis=1)
    return found


def log_mel(wave, s):
    """(samples,) to (frames, bands), before range, mean and deviation."""
    spectrum = np.abs(np.fft.rfft(frames(wave, s) * window(s), s["fft"], axis=1))
    mel = (spectrum**2 if s["spectrum"] == "power" else spectrum) @ bank(s)
    raised = np.maximum(mel + s["offset"], s["floor"])
    if s["logarithm"] == "natural":
        return np.log(raised)
    if s["logarithm"] == "decimal":
        return np.log10(raised)
    decibels = 10 if s["spectrum"] == "power" else 20
    return decibels * (np.log10(raised) - np.log10(max(s["reference"], s["floor"])))


def span(s):
    """Samples of a lone chunk: the chunk, or more if its patch reaches beyond it."""
    lost = 1 if s["pre-emphasis"] and s["pre-emphasis-of"] == "wave" else 0
    return max(s["chunk"], (s["patch"] - 1) * s["hop"] + (s["window"] if s["framing"] == "left" else 0) + lost)


def starts(samples, chunk, hop):
    """First samples of a clip's chunks: one, and more until one reaches the clip's end."""
    return [hop * i for i in range(1 if samples <= chunk else -((chunk - samples) // hop) + 1)]


def patches(wave, s, hop):
    """(samples,) to (chunks, patch, bands). The clip is followed by zeros up to the last chunk's end."""
    begins = starts(len(wave), s["chunk"], hop)
    padded = np.pad(np.asarray(wave, np.float64), (0, max(0, begins[-1] + span(s) - len(wave))))
    rows = log_mel(padded, s)
    found = np.stack([rows[begin // s["hop"]:begin // s["hop"] + s["patch"]] for begin in begins])
    if s["range"]:
        found = np.maximum(found, found.max(axis=(1, 2), keepdims=True) - s["range"])
    return (found - s["mean"]) / s["deviation"]
