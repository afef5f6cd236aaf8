"""Do all examples owe their score to the same places? Then the model may read a marker, not what varies (shortcuts:
Geirhos et al. 2020, arXiv:2004.07780; Lapuschkin et al. 2019, doi:10.1038/s41467-019-08987-4, found one in a corner).

No region has to be declared. Inputs that are aligned at a landmark look the same: only who made them can tell.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from seqinterp.attribution.chance import generator
from seqinterp.errors import InputError
from seqinterp.evaluation.permutations import check_draws, tail
from seqinterp.evaluation.places import place_contributions
from seqinterp.shapes import Attributions, Inputs, Scores

SHARE = 0.05  # of all places


@dataclass(frozen=True, eq=False)
class FixedPlaces:
    """The places that carry most over all examples.

    places: True at them, bool `(1, *places)`; per_example: the share of each example's contributions there, NaN for a
    map of zeros; mass: its mean; chance: the mean when every map is moved by a random step, its own best places chosen
    anew; p_value: of a mass as large.
    """

    places: Tensor
    per_example: Scores
    mass: float
    chance: float
    p_value: float


def fixed_places(
    inputs: Inputs, attributions: Attributions, *, share: float = SHARE, draws: int = 199, seed: int = 0
) -> FixedPlaces:
    """Find the `share` of places with the most |contribution| over all examples, and hold it against chance.

    By chance is: each map moved by a random step around its ends, drawn from the seed and the example.

    Raises:
        InputError: a share that is not between 0 and 1, or all maps are zero.
    """
    check_draws(draws, seed)
    if not 0 < share < 1:
        raise InputError(f"share must be between 0 and 1, not {share}")
    size = place_contributions(attributions, magnitude=True)
    shape = size.shape[1:]
    flat = size.flatten(1)
    total = flat.sum(dim=1, keepdim=True)
    usable = total[:, 0] > 0
    if not bool(usable.any()):
        raise InputError("the attributions are zero everywhere, so there is nothing to place")
    shares = flat / total.where(total > 0, torch.nan)
    count = max(1, round(share * flat.shape[1]))
    known = shares[usable]
    best = known.mean(dim=0).topk(count).indices
    steps = _steps(inputs[usable.to(inputs.device)], flat.shape[1], draws, seed)
    drawn = torch.stack([_moved(known, steps[:, draw]).mean(dim=0).topk(count).values.sum() for draw in range(draws)])
    mass = float(known.mean(dim=0)[best].sum())
    mask = torch.zeros(flat.shape[1], dtype=torch.bool)
    mask[best] = True
    values = torch.cat([torch.tensor([mass], dtype=torch.float64), drawn])
    return FixedPlaces(
        mask.reshape(1, *shape), shares[:, best].sum(dim=1), mass, float(drawn.mean()), tail(values.numpy())
    )


def _steps(inputs: Inputs, places: int, draws: int, seed: int) -> Tensor:
    """How far each map is moved in each draw, `(examples, draws)`."""
    return torch.stack(
        [torch.randint(places, (draws,), generator=generator(seed, example, "fixed places")) for example in inputs]
    )


def _moved(shares: Tensor, steps: Tensor) -> Tensor:
    """Every row moved round by its step."""
    at = (torch.arange(shares.shape[1]).unsqueeze(0) - steps.unsqueeze(1)) % shares.shape[1]
    return shares.gather(1, at)
