"""`optimize`: designs, best first."""

import numpy as np
import pytest
import torch

import seqinterp as si
from cases import DNA_CASES
from naive import design as naive
from seqinterp.api.results.designs import Designs
from seqinterp.design.hill_climb import random_starts
from seqinterp.errors import AlphabetError, InputError

CASE = DNA_CASES[0]


def test_random_starts_are_climbed_by_the_published_loop():
    model = CASE.model().eval()
    found = si.optimize(model, length=20, count=3, steps=100, seed=2, device="cpu")
    starts = random_starts(3, 20, 2)
    loops = [naive.hill_climb(model, start.double(), 100, 2, i) for i, start in enumerate(starts)]
    expected = sorted(((scores[-1], si.decode(end[None].float())[0]) for end, scores in loops), reverse=True)
    assert [design.sequence for design in found] == [sequence for _, sequence in expected]
    np.testing.assert_allclose([design.score for design in found], [score for score, _ in expected])
    assert all(design.trajectory.shape == (101,) for design in found)


def test_given_starts_are_edited_greedily():
    model = CASE.model().eval()
    start = si.decode(CASE.inputs(1).float())[0]
    found = si.optimize(model, start, method="greedy", steps=4, device="cpu")
    end, scores = naive.greedy(model, CASE.inputs(1)[0], 4)
    assert len(found) == 1
    assert found[0].sequence == si.decode(end[None].float())[0]
    assert found[0].start == start
    np.testing.assert_allclose(found[0].trajectory, scores)


def test_strings_lists_and_tensors_are_starts():
    model = CASE.model()
    text = si.decode(CASE.inputs(2).float())
    one = si.optimize(model, text, steps=20, device="cpu")
    other = si.optimize(model, CASE.inputs(2), steps=20, device="cpu")
    assert [d.sequence for d in one] == [d.sequence for d in other]


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        ({}, InputError, "needs start=sequences or length="),
        ({"length": 20, "method": "luck"}, InputError, "choose one of greedy, hill_climb"),
        ({"length": 20, "steps": -1}, InputError, "steps and seed must be 0 or more"),
        ({"length": 0}, InputError, "length and count must be 1 or more"),
        ({"length": 20, "seed": -1}, InputError, "steps and seed must be 0 or more"),
        ({"start": "ACGT" * 5, "length": 20}, InputError, "start= or length=, not both"),
        ({"start": "ACGU" * 5}, AlphabetError, "U"),
    ],
)
def test_refusals(options, kind, message):
    with pytest.raises(kind, match=message):
        si.optimize(CASE.model(), device="cpu", **options)


def test_save_load_table_plot(tmp_path):
    found = si.optimize(CASE.model(), length=20, count=2, steps=30, device="cpu")
    found.save(tmp_path / "d.safetensors")
    again = Designs.load(tmp_path / "d.safetensors")
    assert [d.sequence for d in again] == [d.sequence for d in found]
    np.testing.assert_array_equal(again[0].trajectory, found[0].trajectory)
    frame = found.to_frame()
    assert frame["score"].is_monotonic_decreasing
    assert frame["edits"].iloc[0] == sum(a != b for a, b in zip(found[0].start, found[0].sequence, strict=True))
    assert found.plot().get_axes()
    assert len(found[:1]) == 1


def test_the_model_is_given_back(tmp_path):
    model = CASE.model().train()
    si.optimize(model, length=20, count=1, steps=5, device="cpu")
    assert model.training
    assert all(parameter.grad is None for parameter in model.parameters())
    assert torch.is_grad_enabled()
