"""Every edit, against one forward pass per edit."""

import pytest
import torch

from cases import CASES, DNA_CASES
from naive import attribution as naive
from seqinterp.attribution.protocol import Score
from seqinterp.attribution.targets import output
from seqinterp.errors import InputError, ShapeError
from seqinterp.mutagenesis.every_base import every_base
from seqinterp.mutagenesis.window import check_window


@pytest.mark.parametrize("case", DNA_CASES, ids=lambda case: case.name)
def test_equals_one_forward_pass_per_edit(case):
    model, inputs = case.model().eval(), case.inputs(2)
    torch.testing.assert_close(every_base(Score(model, output(0)), inputs), naive.effects(model, inputs))


def test_chunks_change_nothing(monkeypatch):
    case = DNA_CASES[0]
    score, inputs = Score(case.model().eval(), output(1)), case.inputs(3)
    whole = every_base(score, inputs)
    monkeypatch.setattr("seqinterp.mutagenesis.by_forward.ROWS", 7)
    torch.testing.assert_close(every_base(score, inputs), whole, rtol=0, atol=1e-13)


def test_zero_exactly_at_the_base_that_is_there():
    case = DNA_CASES[0]
    inputs = case.inputs()
    effects = every_base(Score(case.model().eval(), output(0)), inputs)
    assert bool((effects[inputs == 1] == 0).all())
    assert bool((effects[inputs == 0] != 0).any())


def test_a_window_leaves_the_rest_zero():
    case = DNA_CASES[0]
    score, inputs = Score(case.model().eval(), output(0)), case.inputs()
    part, whole = every_base(score, inputs, start=3, stop=7), every_base(score, inputs)
    assert torch.equal(part[:, :, 3:7], whole[:, :, 3:7])
    assert not part[:, :, :3].any()
    assert not part[:, :, 7:].any()


def test_an_n_has_four_effects():
    case = DNA_CASES[0]
    model, inputs = case.model().eval(), case.inputs(1)
    inputs[:, :, 10] = 0
    effects = every_base(Score(model, output(0)), inputs)
    torch.testing.assert_close(effects, naive.effects(model, inputs))
    assert bool((effects[0, :, 10] != 0).all())


@pytest.mark.parametrize(("start", "stop"), [(-1, 4), (5, 5), (0, 21), (20, None)])
def test_an_impossible_window_is_refused(start, stop):
    case = DNA_CASES[0]
    with pytest.raises(InputError, match="is empty or leaves the sequence"):
        every_base(Score(case.model(), output(0)), case.inputs(), start=start, stop=stop)


def test_images_are_refused():
    image = next(case for case in CASES if not case.dna)
    with pytest.raises(ShapeError, match=r"edits one-hot DNA of shape \(batch, 4, position\)"):
        check_window(image.inputs(), 0, None)
