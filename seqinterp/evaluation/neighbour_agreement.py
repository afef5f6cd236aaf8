"""Do similar inputs get similar explanations? A rank correlation over pairs, after Mantel 1967 (PMID 6018555).

Two tables of similarity are compared, `(examples, examples)` each: of the examples (by what a layer makes of them, or
by their words) and of their explanations (by place, or by the words that carry the contributions).
"""

from dataclasses import dataclass

import numpy as np
import torch
from scipy.stats import rankdata
from torch import Tensor

from seqinterp.attribution.dna import require_dna
from seqinterp.errors import InputError, ShapeError
from seqinterp.evaluation.null_maps import word_numbers
from seqinterp.evaluation.permutations import check_draws, example_order, orders, tail
from seqinterp.evaluation.places import place_contributions, rank_correlations, varies
from seqinterp.shapes import Attributions, PairTable, Sequences

_PRECISION = 12  # decimals of a similarity that count; beyond is rounding, and ties must stay ties


@dataclass(frozen=True)
class NeighbourAgreement:
    """Spearman correlation over `pairs` of examples between two similarities, and its one-sided permutation p-value."""

    correlation: float
    p_value: float
    pairs: int


def neighbour_agreement(
    similarity: PairTable, explanations: PairTable, *, draws: int = 1000, seed: int = 0
) -> NeighbourAgreement:
    """Whether pairs of similar examples have similar explanations; a larger correlation is better.

    The p-value deals the explanations out anew among the examples, since pairs that share an example are not
    independent; all orders where there are not more than `draws`. Pairs in which either is NaN are left out.

    Raises:
        ShapeError: the two are not square tables of one size.
        InputError: fewer than 3 examples, or pairs that are all alike.
    """
    check_draws(draws, seed)
    count = len(similarity)
    if similarity.shape != (count, count) or explanations.shape != (count, count):
        raise ShapeError(
            "both similarities must be (examples, examples) of the same examples, but they are"
            f" {similarity.shape} and {explanations.shape}"
        )
    left_out = np.isnan(np.diag(similarity)) | np.isnan(np.diag(explanations))
    first, second = (table[~left_out][:, ~left_out] for table in (similarity, explanations))
    if len(first) < 3:
        raise InputError(f"at least 3 examples with an explanation are needed to compare, but there are {len(first)}")
    # A table's sorted rows do not depend on the order of the examples, so neither do the draws.
    rows = np.sort(np.stack([first, second], axis=1), axis=2)
    order = example_order(torch.from_numpy(rows), seed)
    ones, others = (_pair_ranks(table[np.ix_(order, order)]) for table in (first, second))
    pairs = np.triu_indices(len(first), 1)
    values = np.array(
        [(ones[pairs] * others[dealt[pairs[0]], dealt[pairs[1]]]).sum() for dealt in orders(len(first), draws, seed)]
    )
    return NeighbourAgreement(float(values[0]), tail(values), len(pairs[0]))


def latent_similarity(representations: Tensor) -> PairTable:
    """Minus the distance between what a layer makes of every two examples, `(batch, ...)`, flattened.

    Raises:
        InputError: a number is not finite.
    """
    rows = representations.detach().cpu().double().flatten(1)
    if not bool(torch.isfinite(rows).all()):
        raise InputError("representations must be finite numbers; leave out the examples with others")
    distances = torch.stack([(row - rows).norm(dim=1) for row in rows])
    return np.round(-distances.numpy(), _PRECISION)


def word_similarity(inputs: Sequences, *, width: int = 4) -> PairTable:
    """Cosine of how often every two sequences hold each word of `width` bases, 0 to 1, whatever the place."""
    words = _words(inputs, width)
    return _cosines(_profile(words, torch.ones(words.shape, dtype=torch.float64), width))


def explanation_similarity(attributions: Attributions) -> PairTable:
    """Spearman correlation over places of the contributions of every two examples; for aligned inputs.

    NaN for an example whose map is the same everywhere.
    """
    maps = place_contributions(attributions).numpy()
    able = varies(maps)
    table = np.full((len(maps), len(maps)), np.nan)
    if able.any():
        table[np.ix_(able, able)] = rank_correlations(maps[able], maps[able])
    return np.round(table, _PRECISION)


def explained_word_similarity(inputs: Sequences, attributions: Attributions, *, width: int = 4) -> PairTable:
    """Cosine of the contributions by word, for sequences whose motifs are at different places, -1 to 1.

    Each word of `width` bases gets the mean contribution of its positions, summed over its places. NaN for an example
    without any.
    """
    words = _words(inputs, width)
    weights = place_contributions(attributions).unfold(1, width, 1).mean(dim=2)
    return _cosines(_profile(words, weights, width))


def _words(inputs: Sequences, width: int) -> Tensor:
    """The word at every place, as numbers."""
    require_dna(inputs, "similarity by words")
    if not 1 <= width <= min(6, inputs.shape[2]):
        raise InputError(f"width must be from 1 to {min(6, inputs.shape[2])} bases here, not {width}")
    return word_numbers(inputs, width)


def _profile(words: Tensor, weights: Tensor, width: int) -> Tensor:
    """The weights of each word summed over its places, `(batch, 4 ** width)`; words with N count nowhere."""
    profile = torch.zeros(len(words), 4**width, dtype=torch.float64)
    return profile.scatter_add_(1, words.clamp(min=0), weights * (words >= 0))


def _cosines(profile: Tensor) -> PairTable:
    """Cosine between every two rows; NaN for a row of zeros."""
    length = profile.norm(dim=1, keepdim=True)
    unit = profile / length.where(length > 0, torch.nan)
    return np.asarray(np.round((unit @ unit.T).numpy(), _PRECISION))


def _pair_ranks(table: PairTable) -> PairTable:
    """The ranks of the pairs, mean 0 and length 1 over all pairs, as a symmetric table."""
    pairs = np.triu_indices(len(table), 1)
    ranks = rankdata(table[pairs])
    ranks = ranks - ranks.mean()
    length = np.linalg.norm(ranks)
    if length == 0:
        raise InputError("all pairs of examples are equally similar, so there is nothing to rank")
    done = np.zeros_like(table)
    done[pairs] = ranks / length
    return np.asarray(done + done.T)
