"""Activation maximisation: the unit that was meant is climbed, and every weight does what it says."""

import pytest
import torch
from torch import nn

from pictures import drawn, finder, picture_network, sequence_network, words
from seqinterp.design.gradients.activation import (
    Ascent,
    climb_bases,
    climb_features,
    drawn_shifts,
    one_hot_of,
    random_columns,
    random_features,
    rolled,
    softened,
)
from seqinterp.design.gradients.unit import Unit, activations, check_unit
from seqinterp.errors import InputError, ModelError

PICTURES = picture_network()
SEQUENCES = sequence_network()


def pictures(count=2, size=12, seed=0):
    return random_features(count, (2, size, size), seed, options=Ascent()).double()


def columns(count=2, length=20, seed=0):
    return random_columns(count, length, seed).double()


@pytest.mark.parametrize(
    ("places", "reduced"),
    [
        ("mean", lambda values: values.mean((2, 3))),
        ("max", lambda values: values.amax((2, 3))),
        ("center", lambda values: values[:, :, 6, 6]),
    ],
)
def test_a_channel_over_its_places(places, reduced):
    inputs = pictures()
    expected = reduced(PICTURES.features[:3](inputs))[:, 4]
    torch.testing.assert_close(activations(Unit("features.2", 4, places), PICTURES, inputs), expected.detach())


def test_outputs_callables_and_whole_layers():
    inputs = pictures()
    outputs = PICTURES(inputs).detach()
    torch.testing.assert_close(activations(Unit(None, 2), PICTURES, inputs), outputs[:, 2])
    difference = Unit(None, lambda found: found[:, 0] - found[:, 1])
    torch.testing.assert_close(activations(difference, PICTURES, inputs), outputs[:, 0] - outputs[:, 1])
    layer = PICTURES.features[0](inputs).detach()
    torch.testing.assert_close(
        activations(Unit("features.0", None), PICTURES, inputs), (layer**2).mean((1, 2, 3)).sqrt()
    )


def test_the_model_is_not_run_beyond_the_layer():
    inputs = pictures(size=9)
    with pytest.raises(RuntimeError):
        PICTURES(inputs)
    expected = PICTURES.features[:3](inputs)[:, 1].mean((1, 2)).detach()
    unit = Unit("features.2", 1)
    torch.testing.assert_close(activations(unit, PICTURES, inputs), expected)
    check_unit(unit, PICTURES, inputs)
    assert not any(module._forward_hooks for module in PICTURES.modules())


def test_the_best_input_of_a_linear_unit():
    """The largest base of every column is that of the filter, and pixels go where the weights point."""
    word = "GATTACA"
    options = Ascent(steps=30, step_size=0.6)
    found = climb_bases(Unit("0", 0, "max"), finder(word), columns(3, 12), options=options, seed=0)
    assert all(word in sequence for sequence in strings(found.inputs))
    assert (found.trajectory[:, -1] > 6.9).all()
    dense = drawn(lambda: nn.Sequential(nn.Flatten(), nn.Linear(12, 1)))
    options = Ascent(steps=20, step_size=0.1, bounds=(-1.0, 1.0))
    ended = climb_features(Unit(None, 0), dense, torch.zeros(1, 3, 2, 2).double(), options=options, seed=0).inputs
    torch.testing.assert_close(ended.flatten(), dense[1].weight.detach().sign().flatten())


def strings(inputs):
    return ["".join("ACGT"[base] for base in row) for row in inputs.argmax(dim=1).tolist()]


@pytest.mark.parametrize("term", ["l2", "total_variation", "background_kl"])
def test_a_larger_weight_lowers_its_term_for_dna(term):
    unit, starts = Unit("0", 2, "max"), columns()
    ended, terms = [], []
    for weight in (0.0, 0.02, 0.3):
        options = Ascent(steps=40, step_size=0.4, **{term: weight})
        found = climb_bases(unit, SEQUENCES, starts, options=options, seed=0)
        torch.testing.assert_close(found.inputs.sum(dim=1), torch.ones(2, 20).double())
        ended.append(activations(unit, SEQUENCES, found.inputs))
        terms.append(Ascent(**{term: 1.0}).penalty(found.inputs, bases=True))
    assert (terms[0] > terms[1]).all()
    assert (terms[1] > terms[2]).all()
    assert (ended[0] > ended[2]).all()
    assert (ended[1] > activations(unit, SEQUENCES, starts)).all()


@pytest.mark.parametrize("term", ["l2", "total_variation"])
def test_a_larger_weight_lowers_its_term_for_pictures(term):
    unit, starts = Unit("features.2", 1), pictures()
    terms = []
    for weight in (0.0, 1e-4, 3e-3):
        options = Ascent(steps=40, step_size=0.05, **{term: weight})
        found = climb_features(unit, PICTURES, starts, options=options, seed=0)
        terms.append(Ascent(**{term: 1.0}).penalty(found.inputs, bases=False))
        if weight < 1e-3:
            assert (found.trajectory[:, -1] > found.trajectory[:, 0]).all()
    assert (terms[0] > terms[1]).all()
    assert (terms[1] > terms[2]).all()


def test_bounds_are_kept_and_the_activation_is_that_of_the_inputs():
    unit, options = Unit("features.2", 1), Ascent(steps=10, step_size=0.1, bounds=(-0.5, 0.25), jitter=2)
    found = climb_features(unit, PICTURES, pictures(), options=options, seed=0)
    assert found.inputs.min() >= -0.5
    assert found.inputs.max() <= 0.25
    assert found.trajectory.shape == (2, 11)
    torch.testing.assert_close(found.trajectory[:, -1], activations(unit, PICTURES, found.inputs))


def test_an_example_does_not_depend_on_its_batch():
    options = Ascent(steps=8, jitter=2, l2=1e-3)
    for many, one in ((pictures(4), pictures(1)), (columns(4), columns(1))):
        assert torch.equal(many[:1], one)
        run, unit, model = (
            (climb_features, Unit("features.2", 1), PICTURES)
            if many.ndim == 4
            else (climb_bases, Unit("0", 1, "max"), SEQUENCES)
        )
        together = run(unit, model, many, options=options, seed=5).inputs
        torch.testing.assert_close(together[:1], run(unit, model, one, options=options, seed=5).inputs)
    assert not torch.equal(pictures(1, seed=0), pictures(1, seed=1))


def test_random_numbers_follow_from_the_seed_alone():
    before = torch.random.get_rng_state()
    runs = [
        climb_features(Unit("features.2", 1), PICTURES, pictures(), options=Ascent(steps=5, jitter=3), seed=seed).inputs
        for seed in (0, 0, 1)
    ]
    assert torch.equal(before, torch.random.get_rng_state())
    assert torch.equal(runs[0], runs[1])
    assert not torch.equal(runs[0], runs[2])


def test_jitter_rolls_and_comes_back():
    inputs, options = pictures(3), Ascent(steps=40, jitter=2)
    shifts = drawn_shifts(inputs, options, 0)
    assert shifts.shape == (41, 3, 2)
    assert set(shifts.flatten().tolist()) == {-2, -1, 0, 1, 2}
    for one, moved, by in zip(inputs, rolled(inputs, shifts[7]), shifts[7].tolist(), strict=True):
        torch.testing.assert_close(torch.roll(moved, (-by[0], -by[1]), (1, 2)), one)
    assert rolled(inputs, torch.zeros_like(shifts[0])) is inputs


def test_starts_of_bases_keep_their_letters():
    inputs = words(["ACGT"])
    inputs[0, :, 2] = 0  # N
    soft = softened(inputs)
    torch.testing.assert_close(soft.sum(dim=1), torch.ones(1, 4).double())
    assert strings(soft)[0][:2] == "AC"
    assert soft[0, :, 2].tolist() == pytest.approx([0.25] * 4)
    torch.testing.assert_close(one_hot_of(softened(words(["GATTACA"]))), words(["GATTACA"]))


class Root(nn.Module):
    """Its gradient at zero is infinite."""

    def forward(self, inputs):
        return inputs.flatten(1).sum(dim=1, keepdim=True).sqrt()


class Twice(nn.Module):
    """Runs one layer two times."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Conv2d(2, 2, 1).double()

    def forward(self, inputs):
        return self.layer(self.layer(inputs)).flatten(1)


@pytest.mark.parametrize(
    ("unit", "message"),
    [
        (Unit("features.2", 5), "unit 5 was asked for, but layer 'features.2' has 5 of them, numbered 0 to 4"),
        (Unit("features.2", -1), "unit -1 was asked for"),
        (Unit("features.9", 0), "no layer 'features.9'"),
        (Unit(None, 3), "target 3 was asked for, but the model has 3 output"),
    ],
)
def test_units_that_are_not_there(unit, message):
    with pytest.raises(InputError, match=message):
        check_unit(unit, PICTURES, pictures())
    assert not any(module._forward_hooks for module in PICTURES.modules())


def test_other_refusals():
    with pytest.raises(InputError, match="is run 2 times"):
        check_unit(Unit("layer", 0), Twice(), pictures())
    with pytest.raises(InputError, match=r"cannot take inputs of shape \(3, 5, 5\)"):
        check_unit(Unit("features.0", 0), PICTURES, torch.zeros(1, 3, 5, 5).double())
    with pytest.raises(InputError, match="a unit is needed"):
        Unit(None, None)
    with pytest.raises(InputError, match="places must be one of mean, max, center"):
        Unit("features.0", 0, "middle")
    with pytest.raises(ModelError, match="NaN or infinite for example 1 at step 0"):
        starts = torch.stack([torch.ones(1, 2, 2), torch.zeros(1, 2, 2)]).double()
        climb_features(Unit(None, 0), Root(), starts, options=Ascent(steps=3), seed=0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"steps": -1}, "steps must be a whole number, 0 or more"),
        ({"octaves": 0}, "octaves must be a whole number, 1 or more"),
        ({"l2": -1.0}, "l2 is the weight of a penalty"),
        ({"step_size": 0.0}, "step_size must be above 0"),
        ({"octave_scale": 1.0}, "octave_scale must be above 1"),
        ({"bounds": (1.0, 0.0)}, "bounds must be the lowest and the highest"),
    ],
)
def test_options_out_of_range(options, message):
    with pytest.raises(InputError, match=message):
        Ascent(**options)
