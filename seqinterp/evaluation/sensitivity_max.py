"""How far does an explanation move when the input hardly does? Max-sensitivity (Yeh et al. 2019, arXiv:1901.09392) and
the local Lipschitz estimate (Alvarez-Melis and Jaakkola 2018, arXiv:1806.08049).

Both look at neighbours that the model predicts alike (neighbours.py). They are measured, not bounded: more draws can
only raise them. Smaller is better; 0 is an explanation that does not move, which one that ignores its input has too.
"""

import torch
from torch import Tensor

from seqinterp.attribution.protocol import Explainer, Score
from seqinterp.evaluation.neighbours import Near, Neighbours, nearby
from seqinterp.shapes import Attributions, Inputs, PositionMap, References, Scores


def max_sensitivity(
    score: Score, inputs: Inputs, attributions: Attributions, /, *, explainer: Explainer, near: Near = nearby
) -> Scores:
    """Largest ||e(x') - e(x)|| / ||e(x)|| over the neighbours x' of each example; smaller is better.

    An explanation of zeros is not divided by anything, as in captum. NaN where an example has no neighbour.
    `near` says which inputs are neighbours: `partial(substitutions, edits=3)`, or another function like it.
    """
    neighbours = near(score, inputs)
    return relative_change(attributions, explained_neighbours(score, neighbours, explainer=explainer), neighbours)


def local_lipschitz(
    score: Score, inputs: Inputs, attributions: Attributions, /, *, explainer: Explainer, near: Near = nearby
) -> Scores:
    """Largest ||e(x') - e(x)|| / ||x' - x|| over the neighbours x' of each example; smaller is better.

    In units of the attributions per unit of the inputs, so it compares examples, not models of different scales. One
    substitution in DNA is a distance of sqrt(2). NaN where an example has no neighbour.
    """
    neighbours = near(score, inputs)
    explained = explained_neighbours(score, neighbours, explainer=explainer)
    return change_by_distance(inputs, attributions, explained, neighbours)


def explained_neighbours(score: Score, neighbours: Neighbours, /, *, explainer: Explainer) -> References:
    """The explanation of every neighbour, `(batch, draws, *features)`, one draw of all examples at a time."""
    return torch.stack([explainer(score, rows).detach() for rows in neighbours.inputs.unbind(1)], dim=1)


def relative_change(attributions: Attributions, explained: References, neighbours: Neighbours) -> Scores:
    """`max_sensitivity` of neighbours that are explained already."""
    size = attributions.detach().flatten(1).norm(dim=1)
    return _largest(_moved(attributions, explained) / size.where(size > 0, 1.0)[:, None], neighbours)


def change_by_distance(
    inputs: Inputs, attributions: Attributions, explained: References, neighbours: Neighbours
) -> Scores:
    """`local_lipschitz` of neighbours that are explained already."""
    distance = (neighbours.inputs - inputs.unsqueeze(1)).flatten(2).norm(dim=2)
    return _largest(_moved(attributions, explained) / distance, neighbours)


def _moved(attributions: Attributions, explained: References) -> PositionMap:
    """||e(x') - e(x)|| for every neighbour, `(batch, draws)`."""
    moved: PositionMap = (explained - attributions.detach().unsqueeze(1)).flatten(2).norm(dim=2)
    return moved


def _largest(change: Tensor, neighbours: Neighbours) -> Scores:
    """The largest change over the neighbours that were found, NaN where there are none."""
    largest = change.masked_fill(~neighbours.found, -torch.inf).amax(dim=1)
    return largest.where(neighbours.found.any(dim=1), torch.nan)
