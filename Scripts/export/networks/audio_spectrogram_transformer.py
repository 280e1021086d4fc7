"""AST: Gong et al., AST: Audio Spectrogram Transformer, arXiv 2104.01778: DeiT-base distilled (Touvron et al., arXiv
2012.12877) over patches of 16 x 16 that overlap by 6 in time and frequency, for 1024 frames of 128 bands.
"""
import torch
from torch import nn

from .transformer import EPSILON, Block, PatchEmbedding

CLASSES, BANDS, FRAMES = 527, 128, 1024
SIZE, DEPTH, HEADS, PATCH, STRIDE = 768, 12, 12, 16, 10
EMBEDDING = SIZE


class Encoder(nn.Module):
    """Tokens of the patches, after a class token and a distillation token, through the transformer."""

    def __init__(self):
        super().__init__()
        patches = ((BANDS - PATCH) // STRIDE + 1) * ((FRAMES - PATCH) // STRIDE + 1)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, SIZE))
        self.dist_token = nn.Parameter(torch.zeros(1, 1, SIZE))
        self.pos_embed = nn.Parameter(torch.zeros(1, 2 + patches, SIZE))
        self.patch_embed = PatchEmbedding(SIZE, STRIDE)
        self.blocks = nn.ModuleList([Block(SIZE, HEADS) for _ in range(DEPTH)])
        self.norm = nn.LayerNorm(SIZE, eps=EPSILON)

    def forward(self, spectrogram):
        patches = torch.flatten(self.patch_embed(spectrogram), 2).transpose(1, 2)
        batch = patches.shape[0]
        x = torch.cat([self.cls_token.expand(batch, -1, -1), self.dist_token.expand(batch, -1, -1), patches], dim=1)
        x = x + self.pos_embed
        for block in self.blocks:
            x = block(x)
        return self.norm(x)


class AudioSpectrogramTransformer(nn.Module):
    """(batch, frames, bands) to scores (batch, 527), logits, and embeddings (batch, 768).

    The embedding is the mean of the two tokens, which the classifier takes.
    """

    def __init__(self):
        super().__init__()
        self.v = Encoder()
        self.mlp_head = nn.Sequential(nn.LayerNorm(SIZE), nn.Linear(SIZE, CLASSES))

    def forward(self, mel):
        x = self.v(mel.permute(0, 2, 1).unsqueeze(1))
        embeddings = (x[:, 0] + x[:, 1]) / 2
        return self.mlp_head(embeddings), embeddings
