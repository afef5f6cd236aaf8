import pytest
import torch
from torch import nn

from pictures_of_places import bright_patches, tiny_network
from seqinterp.errors import InputError
from seqinterp.images.fine_tune import Stage, fine_tune
from seqinterp.images.freeze import frozen, frozen_tensors
from seqinterp.images.networks import small_cnn
from seqinterp.images.normalised import Normalised
from seqinterp.images.settings import ImageSettings
from seqinterp.images.trainer import fit_images

EARLY = ("early.0.weight", "early.0.bias", "early.1.weight", "early.1.bias")
STATISTICS = ("early.1.running_mean", "early.1.running_var", "early.1.num_batches_tracked")


def test_one_name_freezes_everything_up_to_it_and_several_these_alone():
    model = tiny_network()
    assert set(frozen_tensors(model, "early")) == {*EARLY, *STATISTICS}
    assert set(frozen_tensors(model, "late.0")) == {*EARLY, *STATISTICS, "late.0.weight", "late.0.bias"}
    assert set(frozen_tensors(model, ["late.0"])) == {"late.0.weight", "late.0.bias"}
    assert frozen_tensors(model, None) == ()
    # a name is a layer's, not the beginning of one
    with pytest.raises(InputError, match="no layer 'ear'"):
        frozen_tensors(model, "ear")


def test_a_network_inside_normalised_goes_by_its_own_names():
    model = Normalised(tiny_network(), [0.5], [0.2])
    assert frozen_tensors(model, ["early"]) == frozen_tensors(model, ["network.early"])
    assert "network.early.0.weight" in frozen_tensors(model, "early")


@pytest.mark.parametrize("layers", ["head", ["early", "late", "head"], ["head", "early", "late"]])
def test_freezing_everything_is_refused(layers):
    """A well-known notebook freezes every parameter by mistake, and its loss stays where it is."""
    with pytest.raises(InputError, match="leaves no weight to train"):
        frozen_tensors(tiny_network(), layers)


def test_a_layer_that_is_not_there_is_refused_with_the_names_that_are():
    with pytest.raises(InputError, match=r"'features'.*early, late, head, early.0, early.1"):
        frozen_tensors(tiny_network(), ["early", "features"])


def test_a_layer_without_weights_is_refused():
    with pytest.raises(InputError, match="'flat' with weights"):
        frozen_tensors(tiny_network(), ["flat"])


def test_train_mode_does_not_reach_frozen_layers_and_everything_is_given_back():
    model = tiny_network().train()
    model.head.bias.requires_grad_(False)  # as the caller had it
    with pytest.raises(RuntimeError, match="stop"), frozen(model, "early") as held:
        assert set(held) == {*EARLY, *STATISTICS}
        model.train()
        assert not model.early.training and not model.early[1].training and model.late[1].training
        assert not model.early[0].weight.requires_grad and model.late[0].weight.requires_grad
        raise RuntimeError("stop")
    assert all(module.training for module in model.modules())
    asking = {name for name, parameter in model.named_parameters() if parameter.requires_grad}
    assert "head.bias" not in asking and len(asking) == 9
    model.eval()
    assert not model.early[1].training
    assert all("train" not in vars(module) for module in model.modules())


def test_weights_that_two_layers_share_are_frozen_in_both():
    model = nn.Sequential(nn.Conv2d(1, 1, 3, padding=1), nn.Conv2d(1, 1, 3, padding=1), nn.Flatten(), nn.Linear(144, 2))
    model[1].weight = model[0].weight
    assert "1.weight" in frozen_tensors(model, ["0"])


@pytest.mark.parametrize("build", [tiny_network, lambda: small_cnn(1, 12, 2)])
def test_frozen_weights_and_statistics_stay_bit_equal_and_all_others_move(build):
    model = build()
    freeze = "early" if hasattr(model, "early") else "features.block1"
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    fit = fit_images(model, bright_patches(40), freeze=freeze, settings=ImageSettings(epochs=2), device="cpu")
    after = fit.model.state_dict()
    assert len(fit.frozen) >= 5 and fit.unmoved == ()
    for name, tensor in before.items():
        assert torch.equal(tensor, after[name]) == (name in fit.frozen), name
        assert torch.equal(tensor, model.state_dict()[name])  # the model that came is untouched


def test_without_freezing_everything_moves():
    model = tiny_network()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    after = fit_images(model, bright_patches(40), settings=ImageSettings(epochs=1), device="cpu").model.state_dict()
    assert not [name for name, tensor in before.items() if torch.equal(tensor, after[name])]


def test_stages_go_on_from_one_another():
    whole = bright_patches(60, parts=(40, 20, 0))
    stages = [Stage(whole, settings=ImageSettings(epochs=2)), Stage(freeze="early", settings=ImageSettings(epochs=3))]
    tuned = fine_tune(tiny_network(), stages, device="cpu")
    first, second = (fit.model.state_dict() for fit in tuned.fits)
    assert torch.equal(first["early.0.weight"], second["early.0.weight"])
    assert torch.equal(first["early.1.running_var"], second["early.1.running_var"])
    assert not torch.equal(first["late.0.weight"], second["late.0.weight"])
    assert tuned.history["stage"].tolist() == [1, 1, 2, 2, 2] and tuned.model is tuned.fits[1].model


@pytest.mark.parametrize(
    ("stages", "sentence"),
    [
        ([], "at least one stage"),
        ([Stage()], "first one needs images"),
        ([Stage(bright_patches(6))], "stage 1 is marked train"),
        (
            [Stage(bright_patches(6, parts=(4, 2, 0))), Stage(bright_patches(6, classes=3))],
            "stage 2 have other classes",
        ),
        ([Stage(bright_patches(6, parts=(4, 2, 0))), Stage(freeze="nowhere")], "no layer 'nowhere'"),
    ],
)
def test_stages_that_cannot_run_are_refused_before_the_first(stages, sentence):
    with pytest.raises(InputError, match=sentence):
        fine_tune(tiny_network(), stages, device="cpu")
