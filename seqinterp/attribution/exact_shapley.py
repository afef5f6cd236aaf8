"""Shapley values by enumeration (Shapley 1953, doi:10.1515/9781400881970-018)."""

from math import comb

import torch
from torch import Tensor

from seqinterp.attribution.baselines import zeros
from seqinterp.attribution.coalitions import ENUMERATED, Game, every_coalition, games
from seqinterp.attribution.groups import blocks, check_groups, group_count, spread
from seqinterp.attribution.protocol import Baseline, Score
from seqinterp.errors import InputError
from seqinterp.shapes import Array, Attributions, GroupValues, Inputs


def exact_shapley(
    score: Score, inputs: Inputs, /, *, groups: Array | None = None, baseline: Baseline = zeros
) -> Attributions:
    """Exact Shapley value of each group, in score units, divided evenly over the features present in it.

    All `2 ** groups` coalitions are scored for every reference. The values of an example add up to its score minus
    the mean score of its references.

    Args:
        score: the model reduced to one number per example.
        inputs: `(batch, *features)`.
        groups: whole numbers of shape `features`, equal where features go together; None makes at most 12 blocks.
        baseline: what stands where a group is absent; several references are averaged.

    Raises:
        InputError: more than 12 groups, or groups that cannot be used.
    """
    features = inputs.shape[1:]
    chosen = blocks(features, ENUMERATED) if groups is None else check_groups(groups, features)
    return spread(exact_group_values(score, inputs, groups=chosen, baseline=baseline), chosen, inputs)


def exact_group_values(score: Score, inputs: Inputs, /, *, groups: Array, baseline: Baseline = zeros) -> GroupValues:
    """The exact Shapley values themselves, `(batch, groups)`.

    Raises:
        InputError: more than 12 groups, or groups that cannot be used.
    """
    chosen = check_groups(groups, inputs.shape[1:])
    count = group_count(chosen)
    if count > ENUMERATED:
        raise InputError(
            f"exact Shapley values take at most {ENUMERATED} groups of features and {count} were asked for;"
            " give larger groups, or use sampled_shapley"
        )
    return torch.stack([_shapley(game) for game in games(score, inputs, chosen, baseline)]).to(inputs)


def _shapley(game: Game) -> Tensor:
    """Mean gain of each group over all coalitions it can join, those of each size together weighing the same."""
    count = game.players
    coalitions = every_coalition(count)
    worth = game.worth(coalitions)
    weights = torch.tensor([1 / (count * comb(count - 1, size)) for size in range(count)], dtype=torch.float64)
    values = []
    for group in range(count):
        inside = coalitions[:, group].nonzero().squeeze(1)
        outside = inside - 2**group  # the same coalitions without the group
        values.append((weights[coalitions[outside].sum(dim=1)] * (worth[inside] - worth[outside])).sum())
    return torch.stack(values)
