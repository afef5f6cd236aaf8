"""Logits for many sequences, in batches."""

import numpy as np
import torch
from scipy.special import expit
from torch import Tensor, nn

from seqinterp.attribution.run import batched
from seqinterp.shapes import Logits


def predict_logits(
    model: nn.Module,
    inputs: Tensor,
    *,
    batch_size: int = 512,
    device: torch.device | str | None = None,
    progress: bool = False,
) -> Logits:
    """The model's logits (example,) as float64: the first output of a model that has several.

    The model is borrowed: put in evaluation mode and on the device, and given back as it was.
    """
    with torch.no_grad():
        logits = batched(model, model, inputs, batch_size=batch_size, device=device, progress=progress)
    return logits[:, 0].numpy().astype(np.float64)


def probabilities(logits: Logits) -> Logits:
    """The probability that each logit stands for: 1 / (1 + exp(-logit))."""
    return np.asarray(expit(logits), dtype=np.float64)
