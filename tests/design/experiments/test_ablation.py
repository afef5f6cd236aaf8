"""Sites and equally wide places beside them."""

import numpy as np
import pytest
import torch

from naive import motif_questions as naive
from seqinterp.attribution.protocol import Score
from seqinterp.attribution.targets import output
from seqinterp.design.experiments.ablation import ablations
from seqinterp.design.experiments.windows import Windows, emptied
from seqinterp.errors import InputError

SEQUENCES = naive.random_sequences(3, 40, seed=3)
INPUTS = naive.stacked(SEQUENCES)
ROWS = [(0, 5, 12), (0, 20, 27), (2, 8, 12), (2, 30, 40)]
SITES = Windows(*(torch.tensor(column) for column in zip(*ROWS, strict=True)))


def found(model, inputs=INPUTS, sites=SITES, **options):
    with torch.no_grad():
        return ablations(Score(model, output(0)).eval(), inputs, sites, **options)


def value(model, rows):
    with torch.no_grad():
        return model(rows)[:, 0].double().numpy()


@pytest.mark.parametrize("fill", ["background", "shuffle"])
def test_equals_forward_passes_over_every_place(fill):
    """Drops by forward passes; controls are a subset of all free places, each once, and all of them when asked for."""
    model = naive.Network()
    result = found(model, fill=fill, draws=3, controls=1000, seed=5)
    made = emptied(INPUTS, SITES, fill=fill, draws=3, seed=5).apply(INPUTS)
    expected = value(model, INPUTS)[[0, 0, 2, 2], None] - value(model, made).reshape(4, 3)
    np.testing.assert_allclose(result.drops, expected, atol=1e-5)
    for row, (example, start, stop) in enumerate(ROWS):
        width = stop - start
        taken = {p for e, low, high in ROWS if e == example for p in range(low, high)}
        free = [low for low in range(40 - width + 1) if not taken & set(range(low, low + width))]
        places = Windows(torch.full((len(free),), example), torch.tensor(free), torch.tensor(free) + width)
        others = value(model, emptied(INPUTS, places, fill=fill, draws=3, seed=5).apply(INPUTS)).reshape(-1, 3)
        controls = value(model, INPUTS)[example] - others.mean(axis=1)
        there = result.controls[row][result.controls[row].isfinite()]
        np.testing.assert_allclose(np.sort(there), np.sort(controls), atol=1e-5)


def test_some_places_are_drawn_without_repeats():
    few, again = (found(naive.Network(), draws=2, controls=5, seed=seed) for seed in (1, 1))
    every = found(naive.Network(), draws=2, controls=1000, seed=1)
    torch.testing.assert_close(few.controls, again.controls)
    for row in range(4):
        distance = (few.controls[row][:, None] - every.controls[row][None]).abs().nan_to_num(9)
        nearest = distance.argmin(dim=1)
        assert distance.min(dim=1).values.max() < 1e-5
        assert len(nearest.unique()) == 5
    assert torch.equal(few.controls[0], few.controls[1])  # one width, one example
    other = found(naive.Network(), draws=2, controls=5, seed=2)
    assert not torch.allclose(other.controls, few.controls)


def test_other_examples_change_nothing():
    alone = found(naive.Network(), INPUTS[2:], Windows(SITES.example[2:] - 2, SITES.start[2:], SITES.stop[2:]), seed=3)
    among = found(naive.Network(), seed=3)
    torch.testing.assert_close(alone.drops, among.drops[2:])
    torch.testing.assert_close(alone.controls, among.controls[2:], equal_nan=True)


def test_no_free_place_is_no_control():
    sites = Windows(torch.tensor([0, 0]), torch.tensor([0, 20]), torch.tensor([15, 40]))
    result = found(naive.Network(), sites=sites, controls=4)
    assert result.controls.isnan().all()
    assert result.drops.isfinite().all()
    with pytest.raises(InputError, match="controls must be 0 or more"):
        found(naive.Network(), controls=-1)
