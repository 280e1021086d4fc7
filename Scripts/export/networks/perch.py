"""Perch 2: van Merrienboer et al., Perch 2.0: The Bittern Lesson for Bioacoustics, arXiv 2508.04665, as far as it is
public: the paper, and the authors' reference description of front-end, backbone and prototype head.

EfficientNet-B3 (Tan and Le, arXiv 1905.11946) with ReLU inside its blocks and swish in stem and head; five seconds at
32 kHz; a front-end of its own inside the graph; and scores by similarity to four prototypes a class.
"""
import math

import torch
from torch import nn
from torch.nn import functional

CLASSES, SAMPLES, EMBEDDING = 14_795, 160_000, 1536
BANDS, LOW, HIGH = 128, 60.0, 16_000.0
RATE, WINDOW, HOP, FFT = 32_000, 640, 320, 1024
PROTOTYPES = 4
# EfficientNet-B0's stages: blocks, channels, kernel, stride, expansion; B3 is 1.2 times as wide and 1.4 times as deep.
STAGES = [(1, 16, 3, 1, 1), (2, 24, 3, 2, 6), (2, 40, 5, 2, 6), (3, 80, 3, 2, 6), (3, 112, 5, 1, 6), (4, 192, 5, 2, 6),
          (1, 320, 3, 1, 6)]
STEM, HEAD = 32, 1280
WIDER, DEEPER = 1.2, 1.4
SHORTEST = 1e-5


def width(channels):
    """1.2 times as many, rounded to a multiple of 8 that is not below nine tenths of it."""
    wanted = channels * WIDER
    nearest = max(8, int(wanted + 4) // 8 * 8)
    return nearest if nearest >= 0.9 * wanted else nearest + 8


class FrontEnd(nn.Module):
    """(batch, samples) to (batch, 500, 128): 0.1 ln(max(mel, 0.01)) of magnitudes divided by the window's sum.

    Periodic Hann windows of 20 ms every 10 ms, centred, with zeros beyond the ends; bands even in mel and straight in
    mel (1127 ln(1 + f / 700)), direct current left out. The transform is a convolution with sines and cosines, which
    every version of ONNX has. With a peak, each chunk first loses its mean and is scaled to that peak, as the authors'
    library does.
    """

    def __init__(self, peak):
        super().__init__()
        self.peak = peak
        time = torch.arange(WINDOW, dtype=torch.float64)
        window = 0.5 - 0.5 * torch.cos(2 * math.pi * time / WINDOW)
        bins = torch.arange(FFT // 2 + 1, dtype=torch.float64)
        # The angle is reduced by whole turns while it is still an integer, so that its sine is exact.
        angle = 2 * math.pi / FFT * (bins[:, None] * time % FFT)
        waves = torch.cat([torch.cos(angle), torch.sin(angle)]) * window / window.sum()
        self.register_buffer("waves", waves.float()[:, None], persistent=False)
        self.register_buffer("bank", mel_bank().float(), persistent=False)

    def forward(self, wave):
        if self.peak:
            wave = wave - wave.mean(dim=1, keepdim=True)
            largest = wave.abs().amax(dim=1, keepdim=True)
            # Silence stays silence.
            wave = wave * (self.peak / torch.where(largest > 0, largest, torch.ones_like(largest)))
        padded = functional.pad(wave.unsqueeze(1), (WINDOW // 2, WINDOW // 2))
        parts = functional.conv1d(padded, self.waves, stride=HOP)[..., : SAMPLES // HOP]
        real, imaginary = parts[:, : FFT // 2 + 1], parts[:, FFT // 2 + 1 :]
        magnitude = torch.sqrt(real * real + imaginary * imaginary)
        return 0.1 * torch.log(torch.clamp(magnitude.transpose(1, 2) @ self.bank, min=0.01))


def mel_bank():
    """(513, 128), in double precision."""
    def mel(hertz):
        return 1127 * torch.log1p(hertz / 700)

    edges = torch.linspace(mel(torch.tensor(LOW).double()), mel(torch.tensor(HIGH).double()), BANDS + 2).double()
    places = mel(torch.linspace(0, RATE / 2, FFT // 2 + 1).double())[:, None]
    rising = (places - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - places) / (edges[2:] - edges[1:-1])
    bank = torch.clamp(torch.minimum(rising, falling), min=0)
    bank[0] = 0
    return bank


class SqueezeExcitation(nn.Module):
    """The squeezed size is a quarter of the block's input, not of its expanded channels."""

    def __init__(self, channels, expansion):
        super().__init__()
        self.reduce = nn.Linear(channels, channels // (4 * expansion))
        self.expand = nn.Linear(channels // (4 * expansion), channels)

    def forward(self, x):
        # In two steps: runtimes add up thousands of values one after the other, which loses digits.
        scale = torch.sigmoid(self.expand(torch.relu(self.reduce(x.mean(dim=3).mean(dim=2)))))
        return x * scale.unsqueeze(-1).unsqueeze(-1)


class Block(nn.Module):
    """An inverted bottleneck. Only a stage's first block changes size, and only the others add their input."""

    def __init__(self, channels, out, kernel, stride, expansion, adds_input):
        super().__init__()
        expanded = channels * expansion
        self.kernel, self.stride, self.adds_input = kernel, stride, adds_input
        if expansion > 1:
            self.expand_conv = nn.Conv2d(channels, expanded, 1, bias=False)
            self.expand_norm = nn.BatchNorm2d(expanded)
        self.expands = expansion > 1
        self.depthwise_conv = nn.Conv2d(expanded, expanded, kernel, stride, groups=expanded, bias=False)
        self.depthwise_norm = nn.BatchNorm2d(expanded)
        self.excitation = SqueezeExcitation(expanded, expansion)
        self.project_conv = nn.Conv2d(expanded, out, 1, bias=False)
        self.project_norm = nn.BatchNorm2d(out)

    def padding(self, size):
        """Zeros before and after: as many as halve the size exactly, rounded up, where the stride is 2."""
        before = self.kernel // 2 - (1 - size % 2 if self.stride == 2 else 0)
        return before, self.kernel // 2

    def forward(self, x):
        y = torch.relu(self.expand_norm(self.expand_conv(x))) if self.expands else x
        y = functional.pad(y, (*self.padding(int(y.shape[3])), *self.padding(int(y.shape[2]))))
        y = torch.relu(self.depthwise_norm(self.depthwise_conv(y)))
        y = self.project_norm(self.project_conv(self.excitation(y)))
        return x + y if self.adds_input else y


class Backbone(nn.Module):
    """(batch, 1, 500, 128) to (batch, 1536, 16, 4)."""

    def __init__(self):
        super().__init__()
        channels = width(STEM)
        self.stem_conv = nn.Conv2d(1, channels, 3, 2, bias=False)
        self.stem_norm = nn.BatchNorm2d(channels)
        blocks = []
        for count, out, kernel, stride, expansion in STAGES:
            for number in range(math.ceil(count * DEEPER)):
                first = number == 0
                blocks.append(Block(channels, width(out), kernel, stride if first else 1, expansion, not first))
                channels = width(out)
        self.blocks = nn.ModuleList(blocks)
        self.head_conv = nn.Conv2d(channels, width(HEAD), 1, bias=False)
        self.head_norm = nn.BatchNorm2d(width(HEAD))

    def forward(self, x):
        x = functional.silu(self.stem_norm(self.stem_conv(x)))
        for block in self.blocks:
            x = block(x)
        return functional.silu(self.head_norm(self.head_conv(x)))


class PrototypeHead(nn.Module):
    """The largest cosine of any place with each of a class's prototypes, weighted and summed, and a bias."""

    def __init__(self):
        super().__init__()
        self.prototypes = nn.Parameter(torch.zeros(CLASSES, EMBEDDING, PROTOTYPES))
        self.weights = nn.Parameter(torch.zeros(CLASSES, PROTOTYPES))
        self.bias = nn.Parameter(torch.zeros(CLASSES))
        self.kernel = None

    def units(self):
        """The prototypes at length 1: (1536, classes * 4)."""
        units = self.prototypes / (self.prototypes.norm(dim=1, keepdim=True) + SHORTEST)
        return units.permute(1, 0, 2).reshape(EMBEDDING, CLASSES * PROTOTYPES)

    def freeze(self):
        """Computes the prototypes' lengths once, so that a graph holds only the result."""
        with torch.no_grad():
            self.kernel = nn.Parameter(self.units(), requires_grad=False)
        del self.prototypes

    def forward(self, places):
        kernel = self.units() if self.kernel is None else self.kernel
        places = places / (places.norm(dim=-1, keepdim=True) + SHORTEST)
        cosines = (places @ kernel).amax(dim=1).reshape(-1, CLASSES, PROTOTYPES)
        return (cosines * torch.relu(self.weights)).sum(dim=-1) + self.bias


class Perch(nn.Module):
    """(batch, samples) to scores (batch, 14,795), logits, and embeddings (batch, 1536)."""

    def __init__(self, peak=0.25):
        super().__init__()
        self.front_end = FrontEnd(peak)
        self.backbone = Backbone()
        self.head = PrototypeHead()

    def forward(self, wave):
        x = self.backbone(self.front_end(wave).unsqueeze(1))
        # Both outputs look at all 16 x 4 places: (batch, 64, 1536).
        places = torch.flatten(x, 2).transpose(1, 2)
        return self.head(places), places.mean(dim=1)
