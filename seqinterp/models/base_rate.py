"""Probabilities for the base rate of the data, although training saw the classes balanced (Elkan, IJCAI 2001)."""

import numpy as np
import torch
from torch import nn

from seqinterp.errors import ModelError
from seqinterp.models.network import Network


def log_prior_shift(*, positives: float, negatives: float, trained_positives: float, trained_negatives: float) -> float:
    """What to add to a logit that was trained under another class balance.

    logit p(1|x) = log-likelihood ratio(x) + log prior odds, so the shift is the log of the ratio of the odds:
    log(positives / negatives) - log(trained_positives / trained_negatives). Counts may be weighted.
    """
    return float(np.log(positives / negatives) - np.log(trained_positives / trained_negatives))


def shift_logits(model: nn.Module, shift: float) -> None:
    """Add a constant to every logit, in place, through the bias of each network's output layer.

    Mean and maximum over strands and the mean over members pass a constant on unchanged, and a bias needs no
    module of its own that an attribution rule would have to know.
    """
    networks = [module for module in model.modules() if isinstance(module, Network)]
    if not networks:
        raise ModelError(f"{type(model).__name__} holds no network of this package whose logit could be shifted")
    with torch.no_grad():
        for network in networks:
            network.output.bias.add_(shift)
