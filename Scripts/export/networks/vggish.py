"""VGGish: Hershey et al., CNN Architectures for Large-Scale Audio Classification, arXiv 1609.09430.

VGG's configuration A with four groups of convolutions instead of five, for log-mel patches of 96 frames and 64 bands,
and 128 units in place of the classifier. Names are those of the PyTorch conversion of the official weights.
"""
import torch
from torch import nn

BANDS, FRAMES = 64, 96
UNITS, EMBEDDING = 4096, 128
# Output channels of the 3 x 3 convolutions; each group ends in a 2 x 2 maximum.
GROUPS = [(64,), (128,), (256, 256), (512, 512)]


class VGGish(nn.Module):
    """(batch, frames, bands) to embeddings (batch, 128).

    The official definition ends without a nonlinearity ("the embedding value is pre-activation"); the PyTorch
    conversion adds a ReLU. `rectified` gives the latter.
    """

    def __init__(self, rectified=False):
        super().__init__()
        layers, channels = [], 1
        for group in GROUPS:
            for width in group:
                layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU()]
                channels = width
            layers.append(nn.MaxPool2d(2))
        self.features = nn.Sequential(*layers)
        flat = channels * (FRAMES >> len(GROUPS)) * (BANDS >> len(GROUPS))
        self.embeddings = nn.Sequential(
            nn.Linear(flat, UNITS), nn.ReLU(), nn.Linear(UNITS, UNITS), nn.ReLU(), nn.Linear(UNITS, EMBEDDING),
            *([nn.ReLU()] if rectified else []))

    def forward(self, mel):
        x = self.features(mel.unsqueeze(1))
        # The weights were trained with channels last: flattened as (frames, bands, channels).
        return (self.embeddings(torch.flatten(x.permute(0, 2, 3, 1), 1)),)
