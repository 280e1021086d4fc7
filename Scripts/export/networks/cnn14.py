"""PANNs' Cnn14: Kong et al., PANNs: Large-Scale Pretrained Audio Neural Networks, arXiv 1912.10211, table 2.

Six blocks of two 3 x 3 convolutions with batch normalization and ReLU, an average over 2 x 2 after each but the last;
then the mean over bands, the sum of maximum and mean over time, and two fully connected layers. The network ends in a
sigmoid. Cnn14_16k differs in its front-end only.
"""
import torch
from torch import nn
from torch.nn import functional

CLASSES, BANDS, EMBEDDING = 527, 64, 2048
WIDTHS = [64, 128, 256, 512, 1024, 2048]


class ConvBlock(nn.Module):
    def __init__(self, channels, width):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, width, 3, padding=1, bias=False)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.bn2 = nn.BatchNorm2d(width)

    def forward(self, x):
        x = functional.relu(self.bn1(self.conv1(x)))
        return functional.relu(self.bn2(self.conv2(x)))


class Cnn14(nn.Module):
    """(batch, frames, bands) to scores (batch, 527), from 0 to 1, and embeddings (batch, 2048)."""

    def __init__(self):
        super().__init__()
        self.bn0 = nn.BatchNorm2d(BANDS)
        for number, (channels, width) in enumerate(zip([1] + WIDTHS, WIDTHS), start=1):
            self.add_module(f"conv_block{number}", ConvBlock(channels, width))
        self.fc1 = nn.Linear(WIDTHS[-1], EMBEDDING)
        self.fc_audioset = nn.Linear(EMBEDDING, CLASSES)

    def forward(self, mel):
        # The first normalization is one of bands, which it therefore takes as its channels.
        x = self.bn0(mel.permute(0, 2, 1).unsqueeze(-1)).permute(0, 3, 2, 1)
        for number in range(1, len(WIDTHS) + 1):
            x = getattr(self, f"conv_block{number}")(x)
            if number < len(WIDTHS):
                x = functional.avg_pool2d(x, 2)
        x = x.mean(dim=3)
        x = x.amax(dim=2) + x.mean(dim=2)
        embeddings = functional.relu(self.fc1(x))
        return torch.sigmoid(self.fc_audioset(embeddings)), embeddings
