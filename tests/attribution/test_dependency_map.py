"""Dependency maps: which bases decide whether others matter."""

from functools import partial

import pytest
import torch
from torch import nn

import seqinterp as si
from cases import DNA_CASES
from naive import smoothing as naive
from seqinterp.attribution.dependency_map import dependency_map
from seqinterp.attribution.gradient import gradient_times_input
from seqinterp.attribution.protocol import Score
from seqinterp.attribution.rows import row_limit
from seqinterp.attribution.run import batched
from seqinterp.attribution.simplex import corrected_gradient_times_input
from seqinterp.attribution.targets import output
from seqinterp.errors import InputError, ShapeError
from seqinterp.mutagenesis.every_base import mutagenesis


class And(nn.Module):
    """2 where there is an A at 3 and a G at 7, and something for every base by itself."""

    def __init__(self, strength=2.0):
        super().__init__()
        self.strength = strength
        self.weights = torch.linspace(-1, 1, 40, dtype=torch.float64).reshape(4, 10)

    def forward(self, inputs):
        both = inputs[:, 0, 3] * inputs[:, 2, 7]
        return self.strength * both + (inputs * self.weights).sum(dim=(1, 2))


@pytest.mark.parametrize("explainer", [gradient_times_input, mutagenesis])
@pytest.mark.parametrize("across", ["largest", "mean"])
def test_a_planted_pair_lights_up(explainer, across):
    inputs = si.one_hot("CCTAGGTGCC").double()
    found = dependency_map(explainer, Score(And(), output(0)), inputs, across=across)[0]
    there = found > 1e-9
    assert there.nonzero().tolist() == [[3, 7], [7, 3]]
    # mutagenesis counts against the mean of the four bases: what is lost is 3/4 of the pair
    size = 2.0 if explainer is gradient_times_input else 1.5
    torch.testing.assert_close(found[3, 7], torch.tensor(size, dtype=torch.float64))
    torch.testing.assert_close(found[7, 3], torch.tensor(size, dtype=torch.float64))


@pytest.mark.parametrize("explainer", [gradient_times_input, mutagenesis])
def test_an_additive_model_gives_zeros(explainer):
    inputs = si.one_hot(["CCTAGGTGCC", "ACGNNACGTA"]).double()
    found = dependency_map(explainer, Score(And(0.0), output(0)), inputs)
    assert found.shape == (2, 10, 10)
    assert float(found.abs().max()) < 1e-12


def test_half_a_pair_is_seen_from_the_other_half():
    """Without the G nothing is lost with the A; but an edit that puts the G in makes the A matter."""
    inputs = si.one_hot("CCTAGGTCCC").double()
    found = dependency_map(gradient_times_input, Score(And(), output(0)), inputs)[0]
    assert (found > 1e-9).nonzero().tolist() == [[7, 3]]


@pytest.mark.parametrize("case", DNA_CASES[:3], ids=lambda case: case.name)
@pytest.mark.parametrize(("across", "of_list"), [("largest", max), ("mean", lambda edits: sum(edits) / len(edits))])
def test_equals_its_definition(case, across, of_list):
    model, inputs = case.model().eval(), case.inputs(2)[:, :, :17]
    inputs = inputs if case.shape[1] == 17 else case.inputs(2)
    inputs[0, :, 5], inputs[1, :, 6] = 0, 0.25
    score = Score(model, output(0))

    def explain(one):
        return gradient_times_input(score, one[None])[0]

    found = dependency_map(gradient_times_input, score, inputs, across=across)
    torch.testing.assert_close(found, naive.dependency_map(explain, inputs, across=of_list))
    assert float(found.max()) > 0


def test_batch_order_and_rows_change_nothing():
    case = DNA_CASES[0]
    score, inputs = Score(case.model().eval(), output(0)), case.inputs(4)
    whole = dependency_map(gradient_times_input, score, inputs)
    again = batched(partial(dependency_map, gradient_times_input, score), score, inputs.flip(0), batch_size=1).flip(0)
    torch.testing.assert_close(again, whole)
    for across in ("largest", "mean"):
        whole = dependency_map(gradient_times_input, score, inputs, across=across)
        with row_limit(7):
            torch.testing.assert_close(dependency_map(gradient_times_input, score, inputs, across=across), whole)


def test_a_window_of_edits():
    case = DNA_CASES[0]
    score, inputs = Score(case.model().eval(), output(0)), case.inputs(2)
    whole = dependency_map(gradient_times_input, score, inputs)
    part = dependency_map(gradient_times_input, score, inputs, start=4, stop=9)
    torch.testing.assert_close(part[:, 4:9], whole[:, 4:9])
    assert float(part[:, :4].abs().sum() + part[:, 9:].abs().sum()) == 0


def test_tangermeme_agrees_on_the_mean():
    from tangermeme.dependency_map import dependency_map as theirs

    case = DNA_CASES[0]
    model, inputs = case.model().float().eval(), case.inputs(2).float()
    inputs[0, :, 5] = 0
    for explainer, correction in ((gradient_times_input, False), (corrected_gradient_times_input, True)):
        expected = theirs(model, inputs, target=1, gradient_correction=correction, device="cpu").transpose(1, 2)
        expected.diagonal(dim1=1, dim2=2).zero_()
        found = dependency_map(explainer, Score(model, output(1)), inputs, across="mean")
        torch.testing.assert_close(found, expected)


def test_refusals():
    score, inputs = Score(And(), output(0)), si.one_hot("CCTAGGTGCC").double()
    with pytest.raises(ShapeError, match="a dependency map needs one-hot DNA"):
        dependency_map(gradient_times_input, score, torch.rand(2, 3, 8, 8))
    for start, stop in ((0, 11), (5, 5), (-1, 4)):
        with pytest.raises(InputError, match="is empty or leaves the sequence, which has positions 0 to 9"):
            dependency_map(gradient_times_input, score, inputs, start=start, stop=stop)
    with pytest.raises(ShapeError, match=r"one number per base, shape \(1, 4, 10\); it gave \(1, 4\)"):
        dependency_map(lambda score, inputs: inputs.sum(dim=2), score, inputs)
