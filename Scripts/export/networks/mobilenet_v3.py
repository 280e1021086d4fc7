"""EfficientAT's mn10: Schmid et al., Efficient Large-Scale Audio Tagging via Transformer-to-CNN Knowledge Distillation,
arXiv 2211.04772: MobileNetV3-Large (Howard et al., arXiv 1905.02244, table 1) of width 1 with one input channel.
"""
import torch
from torch import nn

CLASSES, BANDS, FRAMES = 527, 128, 1000
STEM, LAST, HIDDEN = 16, 960, 1280
EMBEDDING = LAST
# The bottlenecks: kernel, expanded channels, output channels, squeeze and excitation, hard swish (else ReLU), stride.
BOTTLENECKS = [
    (3, 16, 16, False, False, 1),
    (3, 64, 24, False, False, 2),
    (3, 72, 24, False, False, 1),
    (5, 72, 40, True, False, 2),
    (5, 120, 40, True, False, 1),
    (5, 120, 40, True, False, 1),
    (3, 240, 80, False, True, 2),
    (3, 200, 80, False, True, 1),
    (3, 184, 80, False, True, 1),
    (3, 184, 80, False, True, 1),
    (3, 480, 112, True, True, 1),
    (3, 672, 112, True, True, 1),
    (5, 672, 160, True, True, 2),
    (5, 960, 160, True, True, 1),
    (5, 960, 160, True, True, 1),
]


def multiple_of_eight(count):
    """The multiple of 8 nearest to count, at least 8 and not below nine tenths of it (the paper's rule for widths)."""
    nearest = max(8, (count + 4) // 8 * 8)
    return nearest if nearest >= 0.9 * count else nearest + 8


def convolution(channels, width, kernel, stride=1, groups=1, activation=None):
    layers = [
        nn.Conv2d(channels, width, kernel, stride, (kernel - 1) // 2, groups=groups, bias=False),
        nn.BatchNorm2d(width, eps=0.001, momentum=0.01)]
    return nn.Sequential(*layers, *([activation()] if activation else []))


def mean(x):
    """(batch, channels, rows, columns) to (batch, channels). In two steps: runtimes add up thousands of values one after
    the other, which loses digits."""
    return x.mean(dim=3).mean(dim=2)


class SqueezeExcitation(nn.Module):
    """Scales each channel by a sigmoid of what all channels' means say."""

    def __init__(self, channels):
        super().__init__()
        squeezed = multiple_of_eight(channels // 4)
        self.fc1 = nn.Linear(channels, squeezed)
        self.fc2 = nn.Linear(squeezed, channels)

    def forward(self, x):
        scale = torch.sigmoid(self.fc2(torch.relu(self.fc1(mean(x)))))
        return x * scale.unsqueeze(-1).unsqueeze(-1)


class ChannelExcitation(nn.Module):
    """The release allows excitation by channel, band and time side by side, hence its list; the published weights have
    that by channel alone."""

    def __init__(self, channels):
        super().__init__()
        self.conc_se_layers = nn.ModuleList([SqueezeExcitation(channels)])

    def forward(self, x):
        return self.conc_se_layers[0](x)


class Bottleneck(nn.Module):
    def __init__(self, channels, kernel, expanded, width, excites, hard_swish, stride):
        super().__init__()
        activation = nn.Hardswish if hard_swish else nn.ReLU
        layers = [] if expanded == channels else [convolution(channels, expanded, 1, activation=activation)]
        layers.append(convolution(expanded, expanded, kernel, stride, groups=expanded, activation=activation))
        if excites:
            layers.append(ChannelExcitation(expanded))
        layers.append(convolution(expanded, width, 1))
        self.block = nn.Sequential(*layers)
        self.adds_input = stride == 1 and channels == width

    def forward(self, x):
        return x + self.block(x) if self.adds_input else self.block(x)


class MobileNetV3(nn.Module):
    """(batch, frames, bands) to scores (batch, 527), logits, and embeddings (batch, 960)."""

    def __init__(self):
        super().__init__()
        layers, channels = [convolution(1, STEM, 3, 2, activation=nn.Hardswish)], STEM
        for row in BOTTLENECKS:
            layers.append(Bottleneck(channels, *row))
            channels = row[2]
        layers.append(convolution(channels, LAST, 1, activation=nn.Hardswish))
        self.features = nn.Sequential(*layers)
        # The positions of the two linear layers are those of the release.
        self.classifier = nn.Sequential(
            nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(LAST, HIDDEN), nn.Hardswish(), nn.Identity(),
            nn.Linear(HIDDEN, CLASSES))

    def forward(self, mel):
        embeddings = mean(self.features(mel.permute(0, 2, 1).unsqueeze(1)))
        # The classifier's mean is that of the embeddings, so it begins after it.
        return self.classifier[2:](embeddings), embeddings
