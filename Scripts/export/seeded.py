"""Random weights that are the same on every machine, of a size at which a network's outputs follow its input."""
import math
import zlib

import numpy as np
import torch
from torch import nn


def fill(model, seed):
    """Gives every parameter its own stream, drawn from seed and name, so that adding one changes no other."""
    for name, parameter in model.named_parameters():
        random = np.random.RandomState((seed + zlib.crc32(name.encode())) % 2**32)
        shape = tuple(parameter.shape)
        if len(shape) > 1:
            # Kaiming's deviation where a ReLU follows; a linear layer's, which has none or a mild one, is smaller.
            gain = math.sqrt(2) if len(shape) == 4 else 1
            values = random.standard_normal(shape) * gain / math.sqrt(np.prod(shape[1:]))
        elif name.endswith("weight"):
            values = random.uniform(0.8, 1.25, shape)
        else:
            values = random.standard_normal(shape) * 0.05
        with torch.no_grad():
            parameter.copy_(torch.from_numpy(values.astype(np.float32)))


def settle(model, example):
    """Sets each batch normalization's mean and variance by what a random batch brings it.

    With statistics of their own choosing, 26 blocks would shrink the signal until the scores were those of the biases.
    With exactly the batch's, each would take away what random inputs have in common and enlarge the rest, rounding with
    it: a hundredfold in all. So a quarter of the mean is taken away, and no channel is enlarged far more than others.
    """
    def measure(norm, inputs):
        values = inputs[0]
        axes = [axis for axis in range(values.ndim) if axis != 1]
        shape = [-1 if axis == 1 else 1 for axis in range(values.ndim)]
        norm.running_mean.copy_(values.mean(dim=axes) / 4)
        variance = (values - norm.running_mean.reshape(shape)).square().mean(dim=axes)
        norm.running_var.copy_(variance.clamp(min=0.2 * float(variance.mean())))

    model.eval()
    hooks = [module.register_forward_pre_hook(measure) for module in model.modules()
             if isinstance(module, nn.modules.batchnorm._BatchNorm)]
    if hooks:
        with torch.no_grad():
            model(example)
    for hook in hooks:
        hook.remove()


def example(network, batch, seed, frames=None):
    """A batch of random inputs of the range that the network's front-end gives, or of samples.

    `frames` is the number of frames of a patch, where it is to be a shorter one.
    """
    random = np.random.RandomState(seed)
    if network.input == "wave":
        values = np.stack([tones(random, network.shape[0], network.rate) for _ in range(batch)])
    else:
        shape = network.shape if frames is None else (frames, *network.shape[1:])
        values = random.standard_normal((batch, *shape)) * network.spread + network.mean
    return torch.from_numpy(values.astype(np.float32))


def tones(random, samples, rate):
    """Twenty tones that come and go, over faint noise.

    Loud noise would put every band near one level, and what differs between bands would be mostly rounding.
    """
    time = np.arange(samples) / rate
    wave = random.standard_normal(samples) * 1e-3
    for _ in range(20):
        first, last, beat, phase = random.uniform((100, 100, 0.2, 0), (rate / 2, rate / 2, 4, 1))
        pitch = first * time + (last - first) * time**2 / (2 * time[-1])
        wave += np.sin(2 * np.pi * pitch) * np.sin(np.pi * (beat * time + phase)) ** 2 * random.uniform(0.005, 0.05)
    return wave
