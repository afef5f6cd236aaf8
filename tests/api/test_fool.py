"""`fool`, end to end."""

import pytest
import torch
from torch import nn

from pictures import finder, shapes, trained, words
from seqinterp.api.fool import fool
from seqinterp.api.results.fooled import Fooled
from seqinterp.errors import InputError, ShapeError
from seqinterp.sequence.markov import GENOME_LIKE
from seqinterp.sequence.markov_fit import fit_background, log_likelihood

WORD = "GATTACAG"
NATURAL = GENOME_LIKE.sample(50, count=25, seed=0)
SURE = finder(WORD, weight=4.0, bias=-24.0)
IMAGES, _ = shapes(60, seed=3)


def of_dna(model=SURE, natural=NATURAL, **options):
    return fool(model, natural, **{"count": 3, "steps": 30, "device": "cpu", **options})


def of_pictures(**options):
    return fool(trained(), IMAGES, **{"target": 1, "count": 3, "steps": 150, "device": "cpu", **options})


@pytest.mark.parametrize("start", ["random", "shuffle"])
def test_dna(start):
    found = of_dna(start=start, order=1, both_strands=True)
    assert found.success.all()
    with torch.no_grad():
        torch.testing.assert_close(found.confidence, SURE(words(found.sequences))[:, 0].sigmoid())
    assert all(WORD in sequence for sequence in found.sequences)
    background = fit_background(NATURAL, 1, both_strands=True)
    assert found.likelihood.tolist() == pytest.approx(log_likelihood(background, found.sequences).tolist())
    assert found.natural_likelihood.tolist() == pytest.approx(log_likelihood(background, NATURAL).tolist())
    assert found.percentile.tolist() == [0, 0, 0]
    assert found.steps.max() <= 30
    assert "3 of 3 inputs reach a confidence above 0.99" in found.summary
    assert found.summary.endswith("is likelier than 0 % of the natural examples, or as likely")
    assert found.origin["readout"] == "sigmoid"
    assert list(found.to_frame().columns) == [
        "sequence", "confidence", "success", "steps", "log2_likelihood_per_base", "percentile",
    ]  # fmt: skip


def test_pictures():
    found = of_pictures()
    with torch.no_grad():
        torch.testing.assert_close(found.confidence, trained()(found.inputs).softmax(1)[:, 1])
    assert found.success.all()
    assert found.percentile.tolist() == [0, 0, 0]
    distance = found.to_frame()["mahalanobis"]
    assert distance.tolist() == pytest.approx((-2 * found.likelihood).sqrt().tolist())
    assert len(found.natural_likelihood) == 30
    assert found.inputs.min() >= float(IMAGES.min())
    assert found.inputs.max() <= float(IMAGES.max())
    assert found.origin["readout"] == "softmax"
    assert of_pictures(readout="sigmoid").origin["readout"] == "sigmoid"


def test_percentiles_count_natural_examples():
    found = of_dna(steps=1)
    expected = [100 * sum(float(n) <= float(own) for n in found.natural_likelihood) / 25 for own in found.likelihood]
    assert found.percentile.tolist() == pytest.approx(expected)


def test_what_is_not_reached_is_said():
    weak = finder(WORD, weight=1.0, bias=-8.0)
    found = of_dna(weak)
    assert not found.success.any()
    assert "0 of 3 inputs reach a confidence above 0.99, 3 do not (the surest of them 0.5)" in found.summary
    few = of_pictures(steps=1)
    assert not few.success.any()
    assert few.steps.tolist() == [1, 1, 1]
    with pytest.raises(InputError, match="success must say"):
        Fooled(**{**vars(found), "success": ~found.success})


def test_probabilities_are_seen():
    squashed = of_dna(nn.Sequential(SURE, nn.Sigmoid()))
    assert squashed.origin["readout"] == "probability"
    assert squashed.success.all()
    assert all(WORD in sequence for sequence in squashed.sequences)


def test_seeds_and_the_model_given_back():
    model = finder(WORD, weight=4.0, bias=-24.0).train()
    chance = torch.random.get_rng_state()
    many, one = of_dna(model, seed=3), of_dna(model, seed=3, count=1)
    assert torch.equal(chance, torch.random.get_rng_state())
    assert model.training
    assert all(parameter.requires_grad for parameter in model.parameters())
    assert many.sequences[0] == one.sequences[0]
    assert of_dna(model, seed=4, count=1).sequences != one.sequences
    assert torch.equal(of_pictures(count=1).inputs, of_pictures(count=1).inputs)
    torch.testing.assert_close(of_pictures(count=3).inputs[:1], of_pictures(count=1).inputs)


def test_save_load_and_plot(tmp_path):
    path = tmp_path / "fooled.safetensors"
    for found in (of_dna(), of_pictures()):
        found.save(path)
        again = Fooled.load(path)
        assert again.to_frame().equals(found.to_frame())
        assert torch.equal(again.start, found.start)
        assert again.summary == found.summary
        figure = again.plot()
        assert len(figure.axes) == 3
        assert f"p = {float(found.confidence[0]):.4f}" in figure.axes[0].get_title(loc="left")
        assert len(again) == len(again.numpy()) == 3
    with pytest.raises(InputError, match="not DNA"):
        _ = found.sequences
    with pytest.raises(ShapeError, match="steps has shape"):
        Fooled(**{**vars(found), "steps": found.steps[:1]})


@pytest.mark.parametrize(
    ("call", "options", "message"),
    [
        (of_dna, {"confidence": 1.0}, "confidence must be a probability between 0 and 1"),
        (of_dna, {"target": 1}, "target 1 was asked for, but the outputs are 0 to 0"),
        (of_dna, {"count": 0}, "count and steps must be 1 or more"),
        (of_dna, {"steps": 0}, "count and steps must be 1 or more"),
        (of_dna, {"order": 4}, "order must be 0 to 3"),
        (of_dna, {"start": "zeros"}, "start must be one of random, shuffle"),
        (of_dna, {"bounds": (0.0, 1.0)}, "no option 'bounds' for DNA"),
        (of_pictures, {"order": 1}, "no option 'order' for pictures"),
        (of_pictures, {"bounds": (0.4, 0.5)}, "leave the bounds"),
        (of_pictures, {"step_size": 0.0}, "step_size must be above 0"),
        (of_pictures, {"components": 0}, "components must be 1 or more"),
    ],
)
def test_refusals(call, options, message):
    with pytest.raises(InputError, match=message):
        call(**options)
    with pytest.raises(InputError, match="at least 10 natural examples"):
        fool(trained(), IMAGES[:5], device="cpu")
