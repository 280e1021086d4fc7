"""Names that a network's parameters have in other well-known copies of its weights."""
import re

import torch

# AST as the transformers library stores it, and as the authors do; N is a block's number.
AST = [
    (r"embeddings\.cls_token", "cls_token"),
    (r"embeddings\.distillation_token", "dist_token"),
    (r"embeddings\.position_embeddings", "pos_embed"),
    (r"embeddings\.patch_embeddings\.projection\.", "patch_embed.proj."),
    (r"encoder\.layer\.(\d+)\.attention\.output\.dense\.", r"blocks.\1.attn.proj."),
    (r"encoder\.layer\.(\d+)\.intermediate\.dense\.", r"blocks.\1.mlp.fc1."),
    (r"encoder\.layer\.(\d+)\.output\.dense\.", r"blocks.\1.mlp.fc2."),
    (r"encoder\.layer\.(\d+)\.layernorm_before\.", r"blocks.\1.norm1."),
    (r"encoder\.layer\.(\d+)\.layernorm_after\.", r"blocks.\1.norm2."),
    (r"layernorm\.", "norm."),
]
ATTENTION = re.compile(r"encoder\.layer\.(\d+)\.attention\.attention\.(query|key|value)\.(weight|bias)")


def ast(found):
    """The authors' names for a state dictionary of ASTForAudioClassification, whose queries, keys and values are three
    layers where the authors' are one."""
    prefix = "audio_spectrogram_transformer."
    if not any(name.startswith(prefix) for name in found):
        return found
    renamed, parts = {}, {}
    for name, value in found.items():
        if not name.startswith(prefix):
            name = name.replace("classifier.layernorm.", "mlp_head.0.").replace("classifier.dense.", "mlp_head.1.")
            renamed[name] = value
            continue
        rest = name.removeprefix(prefix)
        if part := ATTENTION.fullmatch(rest):
            block, kind, leaf = part.groups()
            parts.setdefault(f"v.blocks.{block}.attn.qkv.{leaf}", {})[kind] = value
            continue
        for pattern, replacement in AST:
            new, count = re.subn("^" + pattern, replacement, rest)
            if count:
                rest = new
                break
        renamed["v." + rest] = value
    for name, kinds in parts.items():
        # A missing one is named by the strict check of shapes.
        renamed[name] = torch.cat([kinds[kind] for kind in ("query", "key", "value") if kind in kinds])
    return renamed


def ced(found):
    """The authors' names for a state dictionary of CedForAudioClassification."""
    if not any(name.startswith("encoder.") for name in found):
        return found
    return {name.removeprefix("encoder.").replace("init_bn.", "init_bn.1.", 1): value for name, value in found.items()}
