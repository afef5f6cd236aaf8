"""Gradient of the score (Simonyan et al. 2014, arXiv:1312.6034)."""

import torch

from seqinterp.attribution.protocol import Score
from seqinterp.shapes import Attributions, Inputs


def gradient(score: Score, inputs: Inputs, /) -> Attributions:
    """Signed change of the score per unit change of each feature, in score units per feature unit."""
    with torch.enable_grad():
        leaf = inputs.detach().requires_grad_()
        (slope,) = torch.autograd.grad(score(leaf).sum(), leaf)
    return slope


def gradient_times_input(score: Score, inputs: Inputs, /) -> Attributions:
    """First-order estimate of what the score owes to each feature that is present (arXiv:1605.01713)."""
    return gradient(score, inputs) * inputs
