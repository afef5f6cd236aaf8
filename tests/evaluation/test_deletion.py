"""Curves of deletion and insertion: closed forms, order, ends, refusals."""

import numpy as np
import pytest
import torch

from naive.trust_faithfulness import Weighted, complement, deletion_values, random_dna, score_of, trapezium
from seqinterp.errors import InputError, ShapeError
from seqinterp.evaluation.deletion import (
    SHARES,
    Curve,
    aopc,
    deletion_area,
    deletion_curve,
    insertion_area,
    insertion_curve,
    random_area,
    removal_order,
)
from seqinterp.sequence.onehot import one_hot

INPUTS = random_dna(5, 20)
WEIGHTS = torch.from_numpy(np.random.default_rng(1).normal(size=(4, 20)))
SCORE = score_of(Weighted(WEIGHTS))
EXACT = INPUTS * (WEIGHTS - WEIGHTS.flip(0))  # what is lost when a base becomes its complement
OPTIONS = {"replacement": complement, "draws": 1}


def f(row):
    return float((row * WEIGHTS.numpy()).sum())


def numbers(example):
    return EXACT[example].sum(dim=0).numpy()


@pytest.mark.parametrize(("curve_of", "insert"), [(deletion_curve, False), (insertion_curve, True)])
def test_curves_equal_a_loop_over_rows(curve_of, insert):
    curve = curve_of(SCORE, INPUTS, EXACT, **OPTIONS)
    for example, values in enumerate(curve.value):
        expected = deletion_values(f, INPUTS[example].numpy(), numbers(example), SHARES, insert=insert)
        np.testing.assert_allclose(values.numpy(), expected, atol=1e-12)


def test_deletion_of_a_linear_model_falls_by_the_sorted_contributions():
    curve = deletion_curve(SCORE, INPUTS, EXACT, **OPTIONS)
    fallen = EXACT.sum(dim=1).sort(dim=1, descending=True).values.cumsum(dim=1)
    expected = SCORE(INPUTS).unsqueeze(1) - torch.nn.functional.pad(fallen, (1, 0))
    torch.testing.assert_close(curve.value, expected.detach())


def test_ends_do_not_depend_on_the_attributions():
    other = torch.rand(EXACT.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    first, second = (deletion_curve(SCORE, INPUTS, given, draws=3) for given in (EXACT, other))
    torch.testing.assert_close(first.value[:, [0, -1]], second.value[:, [0, -1]])
    put_in = insertion_curve(SCORE, INPUTS, other, draws=3)
    torch.testing.assert_close(put_in.value[:, [-1, 0]], first.value[:, [0, -1]])
    torch.testing.assert_close(first.value[:, 0], SCORE(INPUTS).detach())


def test_areas_equal_a_loop():
    for example in range(2):
        one = slice(example, example + 1)
        away, back = (
            deletion_values(f, INPUTS[example].numpy(), numbers(example), SHARES, insert=insert)
            for insert in (False, True)
        )
        given = SCORE, INPUTS[one], EXACT[one]
        assert float(deletion_area(*given, normalised=False, **OPTIONS)) == pytest.approx(trapezium(SHARES, away))
        assert float(insertion_area(*given, normalised=False, **OPTIONS)) == pytest.approx(trapezium(SHARES, back))
        full, empty = away[0], away[-1]
        for area, values in ((deletion_area, away), (insertion_area, back)):
            expected = trapezium(SHARES, [(value - empty) / abs(full - empty) for value in values])
            assert float(area(*given, **OPTIONS)) == pytest.approx(expected)
        assert float(aopc(*given, **OPTIONS)) == pytest.approx(np.mean([full - value for value in away]))
        assert float(aopc(*given, until=0.2, **OPTIONS)) == pytest.approx(np.mean([full - v for v in away[:5]]))


def test_normalised_areas_know_no_units_and_no_offset():
    scaled = Weighted(7 * WEIGHTS)
    for area in (deletion_area, insertion_area):
        torch.testing.assert_close(area(score_of(scaled), INPUTS, EXACT), area(SCORE, INPUTS, EXACT))
    raw = deletion_area(score_of(scaled), INPUTS, EXACT, normalised=False)
    torch.testing.assert_close(raw, 7 * deletion_area(SCORE, INPUTS, EXACT, normalised=False))


def test_ascending_takes_the_most_negative_first():
    turned = deletion_curve(score_of(Weighted(-WEIGHTS)), INPUTS, -EXACT, ascending=True, **OPTIONS)
    # -f falls less the more of f's positive part is gone: the same order, the other sign
    torch.testing.assert_close(-turned.value, deletion_curve(SCORE, INPUTS, EXACT, **OPTIONS).value)


def test_a_score_that_nothing_changes_has_no_normalised_area():
    flat = score_of(Weighted(torch.ones(4, 20, dtype=torch.float64)))
    assert deletion_area(flat, INPUTS, EXACT).isnan().all()
    torch.testing.assert_close(deletion_area(flat, INPUTS, EXACT, normalised=False), torch.full((5,), 20.0).double())


def test_n_is_last_and_does_not_count():
    inputs = one_hot("NNACGTNNAC").double()
    ranks = removal_order(inputs, torch.zeros_like(inputs))
    assert set(ranks[0, [0, 1, 6, 7]].tolist()) == {6, 7, 8, 9}
    weights = torch.zeros(4, 10, dtype=torch.float64)
    weights[0, 2] = 1.0
    contributions = inputs * weights
    curve = deletion_curve(score_of(Weighted(weights)), inputs, contributions, shares=(0.0, 1 / 6, 1.0), draws=1)
    assert curve.value.tolist() == [[1.0, 0.0, 0.0]]


def test_ties_are_broken_at_random_but_always_alike():
    nothing = torch.zeros_like(INPUTS)
    ranks = removal_order(INPUTS, nothing, seed=0)
    assert torch.equal(ranks.sort(dim=1).values, torch.arange(20).expand(5, 20))
    assert not torch.equal(ranks, torch.arange(20).expand(5, 20))
    assert torch.equal(removal_order(INPUTS[2:3], nothing[:1], seed=0), ranks[2:3])


def test_random_orders_lie_between_the_best_and_the_worst():
    chance = random_area(SCORE, INPUTS, orders=6, **OPTIONS)
    assert chance.shape == (5, 6)
    assert (deletion_area(SCORE, INPUTS, EXACT, **OPTIONS).unsqueeze(1) < chance).all()
    assert (deletion_area(SCORE, INPUTS, -EXACT, **OPTIONS).unsqueeze(1) > chance).all()
    put_in = random_area(SCORE, INPUTS, orders=2, insertion=True, **OPTIONS)
    assert (insertion_area(SCORE, INPUTS, EXACT, **OPTIONS).unsqueeze(1) > put_in).all()
    torch.testing.assert_close(random_area(SCORE, INPUTS[3:4], orders=6, **OPTIONS), chance[3:4])


def test_images():
    pictures = torch.rand(2, 3, 4, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    weights = torch.rand(3, 4, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    exact = weights * (pictures - pictures.mean(dim=(2, 3), keepdim=True))
    curve = deletion_curve(score_of(Weighted(weights)), pictures, exact, draws=1, shares=(0.0, 0.25, 0.5, 1.0))
    fallen = exact.sum(dim=1).flatten(1).sort(dim=1, descending=True).values.cumsum(dim=1)[:, [3, 7, 15]]
    torch.testing.assert_close(curve.value[:, :1] - curve.value[:, 1:], fallen)


@pytest.mark.parametrize("shares", [(0.0, 0.5), (0.1, 1.0), (0.0, 0.5, 0.5, 1.0), (1.0,)])
def test_shares_must_rise_from_0_to_1(shares):
    with pytest.raises(InputError, match="must rise from 0 to 1"):
        deletion_curve(SCORE, INPUTS, EXACT, shares=shares)


def test_refusals():
    with pytest.raises(ShapeError, match="a curve needs"):
        Curve(torch.tensor([0.0, 1.0]), torch.zeros(2, 3))
    with pytest.raises(InputError, match="finite"):
        insertion_area(SCORE, INPUTS, EXACT / 0)
    with pytest.raises(InputError, match="draws must be"):
        deletion_area(SCORE, INPUTS, EXACT, draws=0)
    with pytest.raises(InputError, match="until must be"):
        aopc(SCORE, INPUTS, EXACT, until=0.01)
    with pytest.raises(InputError, match="orders must be"):
        random_area(SCORE, INPUTS, orders=0)
