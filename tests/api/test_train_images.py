from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional

from pictures_of_places import bright_patches, tiny_network
from seqinterp.api.attribute import attribute
from seqinterp.api.stage_leakage import refuse_stage_leakage
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


def test_a_stage_with_a_test_image_under_another_name_is_refused():
    images = whole()
    test = np.flatnonzero(np.array(images.split) == "test")
    inputs = bright_patches(40, seed=5).inputs
    own = bright_patches(40, parts=(30, 10, 0))
    other = replace(own, inputs=inputs, names=tuple(f"other {row}" for row in range(40)), groups=None)

    def with_one(image):
        return replace(other, inputs=torch.cat([inputs[:3], image[None], inputs[4:]]))

    def refused(stage, sentence, images=images, **options):
        with pytest.raises(LeakageError, match=sentence):
            train_images(images, stages=[Stage(settings=QUICK), Stage(stage)], device="cpu", **options)

    source = images.inputs[test[5]]
    refused(with_one(source), f"'other 3', which has the pixels of '{images.names[test[5]]}' of the test part")
    refused(with_one(source), "has the pixels", near=None)
    brighter = source * 0.95 + 0.01
    refused(with_one(brighter), "is a near duplicate .*give a higher near")
    smooth = functional.interpolate(torch.rand(1, 1, 4, 4), size=24, mode="bicubic").clamp(0, 1)
    shown = images.inputs.clone()
    shown[test[5]] = functional.interpolate(smooth, size=12, mode="bilinear")[0]
    larger = torch.cat([torch.rand(39, 1, 24, 24), smooth])
    refused(replace(other, inputs=larger), "'other 39', which is a near duplicate", replace(images, inputs=shown))
    refused(replace(other, inputs=with_one(source).inputs.repeat(1, 3, 1, 1)), "has the pixels")
    for stage in (other, with_one(images.inputs[0])):  # what is trained on anyway may come again
        refuse_stage_leakage(images, [Stage(stage)], near=0.97)
    refuse_stage_leakage(images, [Stage(with_one(brighter))], near=None)


def test_near_duplicates_on_two_sides_are_refused():
    images = whole()
    torn = replace(images, inputs=torch.cat([images.inputs[:-1], images.inputs[:1] * 0.95 + 0.01]))
    with pytest.raises(LeakageError, match="near duplicates"):
        train_images(torn, settings=QUICK, device="cpu")
    trained = train_images(torn, settings=replace(QUICK, epochs=1), near=None, device="cpu")
    assert trained.predictions["group"].nunique() == 80


def test_a_module_of_the_caller_is_left_alone(tmp_path):
    path, images = tmp_path / "weights.safetensors", whole()
    save_file(tiny_network(seed=7).state_dict(), path)
    network = tiny_network().train()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    for given in (network, lambda: network, Normalised(network, (0.5,), (0.5,))):
        train_images(images, network=given, settings=replace(QUICK, epochs=1), weights=path, device="cpu")
    assert network.training and all(torch.equal(network.state_dict()[name], was) for name, was in before.items())

    class Stubborn(nn.Module):
        def __deepcopy__(self, memo):
            raise RuntimeError("Not this one.")

    with pytest.raises(ModelError, match=r"Stubborn, cannot be copied, .*: Not this one$"):
        train_images(images, network=Stubborn(), device="cpu")


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
        ({"stages": [Stage()], "balance": "oversample"}, InputError, "stages bring their own .* balance"),
        ({"balance": "more"}, InputError, "balance must be"),
    ],
)
def test_what_cannot_be_trained_is_refused(change, error, sentence):
    given = {"images": whole(), **change}
    with pytest.raises(error, match=sentence):
        train_images(given.pop("images"), device="cpu", **given)


@pytest.mark.parametrize(
    "error", [AssertionError("Wrong height! Expected 224 but got 12!"), AssertionError(), KeyError(1)]
)
def test_a_network_that_asserts_its_size_is_one_sentence(error):
    class Particular(nn.Module):
        def forward(self, inputs):
            raise error

    with pytest.raises(ModelError, match=r"cannot take images of the shape \(1, 12, 12\).*: (Wrong.*12|Ass.*Error|1)$"):
        train_images(whole(), network=Particular(), device="cpu")


@pytest.mark.torchvision
def test_a_transformer_of_another_size_is_one_sentence(torchvision):
    images = bright_patches(24, size=32, parts=(16, 4, 4))
    with pytest.raises(ModelError, match="Wrong image height"):
        train_images(images, network="vit_b_16", device="cpu")


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
