"""Gradient of the score (Simonyan et al. 2014, arXiv:1312.6034)."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import torch
from torch import Tensor

from seqinterp.attribution.protocol import Score
from seqinterp.attribution.rows import by_rows
from seqinterp.errors import ModelError
from seqinterp.shapes import Attributions, Inputs


def gradient(score: Score, inputs: Inputs, /) -> Attributions:
    """Signed change of the score per unit change of each feature, in score units per feature unit.

    Raises:
        ModelError: the score cannot be differentiated with respect to the inputs.
    """
    return by_rows(partial(_slope, score), inputs)


def _slope(score: Score, rows: Inputs) -> Attributions:
    """Gradient of the score for rows that fit in memory together."""
    with differentiable(rows) as leaf:
        total = score(leaf).sum()
        require_slope(total)
        (slope,) = torch.autograd.grad(total, leaf)
    return slope


@contextmanager
def differentiable(inputs: Inputs) -> Iterator[Inputs]:
    """A copy of `inputs` that gradients can be taken to, whatever mode the caller is in."""
    with torch.inference_mode(False), torch.enable_grad():
        yield inputs.detach().clone().requires_grad_()


def require_slope(value: Tensor) -> None:
    """Raise ModelError for a value that no gradient can be taken of."""
    if not value.requires_grad:
        raise ModelError(
            "the score does not depend on the inputs in a way that can be differentiated (a constant output, a step,"
            " or a model that runs under torch.no_grad); use the method 'mutagenesis' for such a model"
        )


def gradient_times_input(score: Score, inputs: Inputs, /) -> Attributions:
    """First-order estimate of what the score owes to each feature that is present (arXiv:1605.01713)."""
    return gradient(score, inputs) * inputs
