"""The networks that can be exported: what each takes and gives, and how many parameters it was published with."""
import dataclasses
from typing import Callable

import renames
from networks import audio_spectrogram_transformer, ced, cnn14, mobilenet_v3, perch, vggish


@dataclasses.dataclass(frozen=True)
class Network:
    name: str
    build: Callable
    # The graph's one input, `mel` of shape (batch, frames, bands) or `wave` of shape (batch, samples).
    input: str
    # Of one input, without the batch.
    shape: tuple
    # Sizes of the outputs by name, in the order in which the module gives them.
    outputs: dict
    # What the scores are: logits, or probabilities where the published network itself ends in a sigmoid.
    scores: str | None
    rate: int
    # The length of a chunk, in samples.
    chunk: int
    front_end: str
    # The parameters of this graph, exactly; and what was published, in millions, with its source.
    parameters: int
    published: float
    source: str
    # Mean and deviation of typical inputs, for random ones.
    mean: float
    spread: float
    # Parameters that the published number counts and the graph has no use for.
    uncounted: int = 0
    # Entries of the published state dictionary that are not loaded, and why.
    unused: dict = dataclasses.field(default_factory=dict)
    # Turns the names of other copies of the weights into the release's.
    rename: Callable = dict
    # Of the batch that settles batch normalization: the whole patch would take long.
    settling_frames: int | None = None


def cnn14_network(name, rate, front_end):
    return Network(
        name, cnn14.Cnn14, "mel", (1001, cnn14.BANDS), {"scores": cnn14.CLASSES, "embeddings": cnn14.EMBEDDING},
        "probabilities", rate, 10 * rate, front_end, 80_753_615, 80.8,
        "Kong et al., arXiv 1912.10211, table of complexities: 80,753,615", -25, 15,
        unused={"spectrogram_extractor.": "the front-end's Fourier transform",
                "logmel_extractor.": "the front-end's mel bands"},
        settling_frames=128)


NETWORKS = {network.name: network for network in [
    Network(
        "vggish", vggish.VGGish, "mel", (vggish.FRAMES, vggish.BANDS), {"embeddings": vggish.EMBEDDING}, None, 16_000,
        15_360, "preset vggish", 72_141_184, 72.1, "the layers of Hershey et al., arXiv 1609.09430, added up", -2, 1.5,
        unused={"pproc.": "the postprocessor's principal components"}),
    cnn14_network("panns-cnn14", 32_000, "preset panns"),
    cnn14_network("panns-cnn14-16k", 16_000, "preset panns with rate 16000, window 512, hop 160, fft 512, high 8000"),
    Network(
        "efficientat-mn10", mobilenet_v3.MobileNetV3, "mel", (mobilenet_v3.FRAMES, mobilenet_v3.BANDS),
        {"scores": mobilenet_v3.CLASSES, "embeddings": mobilenet_v3.EMBEDDING}, "logits", 32_000, 320_000,
        "preset efficientat", 4_876_831, 4.88, "the release's table of models, mn10_as", -0.5, 0.7),
    Network(
        "ced-tiny", ced.CED, "mel", (ced.FRAMES, ced.BANDS), {"scores": ced.CLASSES, "embeddings": ced.EMBEDDING},
        "probabilities", 16_000, 160_000,
        "rate 16000, window 512, hop 160, fft 512, 64 bands of 0-8000 Hz (htk, triangles hertz), centred-reflect, "
        "power, decibel, floor 1e-10, range 120", 5_503_183, 5.5,
        "Dinkel et al., arXiv 2308.11957, and the release's table", -25, 15,
        unused={"front_end.": "the front-end's window and mel bands"},
        rename=renames.ced),
    Network(
        "ast", audio_spectrogram_transformer.AudioSpectrogramTransformer, "mel",
        (audio_spectrogram_transformer.FRAMES, audio_spectrogram_transformer.BANDS),
        {"scores": audio_spectrogram_transformer.CLASSES, "embeddings": audio_spectrogram_transformer.EMBEDDING},
        "logits", 16_000, 163_840, "preset ast", 86_594_063, 88.1,
        "86,594,063 in the copy that the transformers library reads; 88.1 counts DeiT's two heads too", 0, 0.5,
        uncounted=1_538_000,
        unused={"v.head.": "DeiT's classifier of images", "v.head_dist.": "DeiT's distillation classifier of images"},
        rename=renames.ast),
    Network(
        "perch-2", perch.Perch, "wave", (perch.SAMPLES,), {"scores": perch.CLASSES, "embeddings": perch.EMBEDDING},
        "logits", perch.RATE, perch.SAMPLES, "in the graph", 101_669_967, 101.7,
        "the release as converted to PyTorch: 10.7 without the class head", 0, 0.1),
]}
