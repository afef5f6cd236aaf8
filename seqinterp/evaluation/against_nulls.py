"""Is an explanation more than the input? Its likeness to null maps as p-values (after Adebayo et al. 2018,
arXiv:1810.03292, who show that a map can look like an edge detector).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from seqinterp.attribution.protocol import Score
from seqinterp.errors import InputError
from seqinterp.evaluation.permutations import check_draws, example_order, holm, orders, tail
from seqinterp.evaluation.places import place_contributions, rank_correlations, require_places, varies
from seqinterp.evaluation.similarity import spearman
from seqinterp.shapes import Attributions, Inputs, Scores


@dataclass(frozen=True, eq=False)
class NullTest:
    """How like the null map of the same example an attribution is, against the null maps of other examples.

    `similarity` is the mean Spearman correlation with the example's own null map, over the `examples` in which both
    maps have an order, and `expected` its mean over all pairings of examples. `p_value` is two-sided, and `corrected`
    by Holm for all nulls tested. `per_example` is `(batch,)`, NaN where a map has no order.
    """

    null: str
    similarity: float
    expected: float
    p_value: float
    corrected: float
    examples: int
    per_example: np.ndarray


def null_similarity(score: Score, inputs: Inputs, attributions: Attributions, /, *, null: Tensor) -> Scores:
    """Spearman correlation over places of the size of the contributions with a null map, -1 to 1.

    Smaller in size is better: near 1 the map says what the input alone says. `null` is `(batch, *places)`, or
    attributions of the inputs' shape, such as those of an untrained copy, of which the size is taken. NaN where a map
    is the same everywhere.
    """
    size = place_contributions(attributions, magnitude=True)
    return spearman(size, _places_of(null, attributions, size, "null"))


def against_nulls(
    attributions: Attributions, nulls: Mapping[str, Tensor], *, draws: int = 1000, seed: int = 0
) -> tuple[NullTest, ...]:
    """Test whether attributions follow null maps of their own example more, or less, than those of other examples.

    The null maps are dealt out anew among the examples, in all orders where there are not more than `draws`, so what
    all examples share (such as a peak in the middle) counts for nothing. A small p-value says that part of the
    explanation can be read off the input without the model; it does not say that the explanation is wrong, since a
    model may have learned just that. The size of the contributions is compared.

    Args:
        attributions: `(batch, *features)`.
        nulls: by name, each `(batch, *places)` or of the shape of the attributions.
        draws: random orders of the examples.
        seed: of the orders.

    Raises:
        ShapeError: a null map has another shape.
        InputError: no null, or fewer than two examples in which the attribution and the null have an order.
    """
    check_draws(draws, seed)
    if not nulls:
        raise InputError("at least one null map is needed, but none came")
    size = place_contributions(attributions, magnitude=True)
    tests = [_test(name, size, _places_of(null, attributions, size, name), draws, seed) for name, null in nulls.items()]
    corrected = holm(np.array([test.p_value for test in tests]))
    return tuple(
        NullTest(**{**vars(test), "corrected": float(value)}) for test, value in zip(tests, corrected, strict=True)
    )


def _places_of(null: Tensor, attributions: Attributions, size: Tensor, name: str) -> Tensor:
    """A null map with one number per place."""
    alike = null.shape == attributions.shape and attributions.ndim > 2
    places = place_contributions(null, magnitude=True) if alike else null.detach().cpu().double()
    require_places(f"null map {name!r}", places, size)
    return places


def _test(name: str, size: Tensor, null: Tensor, draws: int, seed: int) -> NullTest:
    """The test of one null, not yet corrected."""
    usable = varies(size.numpy()) & varies(null.numpy())
    if usable.sum() < 2:
        raise InputError(
            f"at least 2 examples whose attributions and null map {name!r} differ between places are needed to"
            f" compare, but there are {usable.sum()}"
        )
    own, theirs = size[usable], null[usable]
    order = example_order(torch.stack([own.flatten(1), theirs.flatten(1)], dim=1), seed)
    table = rank_correlations(own.numpy()[order], theirs.numpy()[order])
    expected = float(table.mean())
    dealt = orders(len(table), draws, seed)
    means = table[np.arange(len(table)), dealt].mean(axis=1)
    each = np.full(len(size), np.nan)
    each[np.flatnonzero(usable)[order]] = np.diag(table)
    p_value = tail(np.abs(means - expected))
    return NullTest(name, float(means[0]), expected, p_value, p_value, int(usable.sum()), each)
