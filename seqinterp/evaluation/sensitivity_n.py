"""Do the contributions of n positions add up to what taking all n away does? Ancona et al. 2018, arXiv:1711.06104.

For random sets of exactly n positions: the correlation of the sum of their contributions with the fall of the score.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from seqinterp.attribution.protocol import Score
from seqinterp.errors import InputError
from seqinterp.evaluation.replacements import (
    Replacement,
    at_least,
    each_example,
    flat_contributions,
    held,
    random_sets,
    row_scores,
    usual_replacement,
)
from seqinterp.shapes import Attributions, Inputs, Scores

SETS, DRAWS = 64, 4


def sensitivity_n(
    score: Score,
    inputs: Inputs,
    attributions: Attributions,
    /,
    *,
    size: int = 10,
    sets: int = SETS,
    draws: int = DRAWS,
    replacement: Replacement | None = None,
    seed: int = 0,
) -> Scores:
    """Pearson correlation over `sets` random sets of `size` positions, `(batch,)`: larger is better, 1 is perfect.

    The fall of the score is the mean over `draws` replacements of each set. 0 where the sums of contributions are all
    the same (nothing is foretold), NaN where the score always falls as much (there is nothing to foretell): a model
    that ignores its input, or sets of all positions.
    replacement: how (see `replacements`); without one, `random_base` for DNA and `mean_pixel` for images.

    Raises:
        ShapeError: the attributions do not fit the inputs, or the replacement cannot be used on them.
        InputError: an example holds fewer than `size` positions (N do not count), fewer than 3 sets or one draw, or
            attributions that are not finite.
    """
    at_least("size", size, 1)
    sizes = [size] * len(inputs)
    return set_correlation(
        score, inputs, attributions, sizes=sizes, sets=sets, draws=draws, replacement=replacement, seed=seed
    )


def sensitivity_curve(
    score: Score, inputs: Inputs, attributions: Attributions, /, *, sizes: Sequence[int], **options: Any
) -> Tensor:
    """`sensitivity_n` for each of several sizes, `(batch, sizes)`. Options are those of `sensitivity_n`."""
    return torch.stack([sensitivity_n(score, inputs, attributions, size=size, **options) for size in sizes], dim=1)


def set_correlation(
    score: Score,
    inputs: Inputs,
    attributions: Attributions,
    *,
    sizes: Sequence[int],
    sets: int,
    draws: int,
    replacement: Replacement | None,
    seed: int,
    cell: int = 1,
) -> Scores:
    """`sensitivity_n` with a size for each example; `cell` as in `deletion_curve`."""
    at_least("sets", sets, 3)
    at_least("draws", draws, 1)
    contributions = flat_contributions(inputs, attributions)
    put = replacement or usual_replacement(inputs)
    counts = held(inputs).flatten(1).sum(dim=1).tolist()
    for number, (size, count) in enumerate(zip(sizes, counts, strict=True)):
        if size > count:
            raise InputError(f"sets of {size} positions were asked for, but example {number} holds {count}")

    def correlation(number: int) -> Tensor:
        one = inputs[number : number + 1]
        masks = random_sets(one, sizes[number], sets=sets, seed=seed, cell=cell)
        rows = put(one, masks.repeat_interleave(draws, dim=0)[None], draws=sets * draws, seed=seed)[0]
        after = row_scores(score, rows).reshape(sets, draws).mean(dim=1)
        foretold = (masks.flatten(1) * contributions[number]).sum(dim=1)
        before = row_scores(score, one)
        return pearson(foretold, before - after, size=float(before.abs()))

    return each_example(correlation, len(inputs))


def pearson(foretold: Tensor, happened: Tensor, *, size: float = 0.0) -> Tensor:
    """The correlation of two series; 0 where the first does not vary beyond rounding, NaN where the second does not.

    size: of the numbers that the second is the difference of, and so how large its rounding is.
    """
    first, second = _centred(foretold), _centred(happened, size=size)
    if not bool(second.any()):
        return happened.new_tensor(float("nan"))
    return (first @ second) / (first.norm() * second.norm()) if bool(first.any()) else happened.new_tensor(0.0)


def _centred(series: Tensor, *, size: float = 0.0) -> Tensor:
    """A series less its mean; zeros where what is left is rounding of single precision."""
    centred = series - series.mean()
    largest = max(float(series.abs().max()), size)
    return centred if float(centred.abs().max()) > 1e-6 * largest else torch.zeros_like(centred)
