"""Random numbers that belong to an example: the same in every batch, order and on every device."""

import hashlib

import torch
from torch import Tensor


def generator(seed: int, example: Tensor, purpose: str = "") -> torch.Generator:
    """A CPU generator seeded from `seed`, the values of one example and a word for what is drawn."""
    values = example.detach().to("cpu", torch.float64).contiguous().numpy().tobytes()
    digest = hashlib.sha256(f"{seed} {purpose} ".encode() + values).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:8], "little") >> 1)
