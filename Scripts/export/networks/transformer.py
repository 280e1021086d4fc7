"""The encoder block of a vision transformer (Dosovitskiy et al., arXiv 2010.11929): normalization before attention and
before the two linear layers, each with a shortcut. Names are those of the timm library, which AST and CED use too."""
import torch
from torch import nn
from torch.nn import functional

EPSILON = 1e-6


class Attention(nn.Module):
    def __init__(self, size, heads):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(size, 3 * size)
        self.proj = nn.Linear(size, size)

    def forward(self, x):
        batch, tokens, size = x.shape
        parts = self.qkv(x).reshape(batch, tokens, 3, self.heads, size // self.heads).permute(2, 0, 3, 1, 4)
        queries, keys, values = parts[0], parts[1], parts[2]
        weights = torch.softmax(queries @ keys.transpose(-2, -1) * (size // self.heads) ** -0.5, dim=-1)
        return self.proj((weights @ values).transpose(1, 2).reshape(batch, tokens, size))


class Perceptron(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.fc1 = nn.Linear(size, 4 * size)
        self.fc2 = nn.Linear(4 * size, size)

    def forward(self, x):
        return self.fc2(functional.gelu(self.fc1(x)))


class Block(nn.Module):
    def __init__(self, size, heads):
        super().__init__()
        self.norm1 = nn.LayerNorm(size, eps=EPSILON)
        self.attn = Attention(size, heads)
        self.norm2 = nn.LayerNorm(size, eps=EPSILON)
        self.mlp = Perceptron(size)

    def forward(self, x):
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class PatchEmbedding(nn.Module):
    """Patches of 16 x 16 of (batch, 1, bands, frames), each projected to `size`: (batch, size, rows, columns)."""

    def __init__(self, size, stride):
        super().__init__()
        self.proj = nn.Conv2d(1, size, 16, stride)

    def forward(self, x):
        return self.proj(x)
