"""LIME: a line fitted near one example (Ribeiro et al. 2016, arXiv:1602.04938)."""

from math import isfinite
from typing import Literal

import torch
from torch import Tensor

from seqinterp.attribution.baselines import zeros
from seqinterp.attribution.chance import generator
from seqinterp.attribution.coalitions import Game, every_coalition, games
from seqinterp.attribution.groups import cells, check_groups, group_count, spread
from seqinterp.attribution.notes import note_rule, note_warning
from seqinterp.attribution.protocol import Baseline, Score
from seqinterp.errors import InputError
from seqinterp.shapes import Array, Attributions, GroupValues, Inputs

Surrogate = Literal["ridge", "lasso"]


def lime(
    score: Score,
    inputs: Inputs,
    /,
    *,
    groups: Array | None = None,
    baseline: Baseline = zeros,
    draws: int = 1000,
    kernel_width: float = 0.25,
    surrogate: Surrogate = "ridge",
    alpha: float = 0.001,
    seed: int = 0,
) -> Attributions:
    """Coefficient of each group in a linear surrogate, in score units, divided evenly over the features present in it.

    Groups are kept or replaced by the reference at random, each with chance 1/2, and the line is fitted to the
    scores of these mixtures. A mixture at cosine distance d from the whole example (of the vectors of kept groups)
    weighs `exp(-d**2 / (2 * kernel_width**2))`. The fit is not held to add up to the score.

    Args:
        score: the model reduced to one number per example.
        inputs: `(batch, *features)`.
        groups: whole numbers of shape `features`, equal where features go together; None takes every position or
            pixel (with all its channels) by itself.
        baseline: what stands where a group is absent; several references are averaged.
        draws: mixtures; where there are no more than this, each one is scored once instead. With no more than
            the number of groups they do not determine the coefficients, and a warning is noted.
        kernel_width: how far from the example a mixture may be and still count; 0.25 is the lime package's.
        surrogate: "ridge" adds `alpha` times the sum of squared coefficients to the weighted mean squared error,
            "lasso" `alpha` times the sum of absolute coefficients to half of it (as captum does).
        alpha: how strongly coefficients are pulled to 0; 0 with "ridge" is plain least squares.
        seed: the mixtures of an example follow from it and from the example.

    Raises:
        InputError: an option out of its range, or groups that cannot be used.
    """
    features = inputs.shape[1:]
    chosen = cells(features) if groups is None else check_groups(groups, features)
    values = lime_group_values(
        score,
        inputs,
        groups=chosen,
        baseline=baseline,
        draws=draws,
        kernel_width=kernel_width,
        surrogate=surrogate,
        alpha=alpha,
        seed=seed,
    )
    return spread(values, chosen, inputs)


def lime_group_values(
    score: Score,
    inputs: Inputs,
    /,
    *,
    groups: Array,
    baseline: Baseline = zeros,
    draws: int = 1000,
    kernel_width: float = 0.25,
    surrogate: Surrogate = "ridge",
    alpha: float = 0.001,
    seed: int = 0,
) -> GroupValues:
    """The coefficients themselves, `(batch, groups)`.

    Raises:
        InputError: an option out of its range, or groups that cannot be used.
    """
    _check(draws, kernel_width, surrogate, alpha)
    chosen = check_groups(groups, inputs.shape[1:])
    count = group_count(chosen)
    every = 2**count <= draws
    note_rule("lime", "all coalitions" if every else f"{draws} coalitions")
    if draws <= count:
        note_warning(
            f"lime fitted {count} coefficients to {draws} mixtures, too few to determine every one;"
            f" pass draws={4 * count} or more, or fewer groups"
        )
    values = []
    for game in games(score, inputs, chosen, baseline):
        mixtures = every_coalition(game.players) if every else _drawn(game, draws, seed)
        weights = proximity(mixtures, kernel_width)
        values.append(_fit(mixtures, game.worth(mixtures), weights, surrogate, alpha))
    return torch.stack(values).to(inputs)


def _check(draws: int, kernel_width: float, surrogate: str, alpha: float) -> None:
    """Refuse options out of their range before the model is called."""
    if draws < 2:
        raise InputError(f"draws must be 2 or more mixtures, not {draws}")
    if not (isfinite(kernel_width) and kernel_width > 0):
        raise InputError(f"kernel_width must be a number above 0, not {kernel_width}")
    if surrogate not in ("ridge", "lasso"):
        raise InputError(f"surrogate must be 'ridge' or 'lasso', not {surrogate!r}")
    if not (isfinite(alpha) and alpha >= 0):
        raise InputError(f"alpha must be a number of 0 or more, not {alpha}")
    if surrogate == "lasso" and alpha == 0:
        raise InputError("alpha must be above 0 with the lasso; pass surrogate='ridge' for a fit without a penalty")


def _drawn(game: Game, draws: int, seed: int) -> Tensor:
    """The whole example, then coalitions in which each group is with chance 1/2, `(draws, groups)`."""
    chance = generator(seed, game.one, "lime")
    mixtures = torch.rand(draws, game.players, generator=chance) < 0.5
    mixtures[0] = True
    return mixtures


def proximity(mixtures: Tensor, kernel_width: float) -> Tensor:
    """Weight of each mixture by its cosine distance from the whole example, `(mixtures,)`."""
    # The cosine of a vector of k ones and G - k zeros with one of G ones is sqrt(k / G).
    distance = 1 - mixtures.double().mean(dim=1).sqrt()
    return torch.exp(-(distance**2) / (2 * kernel_width**2))


def _fit(mixtures: Tensor, scores: Tensor, weights: Tensor, surrogate: Surrogate, alpha: float) -> Tensor:
    """Coefficients of the surrogate; weights that add up to 1 make alpha mean the same for any number of draws."""
    from sklearn.linear_model import Lasso, Ridge  # scikit-learn takes a second to import

    share = (weights / weights.sum()).numpy()
    line: Lasso | Ridge
    if surrogate == "lasso":
        line = Lasso(alpha=alpha, tol=1e-8, max_iter=100_000)  # scikit-learn scales its weights by itself
    else:
        line = Ridge(alpha=alpha, solver="auto" if alpha > 0 else "svd")
    line.fit(mixtures.double().numpy(), scores.numpy(), sample_weight=share)
    return torch.from_numpy(line.coef_).double()
