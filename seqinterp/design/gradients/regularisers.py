"""What keeps an input found by gradients plain: each is subtracted, times a weight, from the activation.

Simonyan et al. 2014, arXiv:1312.6034 (L2); Mahendran & Vedaldi 2015, arXiv:1412.0035 (total variation).
"""

from collections.abc import Sequence

import torch

from seqinterp.errors import InputError
from seqinterp.shapes import Inputs, Scores, Sequences


def l2(inputs: Inputs, /) -> Scores:
    """The sum of squares of each example, `(batch,)`: pulls features to zero, and columns of bases to 1/4 each."""
    return inputs.square().flatten(1).sum(dim=1)


def total_variation(inputs: Inputs, /) -> Scores:
    """The sum of |difference| over all neighbours along every axis of places, `(batch,)`; zero without such an axis.

    Pulls neighbouring pixels, or the columns of neighbouring positions, to one another: large flat areas with sharp
    edges (the anisotropic form of Rudin, Osher & Fatemi 1992). Axes of places are those behind (batch, channel).
    """
    total = inputs.new_zeros(len(inputs))
    for axis in range(2, inputs.ndim):
        total = total + inputs.diff(dim=axis).abs().flatten(1).sum(dim=1)
    return total


def background_kl(inputs: Sequences, background: Sequence[float] = (0.25,) * 4, /) -> Scores:
    """sum over positions and bases of p log(p / q), `(batch,)`, in nats, of columns that sum to 1.

    Pulls columns to the shares `background` of A, C, G, T: what is left apart from them is what the model asks for.

    Raises:
        InputError: the background is not four shares above zero that sum to 1.
    """
    shares = torch.tensor(list(background), dtype=inputs.dtype, device=inputs.device)
    if shares.shape != (4,) or not bool((shares > 0).all()) or abs(float(shares.sum()) - 1) > 1e-4:
        raise InputError(f"background must be four shares of A, C, G, T above 0 that sum to 1, not {tuple(background)}")
    tiny = torch.finfo(inputs.dtype).tiny  # p log p goes to 0 with p
    return (inputs * (inputs.clamp_min(tiny).log() - shares.log()[:, None])).flatten(1).sum(dim=1)
