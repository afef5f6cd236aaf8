"""Natural examples beside an input that was found: those that excite the unit most, and those most like it.

Yosinski et al. 2015, arXiv:1506.06579, show the first beside every unit; likeness is that of the activations.
"""

from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn

from seqinterp.attribution.rows import by_rows
from seqinterp.design.gradients.unit import Unit, activations
from seqinterp.errors import InputError
from seqinterp.shapes import Inputs, Natural, Scores


@dataclass(frozen=True, eq=False)
class Neighbours:
    """Examples by their numbers, on the CPU.

    activation: `(natural,)`, of every natural example.
    strongest: `(count,)`, the examples of largest activation, the largest first.
    nearest: `(found, count)`, the examples nearest to each found input, the nearest first.
    distance: `(found, count)`, how far they are: Euclidean, between the vectors that `compared` gives.
    """

    activation: Scores
    strongest: Tensor
    nearest: Tensor
    distance: Tensor


def neighbours(
    unit: Unit, compared: Unit, model: nn.Module, found: Inputs, natural: Natural, /, *, count: int
) -> Neighbours:
    """Rank natural examples by the activation of `unit`, and by distance in the profile of `compared`.

    A profile is the layer's channels over their places, or all outputs. Of equal ones the first example comes first.

    Raises:
        InputError: count is not 1 to the number of natural examples, or their shape is another one.
    """
    if natural.shape[1:] != found.shape[1:]:
        raise InputError(
            f"the natural examples have shape {tuple(natural.shape[1:])} and the inputs found {tuple(found.shape[1:])};"
            " give examples of the same shape"
        )
    if not 1 <= count <= len(natural):
        raise InputError(f"count must be 1 to {len(natural)}, the number of natural examples, not {count}")
    excited = activations(unit, model, natural)
    profile = partial(compared.profile, model)
    theirs, ours = by_rows(profile, natural), by_rows(profile, found)
    apart = torch.cdist(ours.double(), theirs.double(), compute_mode="donot_use_mm_for_euclid_dist")
    order = apart.argsort(dim=1, stable=True)[:, :count]
    return Neighbours(
        excited.cpu(),
        excited.argsort(descending=True, stable=True)[:count].cpu(),
        order.cpu(),
        apart.gather(1, order).to(excited.dtype).cpu(),
    )
