"""CED-tiny: Dinkel et al., CED: Consistent Ensemble Distillation for Audio Tagging, arXiv 2308.11957.

A vision transformer of 192 dimensions, 12 blocks and 3 heads over patches of 16 x 16 without overlap, of 64 bands, with
positional embeddings for time and frequency apart. Its published forward pass ends in a sigmoid.
"""
import torch
from torch import nn

from .transformer import EPSILON, Block, PatchEmbedding

CLASSES, BANDS, FRAMES = 527, 64, 1001
SIZE, DEPTH, HEADS, PATCH = 192, 12, 3, 16
EMBEDDING = SIZE
# The longest input that the positional embeddings cover, in frames.
LONGEST = 1012


class BandNorm(nn.Sequential):
    """Batch normalization by band. It stands at position 1 of the release's sequence, between two permutations."""

    def __init__(self, bands):
        super().__init__(nn.Identity(), nn.BatchNorm2d(bands, momentum=0.01), nn.Identity())

    def forward(self, mel):
        return self[1](mel.permute(0, 2, 1).unsqueeze(2)).permute(0, 2, 1, 3)


class CED(nn.Module):
    """(batch, frames, bands) to scores (batch, 527), from 0 to 1, and embeddings (batch, 192)."""

    def __init__(self):
        super().__init__()
        self.init_bn = BandNorm(BANDS)
        self.patch_embed = PatchEmbedding(SIZE, PATCH)
        self.time_pos_embed = nn.Parameter(torch.zeros(1, SIZE, 1, LONGEST // PATCH))
        self.freq_pos_embed = nn.Parameter(torch.zeros(1, SIZE, BANDS // PATCH, 1))
        self.blocks = nn.Sequential(*[Block(SIZE, HEADS) for _ in range(DEPTH)])
        self.norm = nn.LayerNorm(SIZE, eps=EPSILON)
        self.outputlayer = nn.Sequential(nn.LayerNorm(SIZE), nn.Linear(SIZE, CLASSES))

    def forward(self, mel):
        x = self.patch_embed(self.init_bn(mel))
        x = x + self.time_pos_embed[..., : x.shape[-1]] + self.freq_pos_embed
        x = self.norm(self.blocks(torch.flatten(x, 2).transpose(1, 2)))
        embeddings = x.mean(dim=1)
        return torch.sigmoid(self.outputlayer(embeddings)), embeddings
