"""Agreement of methods, what most of them name, and the range of ranks over settings."""

import numpy as np
import pytest
import torch
from scipy.stats import rankdata, spearmanr

from naive.trust_truth import top_share
from seqinterp.errors import InputError, ShapeError
from seqinterp.evaluation.agreement import agreement, consensus, multiverse


def normal(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


MAPS = {"one": normal(7, 4, 11), "two": normal(7, 4, 11, seed=1), "three": normal(7, 4, 11) + normal(7, 4, 11, seed=2)}
IMAGES = {name: normal(3, 2, 4, 5, seed=seed) for seed, name in enumerate(["one", "two", "three"])}


@pytest.mark.parametrize("magnitude", [False, True])
@pytest.mark.parametrize("given", [MAPS, IMAGES])
def test_the_matrix_holds_means_of_spearman(given, magnitude):
    found = agreement(given, magnitude=magnitude)
    assert found.names == ("one", "two", "three")
    for i, one in enumerate(given.values()):
        for j, other in enumerate(given.values()):
            a, b = (maps.sum(1).flatten(1).numpy() for maps in (one, other))
            if magnitude:
                a, b = abs(a), abs(b)
            each = [spearmanr(x, y).statistic for x, y in zip(a, b, strict=True)]
            np.testing.assert_allclose(found.per_example[i, j], each)
            assert found.mean[i, j] == pytest.approx(np.mean(each))
            assert found.low[i, j] <= found.mean[i, j] + 1e-12
            assert found.high[i, j] >= found.mean[i, j] - 1e-12
    assert (np.diag(found.low) > 0.999).all()


def test_the_interval_holds_the_mean_of_many_examples():
    maps = {"a": normal(200, 1, 12, seed=3), "b": normal(200, 1, 12, seed=4)}
    found = agreement(maps)
    error = np.std(found.per_example[0, 1]) / np.sqrt(200)
    assert found.high[0, 1] - found.low[0, 1] == pytest.approx(2 * 1.96 * error, rel=0.1)
    assert found.low[0, 1] < 0 < found.high[0, 1]


def test_the_order_of_examples_changes_nothing():
    found, turned = agreement(MAPS), agreement({name: maps.flip(0) for name, maps in MAPS.items()})
    np.testing.assert_allclose(found.low, turned.low)
    np.testing.assert_allclose(found.high, turned.high)
    assert not np.array_equal(found.low, agreement(MAPS, seed=1).low)


def test_a_map_without_an_order_is_not_counted():
    flat = MAPS["two"].clone()
    flat[2] = 1
    found = agreement({"one": MAPS["one"], "flat": flat})
    assert found.counted.tolist() == [[7, 6], [6, 6]]
    assert np.isnan(found.per_example[0, 1]).tolist() == [i == 2 for i in range(7)]
    nothing = agreement({"one": MAPS["one"], "flat": torch.zeros_like(flat)})
    assert np.isnan(nothing.mean[0, 1])
    assert np.isnan(nothing.low[0, 1])


def test_the_interval_is_of_the_examples_that_count():
    maps = {"a": normal(40, 1, 12), "b": normal(40, 1, 12) + 0.1 * normal(40, 1, 12, seed=6)}
    whole = agreement(maps)
    half = agreement({name: torch.where(torch.arange(40)[:, None, None] < 20, rows, 0) for name, rows in maps.items()})
    assert whole.mean[0, 1] > 0.95
    assert half.counted[0, 1] == 20
    assert half.low[0, 1] > 0.9
    assert half.low[0, 1] < half.mean[0, 1] < half.high[0, 1]


@pytest.mark.parametrize("needed", [1, 2, 3, None])
def test_consensus_counts_votes(needed):
    maps = {name: values[:, :, :6].round() for name, values in MAPS.items()}
    found = consensus(maps, top=2, methods=needed)
    for number in range(7):
        sizes = [abs(values[number].sum(0)).numpy() for values in maps.values()]
        votes = sum(top_share(values, 2) for values in sizes)
        assert found[number].tolist() == (votes >= (needed or 2) - 1e-9).tolist()


def test_consensus_of_one_method_with_itself_is_its_top():
    found = consensus({"a": IMAGES["one"], "b": IMAGES["one"]}, top=5)
    assert found.shape == (3, 4, 5)
    assert found.flatten(1).sum(1).tolist() == [5, 5, 5]


@pytest.mark.parametrize("given", [MAPS, IMAGES])
def test_the_multiverse_holds_the_range_of_ranks(given):
    found = multiverse(given)
    ranks = np.stack([rankdata(-abs(maps.sum(1).flatten(1).numpy()), axis=1) for maps in given.values()])
    np.testing.assert_array_equal(found.best.flatten(1), ranks.min(0))
    np.testing.assert_array_equal(found.worst.flatten(1), ranks.max(0))
    np.testing.assert_array_equal(found.always_top(4).flatten(1), (ranks <= 4).all(0))
    np.testing.assert_array_equal(found.ever_top(4).flatten(1), (ranks <= 4).any(0))
    assert found.by_setting.shape == (3, *found.best.shape)


def test_ranks_by_sign_put_what_lowers_the_score_last():
    maps = torch.tensor([[[-9.0, 1, 3]]])
    found = multiverse({"a": maps, "b": maps}, magnitude=False)
    assert found.best.tolist() == found.worst.tolist() == [[3, 2, 1]]


@pytest.mark.parametrize("question", [agreement, consensus, multiverse])
def test_what_cannot_be_compared_is_refused(question):
    with pytest.raises(InputError, match="at least 2"):
        question({"one": MAPS["one"]})
    with pytest.raises(ShapeError, match="'b' has shape"):
        question({"a": MAPS["one"], "b": MAPS["one"][:, :, 1:]})


def test_settings_out_of_range_are_refused():
    with pytest.raises(InputError, match="methods must be from 1 to the 3"):
        consensus(MAPS, methods=4)
    with pytest.raises(InputError, match="top must be from 1 to the 11"):
        consensus(MAPS, top=12)
    with pytest.raises(InputError, match="draws must be"):
        agreement(MAPS, draws=0)
