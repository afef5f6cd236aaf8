from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from pictures_of_places import bright_patches, tiny_network
from seqinterp.errors import InputError, ModelError
from seqinterp.images.augment import Augmentation
from seqinterp.images.settings import ImageSettings
from seqinterp.images.trainer import batches, epoch_order, fit_images, image_logits

QUICK = ImageSettings(epochs=3, batch_size=16)


def weights(fit):
    return torch.cat([tensor.flatten().double() for tensor in fit.model.state_dict().values()])


@pytest.mark.parametrize("balance", ["weight", "oversample", "none"])
@pytest.mark.parametrize("classes", [2, 3])
def test_a_classifier_learns_what_is_there(classes, balance):
    images, valid, test = (bright_patches(n, classes=classes, seed=n) for n in (90, 30, 60))
    settings = ImageSettings(epochs=8, batch_size=16, learning_rate=5e-3)
    fit = fit_images(tiny_network(classes), images, valid=valid, settings=settings, balance=balance, device="cpu")
    called = image_logits(fit.model, test, device="cpu").argmax(axis=1)
    assert (called == test.labels).mean() > 0.95
    assert list(fit.history) == ["epoch", "train_loss", "train_accuracy", "valid_loss", "valid_accuracy", "kept"]
    assert fit.history["valid_loss"].iloc[-1] < fit.history["valid_loss"].iloc[0]
    assert not fit.model.training


def test_the_kept_weights_are_those_of_the_best_epoch():
    images, valid = bright_patches(40), bright_patches(30, seed=5)
    settings = ImageSettings(epochs=12, patience=3, batch_size=8, learning_rate=0.03)
    fit = fit_images(tiny_network(), images, valid=valid, settings=settings, balance="none", device="cpu")
    assert fit.history["kept"].sum() == 1
    assert fit.history["valid_loss"].idxmin() == fit.history.index[fit.history["kept"]][0]
    labels = torch.from_numpy(valid.labels)
    loss = nn.functional.cross_entropy(torch.from_numpy(image_logits(fit.model, valid, device="cpu")), labels)
    assert float(loss) == pytest.approx(fit.history["valid_loss"].min(), rel=1e-6)


def test_training_stops_when_patience_ends():
    # labels that have nothing to do with the images: what is learned by heart makes validation worse
    images, valid = bright_patches(24, noise=1.0), bright_patches(40, seed=5)
    wrong = replace(valid, labels=1 - valid.labels)
    settings = ImageSettings(epochs=30, patience=2, batch_size=8, learning_rate=0.01)
    history = fit_images(tiny_network(), images, valid=wrong, settings=settings, device="cpu").history
    assert len(history) < 30 and len(history) == history["epoch"][history["kept"]].item() + 2


def test_without_validation_all_epochs_run_and_the_last_is_kept():
    history = fit_images(tiny_network(), bright_patches(20), settings=QUICK, device="cpu").history
    assert history["valid_loss"].isna().all() and history["kept"].tolist() == [False, False, True]


@pytest.mark.parametrize("augment", [None, Augmentation(rotation=10.0)])
def test_a_seed_decides_everything_and_global_random_numbers_are_left_alone(augment):
    model, images = tiny_network(), bright_patches(30)
    torch.manual_seed(7)
    state = torch.get_rng_state()

    def run(seed):
        return weights(fit_images(model, images, settings=QUICK, augment=augment, device="cpu", seed=seed))

    first = run(1)
    assert torch.equal(torch.get_rng_state(), state)
    torch.rand(3)
    assert torch.equal(first, run(1)) and not torch.equal(first, run(2))


def test_augmentation_sees_every_batch_with_a_generator_of_its_own():
    seen = []

    def augment(inputs, generator):
        seen.append((len(inputs), float(torch.rand(1, generator=generator))))
        return inputs

    images = bright_patches(33)
    fit = fit_images(tiny_network(), images, settings=QUICK, augment=augment, device="cpu")
    assert [length for length, _ in seen] == [16, 17] * 3 and len({number for _, number in seen}) == 6
    plain = fit_images(tiny_network(), images, settings=QUICK, device="cpu")
    assert torch.equal(weights(fit), weights(plain))  # other draws than those of order and dropout


def test_mirror_images_of_what_has_a_left_are_refused():
    with pytest.raises(InputError, match="mirror"):
        fit_images(tiny_network(), replace(bright_patches(8), laterality=True), augment=Augmentation(flip=True))


def test_oversampling_repeats_rare_images_evenly_in_training_alone():
    labels = np.array([0] * 10 + [1] * 3 + [2] * 5)
    order = epoch_order(labels, "oversample", torch.Generator().manual_seed(0))
    assert np.bincount(labels[order]).tolist() == [10, 10, 10]
    shown = torch.bincount(order, minlength=len(labels))
    assert (
        shown[:10].tolist() == [1] * 10
        and sorted(shown[10:13].tolist()) == [3, 3, 4]
        and shown[13:].tolist() == [2] * 5
    )
    assert sorted(epoch_order(labels, "none", torch.Generator()).tolist()) == list(range(18))


@pytest.mark.parametrize(("count", "sizes"), [(32, [16, 16]), (33, [16, 17]), (34, [16, 16, 2]), (1, [1]), (17, [17])])
def test_no_batch_is_one_image_where_that_can_be_helped(count, sizes):
    assert [len(part) for part in batches(torch.arange(count), 16)] == sizes


def test_weighing_makes_a_rare_class_count():
    images = bright_patches(120, shares=[0.9, 0.1], noise=1.0, seed=3)
    test = bright_patches(100, noise=1.0, seed=4)
    recall = {}
    for balance in ("none", "weight", "oversample"):
        settings = ImageSettings(epochs=6, batch_size=16)
        fit = fit_images(tiny_network(), images, settings=settings, balance=balance, device="cpu")
        recall[balance] = (image_logits(fit.model, test, device="cpu").argmax(axis=1) == 1)[test.labels == 1].mean()
    assert recall["none"] < min(recall["weight"], recall["oversample"])


def test_the_loss_is_the_weighed_mean():
    images = bright_patches(16, shares=[0.75, 0.25], seed=2)
    model = nn.Sequential(nn.Flatten(), nn.Linear(144, 2))
    fit = fit_images(model, images, settings=ImageSettings(epochs=1, batch_size=16), device="cpu")
    losses = nn.functional.cross_entropy(model(images.inputs), torch.from_numpy(images.labels), reduction="none")
    counts = np.bincount(images.labels)
    expected = (losses.detach().numpy() * (16 / (2 * counts))[images.labels]).mean()
    assert fit.history["train_loss"].item() == pytest.approx(expected, rel=1e-6)


def test_an_interrupted_training_leaves_the_model_as_it_was():
    model = tiny_network()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    state, calls = torch.get_rng_state(), []

    def interrupt(inputs, generator):
        calls.append(True)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return inputs

    with pytest.raises(KeyboardInterrupt):
        fit_images(model, bright_patches(40), settings=QUICK, augment=interrupt, freeze="early", device="cpu")
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    assert all(parameter.requires_grad for parameter in model.parameters()) and not model.training
    assert torch.equal(torch.get_rng_state(), state)


def test_a_runaway_training_is_stopped():
    with pytest.raises(ModelError, match=r"NaN or infinite in epoch \d; lower learning_rate"):
        settings = ImageSettings(learning_rate=1e30)
        fit_images(nn.Sequential(nn.Flatten(), nn.Linear(144, 2)), bright_patches(64), settings=settings, device="cpu")


def test_training_that_moves_nothing_is_said():
    with pytest.raises(ModelError, match="moved no weight"):
        fit_images(tiny_network(), bright_patches(16), settings=ImageSettings(learning_rate=0.0), device="cpu")


def test_a_model_whose_weights_are_all_frozen_is_refused():
    with pytest.raises(InputError, match="asks for a gradient"):
        fit_images(tiny_network().requires_grad_(False), bright_patches(16), device="cpu")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"balance": "smote"}, "balance must be one of weight, oversample, none"),
        ({"valid": bright_patches(9, classes=3)}, "left, right, middle"),
        ({"images": replace(bright_patches(9), labels=np.zeros(9, dtype=np.int64))}, "class 'right'"),
    ],
)
def test_what_cannot_be_trained_on_is_refused(change, sentence):
    given = {"images": bright_patches(9), **change}
    with pytest.raises(InputError, match=sentence):
        fit_images(tiny_network(), given.pop("images"), device="cpu", **given)


@pytest.mark.parametrize(
    ("name", "value"),
    [("epochs", 0), ("batch_size", 1), ("patience", 0), ("learning_rate", -1.0), ("weight_decay", float("nan"))],
)
def test_settings_that_make_no_sense_are_refused(name, value):
    with pytest.raises(InputError, match=name):
        ImageSettings(**{name: value})
