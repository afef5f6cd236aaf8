from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from pictures_of_places import bright_patches, tiny_network
from seqinterp.api.attribute import attribute
from seqinterp.api.train_images import train_images
from seqinterp.errors import FileError, InputError, LeakageError, ModelError
from seqinterp.images.fine_tune import Stage
from seqinterp.images.networks import small_cnn
from seqinterp.images.normalised import Normalised
from seqinterp.images.settings import ImageSettings

QUICK = ImageSettings(epochs=4, batch_size=16, learning_rate=5e-3)


def whole(classes=2, **options):
    return bright_patches(160, classes=classes, parts=(100, 20, 40), **options)


@pytest.mark.parametrize("classes", [2, 3])
def test_a_classifier_comes_with_its_evidence(classes):
    images = whole(classes)
    trained = train_images(images, settings=replace(QUICK, epochs=8), device="cpu")
    outcome = trained.outcome
    assert outcome.confusion.sum() == 40 and outcome.accuracy.value > 0.85 and outcome.auroc > 0.9
    assert all(metrics.resampled == "groups" for metrics in outcome.metrics.values())
    table = trained.predictions
    assert table["name"].tolist() == list(images.names) and table["split"].tolist() == list(images.split)
    assert table["group"].nunique() == 80
    chances = table[[f"probability_{name}" for name in images.classes]].to_numpy()
    np.testing.assert_allclose(chances.sum(axis=1), 1)
    np.testing.assert_allclose(torch.softmax(trained.model(images.inputs), dim=1).detach(), chances, atol=1e-5)
    held = table[table["split"] == "test"]
    assert (held["label"] == held["called"]).mean() == outcome.accuracy.value
    assert trained.classes == images.classes and trained.network == "small_cnn" and trained.weights is None
    assert not trained.model.training and trained.history["stage"].eq(1).all()


def test_a_seed_decides_everything():
    images = whole()
    first, again, other = (train_images(images, settings=QUICK, device="cpu", seed=seed) for seed in (3, 3, 4))
    assert all(torch.equal(a, b) for a, b in zip(first.model.parameters(), again.model.parameters(), strict=True))
    assert first.outcome.accuracy == again.outcome.accuracy
    assert not torch.equal(first.model.network.classifier.weight, other.model.network.classifier.weight)


def test_attributions_are_of_pixels():
    trained = train_images(whole(), settings=QUICK, device="cpu")
    found = attribute(trained.model, whole().inputs[:3], "deeplift", target=1, device="cpu")
    torch.testing.assert_close(
        found.values.sum(dim=(1, 2, 3)), found.score - found.reference_score, rtol=1e-4, atol=1e-4
    )


def test_stages_first_train_all_layers_then_the_later_ones_on_parts_of_the_images():
    images = whole(size=12)
    parts = replace(images, inputs=images.inputs[:, :, 2:10].repeat_interleave(2, dim=2)[:, :, 2:14])
    stages = [Stage(settings=QUICK), Stage(parts, freeze="early", settings=QUICK)]
    trained = train_images(images, network=tiny_network, stages=stages, device="cpu")
    assert trained.history["stage"].unique().tolist() == [1, 2] and trained.network == "tiny_network"
    assert trained.frozen[0] == () and "network.early.0.weight" in trained.frozen[1]


def test_stages_that_train_on_the_test_part_are_refused():
    images = whole()
    moved = replace(images, split=tuple(np.repeat(("test", "valid", "train"), (40, 20, 100)).tolist()))
    with pytest.raises(LeakageError, match="stage 2 would be trained on"):
        train_images(images, stages=[Stage(settings=QUICK), Stage(moved)], device="cpu")


def test_training_goes_on_from_a_module():
    images = whole()
    first = train_images(images, settings=QUICK, device="cpu")
    before = {name: tensor.clone() for name, tensor in first.model.state_dict().items()}
    second = train_images(images, network=first.model, settings=QUICK, device="cpu")
    assert second.network == "Normalised" and torch.equal(second.model.mean, first.model.mean)
    assert all(torch.equal(tensor, before[name]) for name, tensor in first.model.state_dict().items())
    assert second.history["train_loss"].iloc[0] < first.history["train_loss"].iloc[0]


def test_weights_of_a_file_are_where_training_starts(tmp_path):
    path, images = tmp_path / "weights.safetensors", whole()
    source = small_cnn(1, 12, 5)
    save_file(source.state_dict(), path)
    still = replace(QUICK, epochs=1, learning_rate=1e-9)
    trained = train_images(images, settings=still, weights=path, device="cpu")
    torch.testing.assert_close(trained.model.network.features.block1.conv.weight, source.features.block1.conv.weight)
    assert set(trained.weights.left_out) == {"classifier.weight", "classifier.bias"}
    with pytest.raises(FileError, match="cannot be read"):
        train_images(images, weights=tmp_path / "none", device="cpu")


def test_pixels_are_normalised_by_the_training_part_alone():
    images = whole()
    model = train_images(images, settings=replace(QUICK, epochs=1), device="cpu").model
    assert float(model.mean) == pytest.approx(float(images.part("train").inputs.mean()))
    assert float(model.mean) != pytest.approx(float(images.inputs.mean()), abs=1e-7)
    colours = partial(tiny_network, channels=3)
    grey = train_images(images, network=colours, settings=replace(QUICK, epochs=1), device="cpu").model
    assert isinstance(grey, Normalised) and grey.mean.shape == (1, 3, 1, 1)


@pytest.mark.parametrize(
    ("change", "error", "sentence"),
    [
        ({"images": bright_patches(20)}, InputError, "marked test; split the images first"),
        ({"images": bright_patches(20, parts=(15, 0, 5))}, LeakageError, "patient 7"),
        ({"images": bright_patches(20, parts=(0, 10, 10))}, InputError, "marked train"),
        ({"network": lambda: nn.Flatten()}, ModelError, "one logit per class"),
        ({"network": lambda: "resnet"}, ModelError, "must build a torch.nn.Module, but it gave a str"),
        ({"network": partial(tiny_network, 3)}, ModelError, "build it for 2 classes"),
        ({"stages": [Stage()], "settings": QUICK}, InputError, "stages bring their own"),
        ({"balance": "more"}, InputError, "balance must be"),
    ],
)
def test_what_cannot_be_trained_is_refused(change, error, sentence):
    given = {"images": whole(), **change}
    with pytest.raises(error, match=sentence):
        train_images(given.pop("images"), device="cpu", **given)


@pytest.mark.torchvision
def test_a_network_of_torchvision_is_trained_in_two_stages(torchvision):
    images = bright_patches(24, size=32, parts=(16, 4, 4))
    settings = ImageSettings(epochs=1, batch_size=8)
    stages = [Stage(settings=settings), Stage(freeze="layer3", settings=settings)]
    trained = train_images(images, network="resnet18", stages=stages, device="cpu")
    assert trained.model.mean.shape == (1, 3, 1, 1) and trained.outcome.confusion.sum() == 4
    held = set(trained.frozen[1])
    assert {"network.conv1.weight", "network.bn1.running_mean", "network.layer3.1.bn2.running_var"} <= held
    assert not any(name.startswith(("network.layer4", "network.fc")) for name in held)
