"""KernelSHAP: Shapley values as a weighted regression (Lundberg & Lee 2017, arXiv:1705.07874)."""

import torch
from torch import Tensor

from seqinterp.attribution.baselines import zeros
from seqinterp.attribution.chance import generator
from seqinterp.attribution.coalitions import ENUMERATED, Game, games
from seqinterp.attribution.groups import cells, check_groups, group_count, spread
from seqinterp.attribution.kernel_coalitions import drawn_coalitions, weighted_coalitions
from seqinterp.attribution.notes import note_rule, note_warning
from seqinterp.attribution.protocol import Baseline, Score
from seqinterp.errors import InputError
from seqinterp.shapes import Array, Attributions, GroupValues, Inputs

COALITIONS = 2048


def kernel_shap(
    score: Score,
    inputs: Inputs,
    /,
    *,
    groups: Array | None = None,
    baseline: Baseline = zeros,
    draws: int = COALITIONS,
    seed: int = 0,
) -> Attributions:
    """Shapley value of each group by regression, in score units, divided evenly over the features present in it.

    A line through the score of every coalition, weighted by the Shapley kernel, and held to add up to the score
    minus the mean score of the references. With at most 12 groups all coalitions are used and the values are the
    exact Shapley values; with more, `draws` coalitions are used and the values are estimates.

    Args:
        score: the model reduced to one number per example.
        inputs: `(batch, *features)`.
        groups: whole numbers of shape `features`, equal where features go together; None takes every position or
            pixel (with all its channels) by itself.
        baseline: what stands where a group is absent; several references are averaged.
        draws: coalitions, rounded up to an even number: all of the smallest and largest ones as in the shap
            package, the others drawn, each with its complement. Below twice the number of groups they do not
            determine the values, and a warning is noted.
        seed: the coalitions of an example follow from it and from the example.

    Raises:
        InputError: fewer than two `draws`, or groups that cannot be used.
    """
    features = inputs.shape[1:]
    chosen = cells(features) if groups is None else check_groups(groups, features)
    values = kernel_group_values(score, inputs, groups=chosen, baseline=baseline, draws=draws, seed=seed)
    return spread(values, chosen, inputs)


def kernel_group_values(
    score: Score,
    inputs: Inputs,
    /,
    *,
    groups: Array,
    baseline: Baseline = zeros,
    draws: int = COALITIONS,
    seed: int = 0,
) -> GroupValues:
    """The values of the regression themselves, `(batch, groups)`.

    Raises:
        InputError: fewer than two `draws`, or groups that cannot be used.
    """
    if draws < 2:
        raise InputError(f"draws must be 2 or more coalitions, not {draws}")
    chosen = check_groups(groups, inputs.shape[1:])
    count = group_count(chosen)
    note_rule("kernel_shap", "all coalitions" if count <= ENUMERATED else f"{draws} coalitions")
    # A coalition and its complement give the same equation once the sum is fixed.
    if count > ENUMERATED and draws < 2 * (count - 1):
        note_warning(
            f"kernel_shap used {draws} coalitions of {count} groups, too few to determine every value;"
            f" pass draws={4 * count} or more, or fewer groups"
        )
    return torch.stack([_regression(game, draws, seed) for game in games(score, inputs, chosen, baseline)]).to(inputs)


def _regression(game: Game, draws: int, seed: int) -> Tensor:
    """Least squares under the constraint that the values add up."""
    count = game.players
    if count <= ENUMERATED:
        coalitions, weights = weighted_coalitions(count)
    else:
        coalitions, weights = drawn_coalitions(count, draws, generator(seed, game.one, "kernel_shap"))
    worth = game.worth(coalitions)
    empty, full = worth[0], worth[-1]
    # With values = equal shares + rest, and rest adding up to 0, the constraint is gone: a coalition's row of the
    # design is centred, which leaves its product with such a rest unchanged, and the solution of least norm over
    # centred rows adds up to 0. The rows of none and of all are zeros, and so is what they owe.
    design = coalitions.double()
    share = design.mean(dim=1)
    owed = worth - empty - share * (full - empty)
    root = weights.sqrt()
    centred = (design - share.unsqueeze(1)) * root.unsqueeze(1)
    rest = _least_norm(centred, owed * root)
    return (full - empty) / count + rest - rest.mean()


def _least_norm(design: Tensor, right: Tensor) -> Tensor:
    """The least-squares solution of least norm, by scipy: torch's differs in the last digits from run to run."""
    from scipy.linalg import lstsq  # scipy takes a tenth of a second to import

    solution = lstsq(design.numpy(), right.numpy(), cond=1e-12, lapack_driver="gelsy")[0]
    return torch.from_numpy(solution)
