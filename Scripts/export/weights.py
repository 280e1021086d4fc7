"""Reading a published state dictionary into one of the architectures, strictly."""
from pathlib import Path

import numpy as np
import torch

# Entries under which releases keep the state dictionary beside the progress of training.
CONTAINERS = ("model", "state_dict")


def read(path):
    """The state dictionary in a file of PyTorch (.pt, .pth, .bin) or safetensors, by name.

    Raises ValueError if the file is none, OSError if it cannot be read.

    Nothing in the file is executed: PyTorch's reader is asked for tensors, plain containers and NumPy arrays only.
    """
    path = Path(path)
    if path.suffix == ".safetensors":
        from safetensors.torch import load_file
        return load_file(path)
    rebuild = [np.ndarray, np.dtype, *{type(np.dtype(code)) for code in "?bBhHiIlLqQefd"}]
    for function in (np.zeros(1).__reduce__()[0], np.float64(0).__reduce__()[0]):
        # The second is its name in files written with NumPy 1.
        rebuild += [function, (function, f"numpy.core.multiarray.{function.__name__}")]
    try:
        with torch.serialization.safe_globals(rebuild):
            found = torch.load(path, map_location="cpu", weights_only=True)
    except OSError:
        raise
    except Exception as error:
        # The reader has no error of its own: whatever it meets in a file that is none comes through.
        first = f"{type(error).__name__}: {error}".split(". ")[0].splitlines()[0]
        raise ValueError(f"{path}: not a state dictionary of PyTorch ({first})") from error
    for name in CONTAINERS:
        if isinstance(found, dict) and isinstance(found.get(name), dict):
            found = found[name]
    if not isinstance(found, dict) or not all(isinstance(value, torch.Tensor) for value in found.values()):
        raise ValueError(f"{path}: expected a state dictionary, tensors by name")
    return found


def load(model, network, path):
    """Loads a file's weights; returns what was said about entries that the graph has no use for.

    Raises ValueError, naming the tensors, where one is missing, unknown or of another shape.
    """
    found = read(path)
    if all(name.startswith("module.") for name in found):
        found = {name.removeprefix("module."): value for name, value in found.items()}
    found, said = network.rename(found), []
    for prefix, reason in network.unused.items():
        names = [name for name in found if name.startswith(prefix)]
        for name in names:
            del found[name]
        if names:
            said.append(f"left out {len(names)} tensors {prefix}*: {reason}")
    own = model.state_dict()
    # A file written by safetensors may lack these counters, which inference does not use.
    for name in own:
        if name.endswith("num_batches_tracked"):
            found.setdefault(name, own[name])
    wrong = [f"{name} is missing" for name in own if name not in found]
    wrong += [f"{name} is unknown" for name in found if name not in own]
    wrong += [f"{name} has shape {tuple(found[name].shape)}, expected {tuple(own[name].shape)}"
              for name in own if name in found and found[name].shape != own[name].shape]
    if wrong:
        more = f" and {len(wrong) - 5} more" if len(wrong) > 5 else ""
        raise ValueError(f"{path} does not fit {network.name}: {'; '.join(wrong[:5])}{more}")
    model.load_state_dict(found, strict=True)
    return said
