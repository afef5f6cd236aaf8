"""Shapley values, exact where that can be done, else estimated (Strumbelj & Kononenko 2010, JMLR 11:1-18)."""

from seqinterp.attribution.baselines import zeros
from seqinterp.attribution.coalitions import ENUMERATED
from seqinterp.attribution.exact_shapley import exact_group_values
from seqinterp.attribution.groups import cells, check_groups, group_count, spread
from seqinterp.attribution.notes import note_rule
from seqinterp.attribution.protocol import Baseline, Score
from seqinterp.attribution.sampled_shapley import PERMUTATIONS, sampled_group_values
from seqinterp.errors import InputError
from seqinterp.shapes import Array, Attributions, GroupValues, Inputs


def shapley(
    score: Score,
    inputs: Inputs,
    /,
    *,
    groups: Array | None = None,
    baseline: Baseline = zeros,
    draws: int = PERMUTATIONS,
    seed: int = 0,
) -> Attributions:
    """Shapley value of each group, in score units, divided evenly over the features present in it.

    Exact with at most 12 groups (see `exact_shapley`), else the mean over `draws` permutations (see
    `sampled_shapley`); the notes say which. Either way the values of an example add up to its score minus the
    mean score of its references.

    Args:
        score: the model reduced to one number per example.
        inputs: `(batch, *features)`.
        groups: whole numbers of shape `features`, equal where features go together; None takes every position or
            pixel (with all its channels) by itself.
        baseline: what stands where a group is absent; several references are averaged.
        draws: permutations, where not all coalitions are scored.
        seed: the permutations of an example follow from it and from the example.

    Raises:
        InputError: `draws` is not positive, or groups that cannot be used.
    """
    features = inputs.shape[1:]
    chosen = cells(features) if groups is None else check_groups(groups, features)
    values = shapley_group_values(score, inputs, groups=chosen, baseline=baseline, draws=draws, seed=seed)
    return spread(values, chosen, inputs)


def shapley_group_values(
    score: Score,
    inputs: Inputs,
    /,
    *,
    groups: Array,
    baseline: Baseline = zeros,
    draws: int = PERMUTATIONS,
    seed: int = 0,
) -> GroupValues:
    """The Shapley values themselves, `(batch, groups)`, exact or estimated as `shapley` does it.

    Raises:
        InputError: `draws` is not positive, or groups that cannot be used.
    """
    if draws < 1:
        raise InputError(f"draws must be 1 or more permutations, not {draws}")
    chosen = check_groups(groups, inputs.shape[1:])
    if group_count(chosen) <= ENUMERATED:
        note_rule("shapley", "exact")
        return exact_group_values(score, inputs, groups=chosen, baseline=baseline)
    note_rule("shapley", f"{draws} permutations")
    return sampled_group_values(score, inputs, groups=chosen, baseline=baseline, draws=draws, seed=seed)
