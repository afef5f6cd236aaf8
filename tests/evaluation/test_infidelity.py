"""Infidelity: captum on shared perturbations, the definition as a loop, closed forms."""

import numpy as np
import pytest
import torch
from captum.metrics import infidelity as captum_infidelity

from naive.trust_faithfulness import MotifCounter, Weighted, complement, infidelity as by_loop, random_dna, score_of
from seqinterp.errors import InputError, ShapeError
from seqinterp.evaluation.infidelity import infidelity, infidelity_of
from seqinterp.evaluation.replacements import random_base
from seqinterp.sequence.onehot import one_hot

GENERATOR = np.random.default_rng(2)
INPUTS = random_dna(4, 16)
WEIGHTS = torch.from_numpy(GENERATOR.normal(size=(4, 16)))
LINEAR = score_of(Weighted(WEIGHTS))
CURVED = score_of(MotifCounter(torch.from_numpy(GENERATOR.normal(size=(4, 5))), 0.5))
GUESS = torch.from_numpy(GENERATOR.normal(size=(4, 4, 16)))
PERTURBED = random_base(INPUTS, torch.rand(4, 7, 16, generator=torch.Generator().manual_seed(0)) < 0.4, draws=7, seed=0)


@pytest.mark.parametrize("scaled", [False, True])
@pytest.mark.parametrize("score", [LINEAR, CURVED], ids=["linear", "curved"])
def test_equals_captum_on_shared_perturbations(score, scaled):
    def shared(repeated):
        perturbed = PERTURBED.flatten(0, 1)
        return repeated - perturbed, perturbed

    expected = captum_infidelity(
        score, shared, INPUTS, GUESS, n_perturb_samples=7, max_examples_per_batch=28, normalize=scaled
    )
    found = infidelity_of(score, INPUTS, GUESS, PERTURBED, kind="slopes", scaled=scaled)
    torch.testing.assert_close(found, expected.detach())


def test_equals_the_definition():
    found = infidelity_of(LINEAR, INPUTS, GUESS, PERTURBED, kind="slopes")
    for example in range(4):
        expected = by_loop(
            lambda row: (row * WEIGHTS.numpy()).sum(), *(t[example].numpy() for t in (INPUTS, GUESS, PERTURBED))
        )
        assert float(found[example]) == pytest.approx(expected)


def test_the_slopes_of_a_linear_model_are_perfect():
    exact = WEIGHTS.expand(4, 4, 16)
    assert infidelity(LINEAR, INPUTS, exact, kind="slopes").max() < 1e-20


def test_exact_contributions_are_perfect_where_nothing_is_drawn():
    exact = INPUTS * (WEIGHTS - WEIGHTS.flip(0))
    assert infidelity(LINEAR, INPUTS, exact, replacement=complement, draws=16).max() < 1e-20
    spread = torch.zeros_like(exact)
    spread[:, 2] = exact.sum(dim=1)  # the sum over bases is what counts
    assert infidelity(LINEAR, INPUTS, spread, replacement=complement, draws=16).max() < 1e-20


def test_both_kinds_agree_where_attributions_are_zero_with_the_inputs():
    given = GUESS * INPUTS
    torch.testing.assert_close(
        infidelity_of(CURVED, INPUTS, given, PERTURBED),
        infidelity_of(CURVED, INPUTS, given, PERTURBED, kind="slopes"),
    )


def test_scaled_knows_no_units_and_no_sign():
    exact = INPUTS * (WEIGHTS - WEIGHTS.flip(0))
    for factor in (3.0, -2.0):
        found = infidelity(LINEAR, INPUTS, factor * exact, replacement=complement, draws=8, scaled=True)
        assert found.max() < 1e-20
    plain, best = (infidelity(CURVED, INPUTS, GUESS, draws=16, scaled=scaled) for scaled in (False, True))
    assert (best <= plain + 1e-12).all()
    nothing = torch.zeros_like(GUESS)
    torch.testing.assert_close(
        infidelity_of(CURVED, INPUTS, nothing, PERTURBED, scaled=True),
        infidelity_of(CURVED, INPUTS, nothing, PERTURBED),
    )


def test_images():
    pictures = torch.rand(2, 3, 4, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    weights = torch.rand(3, 4, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    exact = weights * (pictures - pictures.mean(dim=(2, 3), keepdim=True))
    assert infidelity(score_of(Weighted(weights)), pictures, exact, draws=8).max() < 1e-20


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kind": "gradients"}, "kind must be one of contributions, slopes"),
        ({"share": 0.0}, "share must be above 0"),
        ({"share": 1.5}, "share must be above 0"),
        ({"draws": 0}, "draws must be 1 or more"),
    ],
)
def test_refusals(options, message):
    with pytest.raises(InputError, match=message):
        infidelity(LINEAR, INPUTS, GUESS, **options)


def test_what_holds_nothing_or_does_not_fit_is_refused():
    with pytest.raises(InputError, match="example 1 holds nothing but N"):
        infidelity(LINEAR, one_hot(["A" * 16, "N" * 16]), GUESS[:2])
    with pytest.raises(ShapeError, match="perturbed inputs must be"):
        infidelity_of(LINEAR, INPUTS, GUESS, PERTURBED[:, :, :, :5])
