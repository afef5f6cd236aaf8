"""Parts add up, are never negative, and are those of the formulas."""

from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings, strategies as st

from naive.uncertainty import entropies, softmax, total_variance
from seqinterp.errors import InputError, ModelError, ShapeError
from seqinterp.uncertainty.parts import binary_parts, classification_parts, regression_parts

CHANCE = torch.Generator().manual_seed(0)
MEANS = torch.randn(5, 7, generator=CHANCE)
VARIANCES = torch.rand(5, 7, generator=CHANCE)
LOGITS = 3 * torch.randn(4, 6, 5, generator=CHANCE)


def test_variances_are_those_of_the_formula():
    parts = regression_parts(MEANS, VARIANCES)
    for example in range(7):
        aleatoric, epistemic, total = total_variance(MEANS[:, example].tolist(), VARIANCES[:, example].tolist())
        assert float(parts.aleatoric[example]) == pytest.approx(aleatoric, rel=1e-12)
        assert float(parts.epistemic[example]) == pytest.approx(epistemic, rel=1e-12)
        assert float(parts.total[example]) == pytest.approx(total, rel=1e-9)
    assert parts.kind == "variance"
    torch.testing.assert_close(parts.mean, MEANS.double().mean(0))
    torch.testing.assert_close(parts.deviation**2, parts.total)
    torch.testing.assert_close(parts.member_variance, parts.epistemic)


def test_without_variances_nothing_is_aleatoric():
    parts = regression_parts(MEANS)
    assert (parts.aleatoric == 0).all()
    assert (parts.total == parts.epistemic).all()


def test_several_outputs_keep_their_shape():
    parts = regression_parts(torch.randn(3, 4, 2), torch.ones(3, 4, 2))
    assert parts.mean.shape == parts.total.shape == (4, 2)


@settings(max_examples=60, deadline=None)
@given(st.floats(-1e12, 1e12), st.floats(0, 1e-3))
def test_a_far_off_mean_does_not_hide_or_invent_disagreement(offset, width):
    """One pass, E[y^2] - E[y]^2, loses a spread of a millionth of the mean, or makes it negative."""
    members = torch.tensor([[offset - width], [offset + width]], dtype=torch.float64)
    expected = float((members[1, 0] - members[0, 0]) / 2) ** 2
    found = float(regression_parts(members).epistemic[0])
    assert found >= 0
    assert found == pytest.approx(expected, rel=1e-6, abs=(abs(offset) * 3e-16) ** 2)


def test_entropies_are_those_of_the_formula():
    parts = classification_parts(LOGITS)
    for example in range(6):
        table = [softmax(row) for row in LOGITS[:, example].double().tolist()]
        expected = entropies(table)
        found = [float(part[example]) for part in (parts.total, parts.aleatoric, parts.epistemic)]
        assert found == pytest.approx(expected, abs=1e-12)
    assert parts.kind == "entropy"
    assert parts.member_variance.shape == parts.mean.shape == (6, 5)


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 6), st.integers(2, 5), st.floats(0, 200), st.integers(0, 1000))
def test_entropy_is_information_and_mean_entropy(members, classes, strength, seed):
    logits = strength * torch.randn(members, 3, classes, generator=torch.Generator().manual_seed(seed))
    parts = classification_parts(logits.double())
    assert float((parts.total - parts.aleatoric - parts.epistemic).abs().max()) < 1e-12
    assert all(float(part.min()) >= 0 for part in (parts.total, parts.aleatoric, parts.epistemic))


@pytest.mark.parametrize(
    ("logits", "aleatoric", "epistemic"),
    [
        ([[50.0], [50.0]], 0.0, 0.0),  # sure and agreed
        ([[0.0], [0.0]], 0.6931471805599453, 0.0),  # agreed that it is a coin
        ([[800.0], [-800.0]], 0.0, 0.6931471805599453),  # sure, and at odds
        ([[float("-inf")], [0.0]], 0.34657359027997264, 0.2157615543388357),
    ],
)
def test_extremes_of_two_members(logits, aleatoric, epistemic):
    parts = binary_parts(torch.tensor(logits))
    assert float(parts.aleatoric[0]) == pytest.approx(aleatoric, abs=1e-12)
    assert float(parts.epistemic[0]) == pytest.approx(epistemic, abs=1e-12)


def test_one_logit_is_two_classes():
    logits = torch.randn(3, 4, generator=CHANCE)
    parts = binary_parts(logits)
    torch.testing.assert_close(parts.mean[:, 1], torch.sigmoid(logits.double()).mean(0))
    spread = torch.sigmoid(logits.double()).var(0, correction=0)
    torch.testing.assert_close(parts.member_variance, torch.stack([spread, spread], 1))
    assert torch.equal(binary_parts(logits.unsqueeze(2)).total, parts.total)


def test_refusals():
    with pytest.raises(ShapeError, match="at least 2 members"):
        regression_parts(MEANS[:1])
    with pytest.raises(ShapeError, match="one shape"):
        regression_parts(MEANS, VARIANCES[:, :3])
    with pytest.raises(ModelError, match="must not be negative"):
        regression_parts(MEANS, -VARIANCES)
    with pytest.raises(ModelError, match="NaN"):
        regression_parts(MEANS / 0)
    with pytest.raises(ModelError, match="NaN"):
        classification_parts(LOGITS * float("nan"))
    with pytest.raises(ShapeError, match="binary_parts"):
        classification_parts(LOGITS[..., :1])
    with pytest.raises(ShapeError, match="one logit per example"):
        binary_parts(LOGITS)
    good = regression_parts(MEANS, VARIANCES)
    with pytest.raises(InputError, match="miss the total"):
        replace(good, total=2 * good.total)
    with pytest.raises(InputError, match="not negative"):
        replace(good, aleatoric=-good.aleatoric)
    with pytest.raises(ShapeError, match="shapes"):
        replace(good, total=good.total[:2])
    with pytest.raises(InputError, match="no standard deviation"):
        _ = classification_parts(LOGITS).deviation
