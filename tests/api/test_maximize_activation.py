"""`maximize_activation`, end to end."""

import matplotlib as mpl
import numpy as np
import pytest
import torch
from torch import nn

from pictures import finder, picture_network, sequence_network, words
from seqinterp.api.maximize_activation import maximize_activation
from seqinterp.api.results.maximized import MaximizedInputs
from seqinterp.api.results.neighbours import NearestExamples
from seqinterp.errors import FileError, InputError, ShapeError
from seqinterp.sequence.markov import UNIFORM

PICTURES = picture_network()
SEQUENCES = sequence_network()
WORD = "TGACTCA"
NATURAL = UNIFORM.sample(30, count=12, seed=0)


def of_pictures(**options):
    given = {"layer": "features.2", "unit": 1, "shape": (2, 12, 12), "steps": 6, "count": 2, "device": "cpu"}
    return maximize_activation(PICTURES, **{**given, **options})


def of_word(**options):
    given = {"shape": (4, 30), "steps": 30, "step_size": 0.6, "count": 2, "device": "cpu"}
    return maximize_activation(finder(WORD), **{**given, **options})


def test_dna():
    found = of_word(background_kl=0.02)
    assert len(found) == 2
    assert found.inputs.shape == (2, 4, 30)
    torch.testing.assert_close(found.inputs.sum(dim=1), torch.ones(2, 30).double())
    assert all(WORD in sequence for sequence in found.sequences)
    with torch.no_grad():
        torch.testing.assert_close(found.activation, finder(WORD)(found.inputs)[:, 0])
        torch.testing.assert_close(found.activation_of_sequence, finder(WORD)(words(found.sequences))[:, 0])
    assert (found.activation > found.start_activation + 4).all()
    torch.testing.assert_close(found.trajectory[:, 0], found.start_activation)
    torch.testing.assert_close(found.trajectory[:, -1], found.activation)
    table = found.to_frame()
    assert list(table.columns) == [
        "sequence", "start_activation", "activation", "l2", "total_variation", "background_kl",
        "activation_of_sequence",
    ]  # fmt: skip
    assert (found.origin["kind"], found.origin["method"], found.origin["unit"]) == ("DNA", "Adam", 0)


def test_what_the_columns_reach_and_what_their_sequence_reaches_may_differ():
    """A unit that likes a column of one half of each of two bases: no sequence gives it that."""

    class Half(nn.Module):
        def forward(self, inputs):
            return (4 * inputs[:, 0] * inputs[:, 1]).mean(dim=1, keepdim=True)

    found = maximize_activation(Half(), shape=(4, 6), steps=60, step_size=0.3, device="cpu")
    assert float(found.activation[0]) > 0.9
    assert float(found.activation_of_sequence[0]) == 0


def test_pictures_and_dreams():
    plain, dream = of_pictures(steps=30), of_pictures(octaves=2, jitter=1, bounds=(-1.0, 1.0))
    for found, method in ((plain, "Adam"), (dream, "DeepDream")):
        assert found.inputs.shape == (2, 2, 12, 12)
        assert (found.activation > found.start_activation).all()
        assert found.origin["method"] == method
        assert found.activation_of_sequence is None
        assert "sequence" not in found.to_frame().columns
    assert dream.trajectory.shape == (2, 2 * 6 + 1)
    assert dream.inputs.abs().max() <= 1
    with pytest.raises(InputError, match="not DNA"):
        _ = plain.sequences


def test_a_start():
    start = torch.rand(1, 2, 12, 12, generator=torch.Generator().manual_seed(0))
    kept = start.clone()
    found = of_pictures(shape=None, start=start, octaves=2, bounds=(0.0, 1.0))
    assert torch.equal(start, kept)
    assert float((found.inputs - start).abs().max()) < 0.2
    from_words = maximize_activation(finder(WORD), start=["ACGTACGTACGT"], steps=0, device="cpu")
    assert from_words.sequences == ["ACGTACGTACGT"]
    torch.testing.assert_close(
        maximize_activation(finder(WORD), start=words(["ACGTACGTACGT"]), steps=0, device="cpu").inputs,
        from_words.inputs,
    )


def test_a_sum_of_features_needs_no_places():
    model = nn.Linear(5, 2).double()
    found = maximize_activation(model, unit=1, shape=(5,), steps=10, total_variation=1.0, device="cpu")
    assert found.origin["kind"] == "features"
    assert float(found.activation[0]) > float(found.start_activation[0])
    assert found.plot().axes


def test_the_model_is_given_back_and_chance_is_left_alone():
    model = sequence_network().train()
    state = {name: value.clone() for name, value in model.state_dict().items()}
    chance, numbers = torch.random.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002 - what must not change
    one = maximize_activation(model, layer="0", unit=2, shape=(4, 20), steps=4, count=3, seed=7, device="cpu")
    with pytest.raises(InputError):
        maximize_activation(model, layer="0", unit=9, shape=(4, 20), steps=4, device="cpu")
    assert model.training
    assert all(parameter.requires_grad and parameter.grad is None for parameter in model.parameters())
    assert not any(module._forward_hooks for module in model.modules())
    assert all(torch.equal(value, state[name]) for name, value in model.state_dict().items())
    assert torch.equal(chance, torch.random.get_rng_state())
    assert np.array_equal(numbers, np.random.get_state()[1])  # noqa: NPY002
    with torch.inference_mode():
        two = maximize_activation(model, layer="0", unit=2, shape=(4, 20), steps=4, count=1, seed=7, device="cpu")
    torch.testing.assert_close(one.inputs[:1], two.inputs)
    assert not torch.allclose(one.inputs[0], one.inputs[1])


def test_nearest():
    found = maximize_activation(SEQUENCES, layer="0", unit=3, shape=(4, 30), places="max", steps=20, device="cpu")
    near = found.nearest(NATURAL, count=3, device="cpu")
    with torch.no_grad():
        excited = SEQUENCES[0](words(NATURAL))[:, 3].amax(dim=1)
    table = near.to_frame()
    assert len(table) == 6
    assert table[table.kind == "strongest"]["example"].tolist() == excited.argsort(descending=True)[:3].tolist()
    assert table["activation"].tolist() == pytest.approx(excited[table["example"].tolist()].tolist())
    assert table[table.kind == "nearest"]["distance"].is_monotonic_increasing
    torch.testing.assert_close(near.strongest, words([NATURAL[i] for i in near.ranks.strongest]))
    by_output = found.nearest(words(NATURAL), count=2, layer="2", device="cpu")
    assert by_output.ranks.nearest.shape == (1, 2)
    with pytest.raises(InputError, match="count must be 1 to 12"):
        found.nearest(NATURAL, count=13, device="cpu")


def test_save_and_load(tmp_path):
    path = tmp_path / "found.safetensors"
    for found, natural, model in (
        (of_word(), NATURAL, finder(WORD)),
        (of_pictures(bounds=(0.0, 1.0)), torch.rand(4, 2, 12, 12), PICTURES),
    ):
        found.save(path)
        again = MaximizedInputs.load(path)
        assert torch.equal(again.inputs, found.inputs)
        assert again.to_frame().equals(found.to_frame())
        assert dict(again.origin) == dict(found.origin)
        assert again.plot().axes
        with pytest.raises(InputError, match="pass model="):
            again.nearest(natural, device="cpu")
        near = again.nearest(natural, count=2, model=model, device="cpu")
        assert near.to_frame().equals(found.nearest(natural, count=2, device="cpu").to_frame())
        near.save(path)
        assert NearestExamples.load(path).to_frame().equals(near.to_frame())
        with pytest.raises(InputError, match="other weights"):
            again.nearest(natural, model=SEQUENCES, device="cpu")
        with pytest.raises(FileError, match="nearest examples"):
            MaximizedInputs.load(path)
    wrong = {"l2": found.penalties["l2"][:1]}
    with pytest.raises(ShapeError, match="l2 has shape"):
        MaximizedInputs(found.inputs, found.activation, found.activation, None, found.trajectory, wrong, {})


def test_plots():
    settings = dict(mpl.rcParams)
    found = of_word()
    logos = found.plot()
    assert len(logos.axes) == 2
    assert f"{float(found.activation[0]):.3g}" in logos.axes[0].get_title(loc="left")
    near = found.nearest(NATURAL, count=3, device="cpu").plot()
    assert len(near.axes) == 2 * 2 + 3
    pictures = of_pictures(bounds=(0.0, 1.0))
    assert len(pictures.plot().axes) == 2
    grid = pictures.nearest(torch.rand(5, 2, 12, 12), count=3, device="cpu").plot()
    assert len(grid.axes) == 3 * 4
    assert [len(axes.images) for axes in grid.axes] == [1] * 8 + [0, 1, 1, 1]
    assert dict(mpl.rcParams) == settings


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"shape": None}, "needs shape="),
        ({"start": torch.zeros(1, 2, 12, 12)}, "and not both"),
        ({"shape": (2, 0, 12)}, "shape must be whole numbers of 1 or more"),
        ({"count": 0}, "count must be 1 or more"),
        ({"unit": 5}, "layer 'features.2' has 5 of them"),
        ({"layer": "features.7"}, "no layer 'features.7'"),
        ({"layer": None, "unit": None}, "a unit is needed"),
        ({"jiter": 3}, "no option 'jiter'; near that name it has 'jitter'"),
        ({"octaves": 12}, "take fewer octaves"),
        ({"octaves": 2, "layer": None}, r"cannot take inputs of shape \(2, 9, 9\)"),
        ({"background_kl": 0.1}, "background_kl is for DNA"),
        ({"shape": (4, 20), "octaves": 2}, "octaves and bounds are for pictures"),
        ({"shape": (3, 12, 12)}, r"cannot take inputs of shape \(3, 12, 12\)"),
        ({"shape": None, "start": 3 * torch.ones(1, 2, 12, 12), "bounds": (0.0, 1.0)}, "outside the bounds"),
        ({"places": "middle"}, "places must be one of"),
    ],
)
def test_refusals(options, message):
    with pytest.raises(InputError, match=message):
        of_pictures(**options)
