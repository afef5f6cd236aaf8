"""Sensitivity-n and the faithfulness correlation: closed forms, a loop, what is undefined."""

import numpy as np
import pytest
import torch
from scipy.stats import pearsonr

from naive.trust_faithfulness import MotifCounter, Weighted, complement, random_dna, score_of
from seqinterp.errors import InputError
from seqinterp.evaluation.faithfulness_correlation import faithfulness_correlation
from seqinterp.evaluation.replacements import random_sets
from seqinterp.evaluation.sensitivity_n import pearson, sensitivity_curve, sensitivity_n
from seqinterp.sequence.onehot import one_hot

GENERATOR = np.random.default_rng(3)
INPUTS = random_dna(4, 20)
WEIGHTS = torch.from_numpy(GENERATOR.normal(size=(4, 20)))
LINEAR = score_of(Weighted(WEIGHTS))
CURVED = score_of(MotifCounter(torch.from_numpy(GENERATOR.normal(size=(4, 5))), 0.5))
EXACT = INPUTS * (WEIGHTS - WEIGHTS.flip(0))
GUESS = torch.from_numpy(GENERATOR.normal(size=(4, 4, 20)))
OPTIONS = {"replacement": complement, "draws": 1}
BOTH = [lambda *given, **more: sensitivity_n(*given, size=5, **more), faithfulness_correlation]
ids = ["sensitivity_n", "faithfulness_correlation"]


@pytest.mark.parametrize("metric", BOTH, ids=ids)
def test_exact_contributions_of_a_linear_model_score_1_and_their_negatives_minus_1(metric):
    torch.testing.assert_close(metric(LINEAR, INPUTS, EXACT, **OPTIONS), torch.ones(4).double())
    torch.testing.assert_close(metric(LINEAR, INPUTS, -3 * EXACT, **OPTIONS), -torch.ones(4).double())


def test_equals_a_loop_over_sets():
    found = sensitivity_n(CURVED, INPUTS, GUESS, size=6, sets=20, seed=5, **OPTIONS)
    for example in range(4):
        one = INPUTS[example : example + 1]
        foretold, happened = [], []
        for mask in random_sets(one, 6, sets=20, seed=5):
            row = one.clone()
            row[0][:, mask] = one[0].flip(0)[:, mask]
            foretold.append(float(GUESS[example][:, mask].sum()))
            happened.append(float(CURVED(one).detach() - CURVED(row).detach()))
        assert float(found[example]) == pytest.approx(pearsonr(foretold, happened).statistic)


def test_the_share_is_a_size():
    found = faithfulness_correlation(CURVED, INPUTS, GUESS, share=0.25, sets=16)
    torch.testing.assert_close(found, sensitivity_n(CURVED, INPUTS, GUESS, size=5, sets=16, draws=1))


def test_the_curve_is_one_column_per_size():
    curve = sensitivity_curve(CURVED, INPUTS, GUESS, sizes=(1, 7), sets=8, draws=2)
    assert curve.shape == (4, 2)
    torch.testing.assert_close(curve[:, 1], sensitivity_n(CURVED, INPUTS, GUESS, size=7, sets=8, draws=2))


def test_more_draws_come_closer_to_the_mean_effect():
    mean_loss = INPUTS * (WEIGHTS - (WEIGHTS.sum(dim=0) - (INPUTS * WEIGHTS).sum(dim=1)).unsqueeze(1) / 3)
    few, many = (sensitivity_n(LINEAR, INPUTS, mean_loss, size=4, draws=draws).mean() for draws in (1, 24))
    assert few < many
    assert many > 0.95


@pytest.mark.parametrize("metric", BOTH, ids=ids)
def test_nothing_foretold_is_0_and_nothing_to_foretell_is_nan(metric):
    assert metric(LINEAR, INPUTS, torch.ones_like(EXACT)).tolist() == [0] * 4
    flat = score_of(Weighted(torch.ones(4, 20, dtype=torch.float64)))
    assert metric(flat, INPUTS, GUESS).isnan().all()


def test_rounding_is_no_difference():
    series = torch.tensor([0.1, 0.2, 0.4], dtype=torch.float64)
    assert pearson(1 + 1e-9 * series, series) == 0
    assert pearson(series, 1 + 1e-9 * series).isnan()
    assert pearson(series, 1e-6 * series, size=5.0).isnan()
    assert float(pearson(series, 5 - 2 * series)) == pytest.approx(-1)


def test_images():
    pictures = torch.rand(2, 3, 4, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    weights = torch.rand(3, 4, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    exact = weights * (pictures - pictures.mean(dim=(2, 3), keepdim=True))
    for metric in BOTH:
        torch.testing.assert_close(
            metric(score_of(Weighted(weights)), pictures, exact, draws=1), torch.ones(2).double()
        )


def test_refusals():
    with pytest.raises(InputError, match="sets of 11 positions were asked for, but example 1 holds 10"):
        sensitivity_n(LINEAR, one_hot(["A" * 20, "N" * 10 + "A" * 10]), GUESS[:2], size=11)
    with pytest.raises(InputError, match="size must be 1 or more"):
        sensitivity_n(LINEAR, INPUTS, GUESS, size=0)
    with pytest.raises(InputError, match="sets must be 3 or more"):
        faithfulness_correlation(LINEAR, INPUTS, GUESS, sets=2)
    with pytest.raises(InputError, match="share must be above 0"):
        faithfulness_correlation(LINEAR, INPUTS, GUESS, share=0.0)
