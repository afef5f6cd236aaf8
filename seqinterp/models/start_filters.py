"""Filters that start from known motifs instead of from noise."""

import dataclasses
from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from seqinterp.errors import InputError
from seqinterp.models.network import Network
from seqinterp.sequence.strand import reverse_complement_inputs
from seqinterp.shapes import Pwm

EXAMPLES = 2000  # enough for a quantile and a standard deviation
FLOOR = 0.01  # the least probability in a starting motif: log-odds stay above log2(0.04)


def filter_from_motif(pwm: Pwm, width: int) -> NDArray[np.float64]:
    """A motif's probabilities (4, width) as a filter: log-odds in bits against a uniform background.

    A motif wider than the filter keeps its most informative stretch; a narrower one stands in the middle of zeros.
    """
    if pwm.ndim != 2 or pwm.shape[0] != 4 or not np.allclose(pwm.sum(axis=0), 1, atol=1e-3) or pwm.min() < 0:
        raise InputError(
            f"a starting motif must be probabilities (4, width) whose columns sum to 1, but its shape is {pwm.shape}"
        )
    floored = np.maximum(pwm, FLOOR) / np.maximum(pwm, FLOOR).sum(axis=0)
    log_odds = np.log2(floored / 0.25)
    excess = log_odds.shape[1] - width
    if excess > 0:
        information = (floored * log_odds).sum(axis=0)
        kept = int(np.argmax([information[start : start + width].sum() for start in range(excess + 1)]))
        log_odds = log_odds[:, kept : kept + width]
    left = (width - log_odds.shape[1]) // 2
    return np.pad(log_odds, ((0, 0), (left, width - log_odds.shape[1] - left)))


def start_filters(
    network: Network, motifs: Mapping[str, Pwm], inputs: Tensor, *, quantile: float = 0.9, seed: int = 0
) -> None:
    """Set the first filters of a network's bank, in place, to motifs (name -> probabilities (4, width)).

    Each filter is scaled and shifted by what it sees in the inputs (batch, 4, position), whose labels are not
    looked at: of the best score of each sequence on either strand, the standard deviation becomes one and the
    `quantile` becomes the ReLU's zero, so a filter answers to the best tenth of the sequences. At most 2,000
    sequences are drawn for this. The names are recorded in the network's settings, and travel with its checkpoint.

    Raises:
        InputError: more motifs than filters, or a motif that scores all sequences alike.
    """
    bank = network.filters
    if len(motifs) > bank.out_channels:
        raise InputError(
            f"{len(motifs)} motifs cannot start {bank.out_channels} filters; give fewer motifs or more filters"
        )
    if not motifs:
        return
    filters = np.stack([filter_from_motif(pwm, bank.kernel_size[0]) for pwm in motifs.values()])
    drawn = np.random.default_rng(seed).permutation(len(inputs))[:EXAMPLES]
    scores = _best_scores(torch.from_numpy(filters).float(), inputs[torch.from_numpy(drawn)])
    spread, threshold = scores.std(dim=0), scores.quantile(quantile, dim=0)
    for name, width in zip(motifs, spread.tolist(), strict=True):
        if not width > 0:
            raise InputError(f"the starting motif {name!r} scores all sequences alike; leave it out")
    with torch.no_grad():
        bank.weight[: len(motifs)] = torch.from_numpy(filters).float() / spread[:, None, None]
        if bank.bias is not None:
            bank.bias[: len(motifs)] = -threshold / spread
    names = (*motifs, *[None] * (bank.out_channels - len(motifs)))
    network.settings = dataclasses.replace(network.settings, started_from=names)


def _best_scores(filters: Tensor, inputs: Tensor) -> Tensor:
    """The best score (example, filter) of each filter anywhere on either strand, hanging over by half at most."""
    overhang = filters.shape[2] // 2
    best = [
        torch.maximum(*(nn.functional.conv1d(strand, filters, padding=overhang).amax(dim=2) for strand in strands))
        for strands in ((part, reverse_complement_inputs(part)) for part in inputs.split(500))
    ]
    return torch.cat(best)
