"""Squares of pixels that are taken away together.

Single pixels that are taken from all over an image leave noise that images do not have, and networks answer to the
noise: random orders then beat every explanation. Squares leave holes, as in Samek et al. 2017 (doi:10.1109/
TNNLS.2016.2599820, regions of 9 by 9 pixels).
"""

from typing import Any

import torch
from torch import Tensor

from seqinterp.errors import InputError
from seqinterp.shapes import Inputs

ACROSS = 14  # squares along the shorter side of an image, as many as patches of the usual vision transformers


def usual_cell(inputs: Inputs) -> int:
    """The side of the squares in pixels: a fourteenth of an image's shorter side; 1 of anything else."""
    return max(1, min(inputs.shape[2:]) // ACROSS) if inputs.ndim == 4 else 1


def cell_of(places: torch.Size, cell: Any) -> Tensor:
    """The number of each place's square, `(places,)` in reading order; those at the ends may be cut short.

    Raises:
        InputError: the side is not a whole number of at least 1, or above 1 where places have no rows and columns.
    """
    if isinstance(cell, bool) or not isinstance(cell, int) or cell < 1:
        raise InputError(f"cell must be 1 or more, a whole number of pixels, not {cell!r}")
    if cell == 1:
        return torch.arange(places.numel())
    if len(places) != 2:
        raise InputError(f"squares of {cell} by {cell} places need images (batch, channel, row, column)")
    rows, columns = (torch.arange(size) // cell for size in places)
    return (rows[:, None] * int(columns[-1] + 1) + columns).flatten()


def cell_means(values: Tensor, numbers: Tensor) -> Tensor:
    """The mean of `(batch, places)` in each square, `(batch, squares)`."""
    count = int(numbers[-1]) + 1
    sums = values.new_zeros(len(values), count).index_add_(1, numbers, values)
    return sums / torch.bincount(numbers, minlength=count).to(sums)
