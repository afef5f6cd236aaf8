"""`attack`, end to end."""

import numpy as np
import pytest
import torch

from naive import activation as naive
from pictures import picture_network, shapes, trained, words
from seqinterp.api.attack import attack
from seqinterp.api.results.attacked import Attacked
from seqinterp.errors import InputError, ModelError, ShapeError

MODEL = trained()
IMAGES, LABELS = shapes(8, seed=11)


def attacked(model=MODEL, images=IMAGES, labels=LABELS, **options):
    return attack(model, images, labels, **{"epsilon": 0.25, "device": "cpu", "steps": 8, **options})


def test_what_is_reported_is_what_the_model_says():
    found = attacked()
    with torch.no_grad():
        before, after = (MODEL(each).softmax(1) for each in (found.original, found.inputs))
    assert torch.equal(found.prediction_before, before.argmax(1))
    assert torch.equal(found.prediction_after, after.argmax(1))
    torch.testing.assert_close(found.confidence_before, before.amax(1))
    torch.testing.assert_close(found.confidence_after, after.amax(1))
    assert found.loss_after.tolist() == pytest.approx(naive.cross_entropy(MODEL, found.inputs, LABELS.tolist()))
    torch.testing.assert_close(found.distance, (found.inputs - IMAGES).abs().flatten(1).amax(1))
    assert torch.equal(found.success, after.argmax(1) != LABELS)
    assert found.success.any()
    assert found.distance.max() <= 0.25 + 1e-6
    assert found.robust_accuracy == pytest.approx(1 - float(found.success.double().mean()))
    assert f"{int(found.success.sum())} of 8 predictions were made wrong" in found.summary
    assert found.origin["readout"] == "softmax"


def test_what_is_wrong_already_is_left_alone():
    labels = LABELS.clone()
    labels[[1, 4]] = (labels[[1, 4]] + 1) % 3
    found = attacked(labels=labels)
    assert found.already.tolist() == [i in (1, 4) for i in range(8)]
    assert torch.equal(found.inputs[found.already], IMAGES[found.already])
    assert not found.success[found.already].any()
    assert found.distance[found.already].tolist() == [0, 0]
    assert "2 were so before and were left alone" in found.summary
    others = attacked()
    torch.testing.assert_close(found.inputs[~found.already], others.inputs[~found.already])
    everything = attacked(labels=(LABELS + 1) % 3)
    assert torch.equal(everything.inputs, IMAGES)
    assert everything.robust_accuracy == 0


def test_targets():
    wanted = (LABELS + 1) % 3
    wanted[0] = LABELS[0]
    found = attacked(labels=wanted, targeted=True, epsilon=0.5, steps=20)
    assert found.already.tolist() == [True] + [False] * 7
    assert found.success[1:].all()
    assert torch.equal(found.prediction_after, wanted)
    with pytest.raises(InputError, match="a targeted attack does not say"):
        _ = found.robust_accuracy


@pytest.mark.parametrize("norm", ["inf", "2"])
def test_fgsm_and_norms(norm):
    epsilon = 0.2 if norm == "inf" else 1.5
    found = attack(MODEL, IMAGES, LABELS.tolist(), method="fgsm", norm=norm, epsilon=epsilon, device="cpu")
    assert found.origin["steps"] == 1
    change = (found.inputs - IMAGES).flatten(1)
    size = change.abs().amax(1) if norm == "inf" else change.norm(dim=1)
    torch.testing.assert_close(found.distance, size)
    assert size.max() <= epsilon + 1e-6
    assert found.inputs.min() >= 0
    assert found.inputs.max() <= 1
    assert (found.loss_after > found.loss_before).all()


def test_one_output_and_probabilities():
    model = trained(1)
    labels = (LABELS == 0).long()
    plain = attacked(model, labels=labels)
    squashed = attacked(torch.nn.Sequential(model, torch.nn.Sigmoid()), labels=labels)
    assert plain.origin["readout"] == "sigmoid"
    assert squashed.origin["readout"] == "probability"
    torch.testing.assert_close(plain.loss_after, squashed.loss_after, rtol=1e-3, atol=1e-6)
    assert plain.success.any()


def test_a_given_readout():
    model = torch.nn.Sequential(MODEL, torch.nn.Softmax(dim=1))
    found = attacked(model, readout="probability")
    torch.testing.assert_close(found.confidence_before, attacked().confidence_before)


def test_other_bounds_and_none():
    far = IMAGES * 4 - 2
    with pytest.raises(InputError, match="outside the bounds"):
        attacked(images=far)
    assert attacked(images=far, bounds=(-2.0, 2.0)).inputs.abs().max() <= 2
    assert attacked(images=far, bounds=None, epsilon=3.0).inputs.abs().max() > 2


def test_seeds_batches_and_the_model_given_back():
    model = trained().train()
    kept, chance = IMAGES.clone(), torch.random.get_rng_state()
    found = attacked(model, seed=5)
    assert torch.equal(chance, torch.random.get_rng_state())
    assert torch.equal(kept, IMAGES)
    assert model.training
    assert all(parameter.requires_grad and parameter.grad is None for parameter in model.parameters())
    torch.testing.assert_close(
        attacked(images=IMAGES[:3].numpy(), labels=LABELS[:3].numpy(), seed=5).inputs, found.inputs[:3]
    )
    assert not torch.allclose(found.inputs, attacked(seed=6).inputs)
    with pytest.raises(InputError):
        attacked(model, labels=LABELS + 1)
    assert model.training


def test_save_load_and_plot(tmp_path):
    found = attacked()
    found.save(tmp_path / "a.safetensors")
    again = Attacked.load(tmp_path / "a.safetensors")
    assert again.to_frame().equals(found.to_frame())
    assert torch.equal(again.inputs, found.inputs)
    assert len(again) == 8
    assert again.numpy().shape == (8, 1, 8, 8)
    figure = again.plot(count=4)
    assert len(figure.axes) == 12
    shown = [axes.images[0].get_array() for axes in figure.axes]
    np.testing.assert_allclose(shown[0], IMAGES[0, 0])
    np.testing.assert_allclose(shown[5], found.inputs[1, 0])
    added = (found.inputs - IMAGES)[2, 0]
    np.testing.assert_allclose(shown[10], 0.5 + 0.5 * added / added.abs().max())
    assert "success" in figure.axes[8].get_title(loc="left")
    with pytest.raises(ShapeError, match="labels has shape"):
        Attacked(**{**vars(found), "labels": found.labels[:2]})
    with pytest.raises(InputError, match="only pictures"):
        again.plot(count=0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"epsilon": 0.0}, "epsilon .* must be above 0"),
        ({"epsilon": -1.0}, "epsilon .* must be above 0"),
        ({"labels": LABELS[:3]}, r"one label per input is needed, 8 of them, not labels of shape \(3,\)"),
        ({"labels": LABELS[:, None]}, "one label per input"),
        ({"labels": LABELS.double() + 0.5}, "whole numbers from 0 on"),
        ({"labels": LABELS + 1}, "labels must be 0 to 2"),
        ({"method": "cw"}, "no attack 'cw'; choose one of pgd, fgsm"),
        ({"method": "fgsm"}, "attack 'fgsm' has no option 'steps'"),
        ({"step_sise": 1.0}, "near that name it has 'step_size'"),
        ({"steps": 0}, "steps must be 1 or more"),
        ({"norm": "1"}, "norm must be one of inf, 2"),
        ({"bounds": (1.0, 1.0)}, "bounds must be"),
        ({"readout": "logits"}, "readout must be one of"),
        ({"images": words(["ACGT"] * 8)}, "seqinterp.flip_prediction finds the fewest substitutions"),
    ],
)
def test_refusals(options, message):
    with pytest.raises(InputError, match=message):
        attacked(**options)


class Root(torch.nn.Module):
    """Its gradient at zero is infinite."""

    def forward(self, inputs):
        return inputs.flatten(1).sqrt()[:, :3] * torch.tensor([1.0, 2.0, 0.5])


@pytest.mark.parametrize("method", ["fgsm", "pgd"])
def test_a_gradient_that_is_infinite_is_named_by_the_number_of_its_example(method):
    images = torch.ones(4, 1, 2, 2)
    images[2] = 0
    with pytest.raises(ModelError, match="gradient of example 2 is NaN or infinite"):
        attack(Root(), images, [0, 1, 0, 1], method=method, device="cpu")


def test_a_model_of_many_axes():
    with pytest.raises(ModelError, match="must return one tensor"):
        attacked(picture_network().features, torch.rand(2, 2, 12, 12), [0, 1])
