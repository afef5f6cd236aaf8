"""Similar inputs, similar explanations: the correlation, its p-value, and four ways to be similar."""

import numpy as np
import pytest
import torch
from scipy.stats import kstest, spearmanr

from naive.trust_truth import mantel
from seqinterp.errors import InputError, ShapeError
from seqinterp.evaluation.neighbour_agreement import (
    explained_word_similarity,
    explanation_similarity,
    latent_similarity,
    neighbour_agreement,
    word_similarity,
)
from seqinterp.sequence.onehot import one_hot


def normal(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_equals_spearman_over_pairs_and_all_orders():
    latent = normal(5, 3)
    first, second = latent_similarity(latent), latent_similarity(latent + 0.8 * normal(5, 3, seed=1))
    found = neighbour_agreement(first, second)
    correlation, p_value = mantel(first, second)
    assert found.correlation == pytest.approx(correlation)
    assert found.p_value == pytest.approx(p_value)
    assert found.pairs == 10


def test_explanations_that_follow_the_latent_space_are_found_and_others_are_not():
    latent = normal(30, 6)
    maps = (latent @ normal(6, 40, seed=1)).unsqueeze(1)
    following = neighbour_agreement(latent_similarity(latent), explanation_similarity(maps))
    other = neighbour_agreement(latent_similarity(latent), explanation_similarity(normal(30, 1, 40, seed=5)))
    assert following.correlation > 0.4
    assert following.p_value == pytest.approx(1 / 1001)
    assert other.p_value > 0.05


def test_p_values_are_even_where_there_is_nothing():
    p_values = [
        neighbour_agreement(
            latent_similarity(normal(8, 3, seed=seed)), latent_similarity(normal(8, 3, seed=seed + 900)), draws=99
        ).p_value
        for seed in range(150)
    ]
    assert kstest(p_values, "uniform").pvalue > 0.01


def test_the_order_of_examples_changes_nothing():
    latent, maps = normal(12, 3), normal(12, 4, 9, seed=1)
    pairs = [
        neighbour_agreement(latent_similarity(latent[turn]), explanation_similarity(maps[turn]), draws=40)
        for turn in (torch.arange(12), torch.randperm(12, generator=torch.Generator().manual_seed(3)))
    ]
    assert pairs[0].p_value == pairs[1].p_value
    assert pairs[0].correlation == pytest.approx(pairs[1].correlation)


def test_latent_similarity_is_minus_the_distance():
    latent = normal(4, 2, 3)
    rows = latent.flatten(1).numpy()
    expected = [[-np.linalg.norm(a - b) for b in rows] for a in rows]
    np.testing.assert_allclose(latent_similarity(latent), expected, atol=1e-9)


def test_explanation_similarity_is_spearman_by_place():
    maps = normal(4, 4, 12)
    maps[2] = 0
    found = explanation_similarity(maps)
    assert np.isnan(found[2]).all()
    assert found[0, 3] == pytest.approx(spearmanr(maps[0].sum(0), maps[3].sum(0)).statistic)
    kept = [0, 1, 3]
    np.testing.assert_allclose(np.diag(found)[kept], 1)


def test_words_are_compared_wherever_they_stand():
    found = word_similarity(one_hot(["ACGTAAAAAA", "AAAAAACGTA", "CCCCCCCCCC", "NNNNNNNNNN"]), width=3)
    counts = [{"ACG": 1, "CGT": 1, "GTA": 1, "TAA": 1, "AAA": 4}, {"AAA": 4, "AAC": 1, "ACG": 1, "CGT": 1, "GTA": 1}]
    inner = sum(counts[0].get(word, 0) * n for word, n in counts[1].items())
    assert found[0, 1] == pytest.approx(inner / 20)  # both have length sqrt(4 + 16)
    assert found[0, 2] == 0
    assert np.isnan(found[3]).all()


def test_explained_words_see_a_motif_that_moved():
    inputs = one_hot(["TTGACTCATTTTTTTTT", "CCCCCCCCTGACTCACC", "TTTTTTTTTTTGGGGTT"])
    maps = torch.zeros(3, 4, 17)
    for row, start in zip(maps, (1, 8, 11), strict=True):
        row[:, start : start + 7 if start < 11 else 15] = 1.0
    maps = maps * inputs
    found = explained_word_similarity(inputs, maps)
    assert found[0, 1] > 0.7
    assert found[0, 1] > found[0, 2] + 0.4
    assert explanation_similarity(maps)[0, 1] < 0  # by place the two look unlike


@pytest.mark.parametrize(
    ("first", "second", "error", "message"),
    [
        (np.eye(4), np.eye(5), ShapeError, "must be \\(examples, examples\\)"),
        (np.eye(2), np.eye(2), InputError, "at least 3 examples"),
        (np.full((4, 4), np.nan), np.eye(4), InputError, "but there are 0"),
        (np.eye(4), np.arange(16.0).reshape(4, 4), InputError, "equally similar"),
    ],
)
def test_what_cannot_be_compared_is_refused(first, second, error, message):
    with pytest.raises(error, match=message):
        neighbour_agreement(first, second)


def test_words_out_of_range_are_refused():
    with pytest.raises(InputError, match="width must be from 1 to 6"):
        word_similarity(one_hot("A" * 20), width=7)
    with pytest.raises(InputError, match="must be finite"):
        latent_similarity(normal(3, 2) / 0)
