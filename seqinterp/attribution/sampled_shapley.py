"""Shapley values from permutations (Castro et al. 2009, doi:10.1016/j.cor.2008.04.004; pairs: arXiv:2104.12199)."""

import torch
from torch import Tensor

from seqinterp.attribution.baselines import zeros
from seqinterp.attribution.chance import generator
from seqinterp.attribution.coalitions import Game, games
from seqinterp.attribution.groups import cells, check_groups, spread
from seqinterp.attribution.notes import note_error
from seqinterp.attribution.protocol import Baseline, Score
from seqinterp.attribution.rows import rows_at_once
from seqinterp.errors import InputError
from seqinterp.shapes import Array, Attributions, GroupValues, Inputs

PERMUTATIONS = 24


def sampled_shapley(
    score: Score,
    inputs: Inputs,
    /,
    *,
    groups: Array | None = None,
    baseline: Baseline = zeros,
    draws: int = PERMUTATIONS,
    seed: int = 0,
) -> Attributions:
    """Estimated Shapley value of each group, in score units, divided evenly over the features present in it.

    The groups join in a random order and each is credited with what its coming adds; this is averaged over
    `draws` orders. Every order adds up to the score minus the mean score of the references, so the values do too.
    The model is shown `draws * (groups + 1)` rows for every example and reference.

    Args:
        score: the model reduced to one number per example.
        inputs: `(batch, *features)`.
        groups: whole numbers of shape `features`, equal where features go together; None takes every position or
            pixel (with all its channels) by itself.
        baseline: what stands where a group is absent; several references are averaged.
        draws: permutations; every second one is the reverse of the one before it, which lowers the error.
        seed: the permutations of an example follow from it and from the example.

    Raises:
        InputError: `draws` is not positive, or groups that cannot be used.
    """
    features = inputs.shape[1:]
    chosen = cells(features) if groups is None else check_groups(groups, features)
    values = sampled_group_values(score, inputs, groups=chosen, baseline=baseline, draws=draws, seed=seed)
    return spread(values, chosen, inputs)


def sampled_group_values(
    score: Score,
    inputs: Inputs,
    /,
    *,
    groups: Array,
    baseline: Baseline = zeros,
    draws: int = PERMUTATIONS,
    seed: int = 0,
) -> GroupValues:
    """The estimated Shapley values themselves, `(batch, groups)`; their largest standard error is noted.

    Raises:
        InputError: `draws` is not positive, or groups that cannot be used.
    """
    if draws < 1:
        raise InputError(f"draws must be 1 or more permutations, not {draws}")
    chosen = check_groups(groups, inputs.shape[1:])
    gains = [_gains(game, draws, seed) for game in games(score, inputs, chosen, baseline)]
    if draws >= 4:
        note_error(torch.stack([_standard_error(each) for each in gains]))
    return torch.stack([each.mean(dim=0) for each in gains]).to(inputs)


def permutations(count: int, draws: int, chance: torch.Generator) -> Tensor:
    """`draws` orders of `count` groups, `(draws, count)`, each followed by its reverse."""
    forth = torch.stack([torch.randperm(count, generator=chance) for _ in range((draws + 1) // 2)])
    return torch.stack((forth, forth.flip(1)), dim=1).flatten(0, 1)[:draws]


def _gains(game: Game, draws: int, seed: int) -> Tensor:
    """What each group adds when it joins, `(draws, groups)`, as many orders at a time as fit."""
    count = game.players
    orders = permutations(count, draws, generator(seed, game.one, "shapley"))
    size = max(1, rows_at_once(game.one.numel()) // (count + 1))
    done = []
    for part in orders.split(size):
        rank = part.argsort(dim=1)  # when each group joins
        joined = rank.unsqueeze(1) < torch.arange(count + 1).unsqueeze(1)
        worth = game.worth(joined.flatten(0, 1)).reshape(len(part), count + 1)
        done.append(worth.diff(dim=1).gather(1, rank))
    return torch.cat(done)


def _standard_error(gains: Tensor) -> Tensor:
    """Largest standard error over the groups; an order and its reverse are one observation."""
    pairs = gains[: len(gains) // 2 * 2].unflatten(0, (-1, 2)).mean(dim=1)
    errors: Tensor = pairs.std(dim=0) / len(pairs) ** 0.5
    return errors.max()
