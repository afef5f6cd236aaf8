"""Exact Shapley values of planted sites (Shapley 1953, doi:10.1515/9781400881970-018), and how near a map comes.

The players are the sites; where one is absent the example's own background stands. All coalitions are scored.
"""

from collections.abc import Sequence

import numpy as np
import torch
from sklearn.metrics import average_precision_score
from torch import Tensor

from seqinterp.attribution.coalitions import ENUMERATED
from seqinterp.attribution.dna import require_dna
from seqinterp.attribution.exact_shapley import exact_group_values
from seqinterp.attribution.groups import spread
from seqinterp.attribution.protocol import Score
from seqinterp.errors import InputError, ShapeError
from seqinterp.evaluation.places import place_contributions, require_places
from seqinterp.evaluation.planted_truth import planted_truth
from seqinterp.evaluation.similarity import top_shares
from seqinterp.sequence.examples import Site
from seqinterp.shapes import Attributions, GroupValues, Inputs, PositionMap, Scores, Sequences, Truth


def exact_site_values(
    score: Score, inputs: Sequences, /, *, background: Tensor, sites: Sequence[tuple[Site, ...]]
) -> GroupValues:
    """The exact Shapley value of every site, `(batch, most sites)`; zeros where an example has fewer.

    The values of an example add up to its score minus that of its background where inputs and background differ
    only inside the sites.

    Raises:
        ShapeError: the inputs are not one-hot DNA, or the background has another shape.
        InputError: not one entry of sites per example, sites that overlap or do not fit, or more than 11 of them.
    """
    require_dna(inputs, "the truth of planted sites")
    if background.shape != inputs.shape:
        raise ShapeError(
            f"background must have the shape of the inputs, {tuple(inputs.shape)}, but it has {tuple(background.shape)}"
        )
    if len(sites) != len(inputs):
        raise InputError(f"one entry of sites per example is needed, but {len(sites)} came for {len(inputs)} examples")
    values = torch.zeros(len(inputs), max(map(len, sites)), dtype=inputs.dtype, device=inputs.device)
    for number, own in enumerate(sites):
        if own:
            groups = _groups(own, inputs.shape[2], number)
            stand_in = background[number : number + 1]
            found = exact_group_values(
                score,
                inputs[number : number + 1],
                groups=groups,
                baseline=lambda _, behind=stand_in: behind.unsqueeze(1),
            )
            values[number, : len(own)] = found[0, 1:]  # group 0 is what is in no site
    return values


def exact_truth(
    score: Score, inputs: Sequences, /, *, background: Tensor, sites: Sequence[tuple[Site, ...]]
) -> Attributions:
    """The true contributions, `(batch, 4, position)`: each site's value, even over its informative bases.

    Over all of its bases where a site, such as a decoy, names none as informative. Raises what `exact_site_values`
    raises.
    """
    values = exact_site_values(score, inputs, background=background, sites=sites)
    truth = torch.zeros_like(inputs)
    for number, own in enumerate(sites):
        for site, value in zip(own, values[number], strict=False):
            places = torch.zeros(inputs.shape[1:], dtype=torch.long)
            places[:, list(site.informative or range(site.start, site.stop))] = 1
            shared = torch.stack([torch.zeros_like(value), value]).unsqueeze(0)
            truth[number] += spread(shared, places, inputs[number : number + 1])[0]
    return truth


def _groups(sites: tuple[Site, ...], length: int, number: int) -> Tensor:
    """Group 0 outside the sites and group j + 1 in site j, `(4, position)`."""
    if len(sites) >= ENUMERATED:
        raise InputError(f"at most {ENUMERATED - 1} sites can be enumerated, but example {number} has {len(sites)}")
    groups = torch.zeros(length, dtype=torch.long)
    for player, site in enumerate(sites, start=1):
        if site.stop > length or bool(groups[site.start : site.stop].any()):
            raise InputError(f"the site {site} of example {number} overlaps another or reaches past its {length} bases")
        groups[site.start : site.stop] = player
    if bool(groups.all()):
        raise InputError(f"the sites of example {number} leave no base of background; use longer sequences")
    return groups.expand(4, length).clone()


def truth_auroc(score: Score, inputs: Inputs, attributions: Attributions, /, *, truth: Tensor) -> Scores:
    """Do true positions rank above the others by size? The area under the ROC curve; larger is better, 0.5 chance.

    `truth` is what `exact_truth` gives. NaN for an example in which no position, or every one, matters.
    """
    size, matters = _sizes(attributions, truth)
    usable = matters.any(dim=1) & ~matters.all(dim=1)
    found = torch.full((len(size),), torch.nan, dtype=torch.float64)
    if bool(usable.any()):
        found[usable] = torch.from_numpy(planted_truth(size[usable], matters[usable], draws=1).per_sequence)
    return found


def truth_auprc(score: Score, inputs: Inputs, attributions: Attributions, /, *, truth: Tensor) -> Scores:
    """Average precision of positions ranked by size; larger is better, chance is the share that matters.

    NaN for an example in which no position matters.
    """
    size, matters = _sizes(attributions, truth)
    each = [
        average_precision_score(true.numpy(), row.numpy()) if bool(true.any()) else np.nan
        for row, true in zip(size, matters, strict=True)
    ]
    return torch.tensor(each, dtype=torch.float64)


def signal_share(score: Score, inputs: Inputs, attributions: Attributions, /, *, truth: Tensor) -> Scores:
    """Share of the size of all contributions that is at true positions, 0 to 1; larger is better.

    0 for a map of zeros. NaN for an example in which no position matters.
    """
    size, matters = _sizes(attributions, truth)
    total = size.sum(dim=1)
    share = (size * matters).sum(dim=1) / torch.where(total > 0, total, 1.0)
    return share.where(matters.any(dim=1), torch.nan)


def position_error(score: Score, inputs: Sequences, attributions: Attributions, /, *, truth: Tensor) -> Scores:
    """Mean distance in bases from the largest contributions, as many as matter, to the nearest true position.

    Smaller is better and 0 perfect. Ties count as the mean over their orders. NaN for an example in which no position
    matters.
    """
    size, matters = _sizes(attributions, truth)
    at = torch.arange(size.shape[1], dtype=torch.float64)
    apart = (at.unsqueeze(0) - at.unsqueeze(1)).abs()
    nearest = torch.stack(
        [apart[:, true].min(dim=1).values if bool(true.any()) else torch.nan * at for true in matters]
    )
    counts = matters.sum(dim=1)
    return (top_shares(size, counts) * nearest).sum(dim=1) / counts


def sign_correctness(
    score: Score,
    inputs: Sequences,
    attributions: Attributions,
    /,
    *,
    truth: Tensor,
    repressors: bool = False,
) -> Scores:
    """Share of true positions whose contribution has the sign of the truth, each weighed by the size of its truth.

    Larger is better; a contribution of zero has no sign and is wrong. With `repressors` only positions that lower
    the score count. NaN for an example without any.
    """
    found, true = place_contributions(attributions), place_contributions(truth)
    require_places("truth", true, found)
    weights = true.abs() * _matters(true) * ((true < 0) if repressors else torch.ones_like(true))
    right = weights * (found.sign() == true.sign())
    return right.sum(dim=1) / weights.sum(dim=1)  # 0 / 0 is NaN


def _sizes(attributions: Attributions, truth: Tensor) -> tuple[PositionMap, Truth]:
    """The size of every position's contribution, and which positions matter."""
    size, true = place_contributions(attributions, magnitude=True), place_contributions(truth)
    require_places("truth", true, size)
    return size, _matters(true)


def _matters(true: PositionMap) -> Truth:
    """Where the truth is more than rounding."""
    return true.abs() > 1e-5 * true.abs().amax(dim=1, keepdim=True).clamp(min=1e-3)
