"""Likeness to null maps: exact for few examples, small where a map copies its null, even where it does not."""

import numpy as np
import pytest
import torch
from scipy.stats import kstest, spearmanr

from naive.trust_truth import holm as naive_holm, null_p_value
from seqinterp.attribution.protocol import Score
from seqinterp.attribution.targets import output
from seqinterp.errors import InputError, ShapeError
from seqinterp.evaluation.against_nulls import against_nulls, null_similarity
from seqinterp.evaluation.permutations import holm, orders, tail

SCORE = Score(torch.nn.Identity(), output(0))


def normal(*shape, seed=0):
    return torch.from_numpy(np.random.default_rng(seed).normal(size=shape))


def test_equals_all_ways_to_deal_out_the_nulls():
    maps, null = normal(5, 4, 12), normal(5, 12, seed=1)
    size = maps.sum(1).abs()
    null = null + 0.5 * size
    (found,) = against_nulls(maps, {"null": null})
    assert found.p_value == pytest.approx(null_p_value(size.numpy(), null.numpy()))
    assert found.similarity == pytest.approx(
        np.mean([spearmanr(a, b).statistic for a, b in zip(size, null, strict=True)])
    )
    assert found.expected == pytest.approx(np.mean([[spearmanr(a, b).statistic for b in null] for a in size]))


def test_a_copy_of_a_null_is_found_and_the_p_values_are_corrected():
    null, other, third = (normal(20, 30, seed=seed) for seed in (1, 2, 3))
    tests = against_nulls(null.unsqueeze(1).abs(), {"copied": null.abs(), "other": other, "third": third})
    assert [test.null for test in tests] == ["copied", "other", "third"]
    assert tests[0].similarity == pytest.approx(1)
    assert tests[0].p_value == pytest.approx(1 / 1001)
    assert tests[0].corrected == pytest.approx(3 / 1001)
    assert min(test.p_value for test in tests[1:]) > 0.01
    assert [test.corrected for test in tests] == pytest.approx(naive_holm([test.p_value for test in tests]))


def test_the_opposite_of_a_null_is_found_too():
    null = normal(20, 30, seed=1).abs()
    (found,) = against_nulls((4 - null).unsqueeze(1), {"opposite": null})
    assert found.similarity == pytest.approx(-1)
    assert found.p_value < 0.01


def test_what_all_examples_share_does_not_count():
    peak = torch.exp(-((torch.arange(30) - 15.0) ** 2) / 20).double()
    maps = (peak + 0.1 * normal(20, 30, seed=3)).abs().unsqueeze(1)
    (found,) = against_nulls(maps, {"peak": peak + 0.1 * normal(20, 30, seed=4)})
    assert found.similarity > 0.5
    assert found.p_value > 0.05


def test_p_values_are_even_where_there_is_nothing():
    p_values = [
        against_nulls(normal(6, 1, 15, seed=seed), {"": normal(6, 15, seed=500 + seed)}, draws=99)[0].p_value
        for seed in range(150)
    ]
    assert kstest(p_values, "uniform").pvalue > 0.01


def test_neither_order_nor_neighbours_change_a_thing():
    maps, null = normal(12, 4, 20), normal(12, 20, seed=9)
    (found,) = against_nulls(maps, {"null": null}, draws=50)
    (turned,) = against_nulls(maps.flip(0), {"null": null.flip(0)}, draws=50)
    assert found.p_value == turned.p_value
    np.testing.assert_allclose(found.per_example, turned.per_example[::-1])


def test_maps_without_an_order_are_left_out():
    maps, null = normal(6, 1, 10), normal(6, 10, seed=2)
    maps[0], null[3] = 1, 0
    (found,) = against_nulls(maps, {"null": null})
    assert found.examples == 4
    assert np.isnan(found.per_example).tolist() == [True, False, False, True, False, False]


def test_an_untrained_copy_is_a_null_in_the_shape_of_attributions():
    maps, untrained = normal(8, 3, 5, 5), normal(8, 3, 5, 5, seed=1)
    (found,) = against_nulls(maps, {"untrained": untrained})
    (same,) = against_nulls(maps, {"untrained": untrained.sum(1).abs()})
    assert found.p_value == same.p_value


def test_similarity_of_each_example():
    maps, null = normal(4, 4, 20), normal(4, 20, seed=9)
    found = null_similarity(SCORE, maps, maps, null=null)
    expected = [spearmanr(a, b).statistic for a, b in zip(maps.sum(1).abs(), null, strict=True)]
    np.testing.assert_allclose(found, expected)


@pytest.mark.parametrize(
    ("maps", "nulls", "options", "error", "message"),
    [
        (normal(4, 4, 9), {}, {}, InputError, "at least one null map"),
        (normal(1, 4, 9), {"a": normal(1, 9)}, {}, InputError, "at least 2 examples"),
        (normal(4, 4, 9), {"a": normal(4, 8)}, {}, ShapeError, "null map 'a' must have shape"),
        (normal(4, 4, 9), {"a": normal(4, 9)}, {"draws": 0}, InputError, "draws must be 1 or more"),
        (normal(4, 4, 9) / 0, {"a": normal(4, 9)}, {}, InputError, "must be finite"),
    ],
)
def test_what_cannot_be_tested_is_refused(maps, nulls, options, error, message):
    with pytest.raises(error, match=message):
        against_nulls(maps, nulls, **options)


@pytest.mark.parametrize("p_values", [[0.01, 0.04, 0.03, 0.005], [0.5, 0.5], [0.9, 0.2, 0.2], [1e-4]])
def test_holm(p_values):
    np.testing.assert_allclose(holm(np.array(p_values)), naive_holm(p_values))


def test_orders_are_all_of_them_or_random_ones_after_the_first():
    assert sorted(map(tuple, orders(3, 6, 0).tolist())) == sorted({tuple(o) for o in orders(3, 6, 0).tolist()})
    assert orders(3, 6, 0).shape == (6, 3)
    assert orders(3, 5, 0).shape == (6, 3)
    assert orders(30, 4, 0)[0].tolist() == list(range(30))
    assert all(sorted(order) == list(range(30)) for order in orders(30, 4, 0).tolist())
    assert tail(np.array([2.0, 3, 1, 2])) == 0.75
