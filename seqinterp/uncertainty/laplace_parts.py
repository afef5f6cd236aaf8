"""The parts of uncertainty under a posterior of the last layer (`seqinterp.uncertainty.laplace`), without sampling.

A measured value has variance noise + v, v that of the model's output over the posterior. A logit is Gaussian with that
variance, so the probability of yes and the entropies are integrals over one number, taken by Gauss-Hermite quadrature.
"""

import math

import numpy as np
import torch

from seqinterp.attribution.run import Device
from seqinterp.shapes import Inputs, Scores
from seqinterp.uncertainty.laplace import LastLayer
from seqinterp.uncertainty.parts import Parts

NODES = 64


def laplace_parts(
    fitted: LastLayer,
    inputs: Inputs,
    *,
    measured: bool,
    draws: int = 50,
    seed: int = 0,
    batch_size: int | None = None,
    device: Device = None,
) -> Parts:
    """What the model predicts and what is not known of it, as `regression_parts` and `binary_parts` give it.

    measured: of measured values; else of a logit. draws, seed: of the members, samples of the posterior. The parts are
    exact and need none of them.

    Raises:
        InputError: no inputs, or fewer than two draws.
    """
    outputs, spread, members = fitted.members(inputs, draws, seed=seed, batch_size=batch_size, device=device)
    if not measured:
        chance = members.sigmoid()
        return _of_logits(outputs, spread, torch.stack([1 - chance, chance], dim=2))
    noise = torch.full_like(spread, fitted.noise)
    return Parts(outputs, noise + spread, noise, spread, members, "variance")


def _of_logits(outputs: Scores, spread: Scores, members: torch.Tensor) -> Parts:
    """Entropies of "no" and "yes" when the logit is Gaussian."""
    points, weights = (torch.from_numpy(part) for part in np.polynomial.hermite_e.hermegauss(NODES))
    logits = outputs[:, None] + spread.sqrt()[:, None] * points
    share = weights / math.sqrt(2 * math.pi)
    classes = torch.stack([torch.sigmoid(-logits), torch.sigmoid(logits)], dim=2)  # (batch, node, class)
    mean = (classes * share[:, None]).sum(dim=1)
    aleatoric = (torch.special.entr(classes).sum(dim=2) * share).sum(dim=1)
    # the mean divergence from the mean, which is the difference of both entropies and never negative
    logarithm = torch.stack([torch.nn.functional.logsigmoid(-logits), torch.nn.functional.logsigmoid(logits)], dim=2)
    ratio = torch.where(classes > 0, logarithm - mean.log()[:, None], 0.0)
    epistemic = ((classes * ratio).sum(dim=2) * share).sum(dim=1).clamp_min(0.0)
    return Parts(mean, aleatoric + epistemic, aleatoric, epistemic, members, "entropy")
