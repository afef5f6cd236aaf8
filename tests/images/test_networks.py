import pytest
import torch
from torch import nn

from seqinterp.errors import InputError, ModelError, ShapeError
from seqinterp.images.networks import (
    SmallCnn,
    channels_wanted,
    densenet121,
    require_fit,
    small_cnn,
    torchvision_network,
)
from seqinterp.images.normalised import IMAGENET, Normalised, pixel_statistics


def parameters(network):
    return sum(parameter.numel() for parameter in network.parameters())


@pytest.mark.parametrize(
    ("channels", "size", "classes", "count"),
    [(1, 28, 2, 23538), (3, 28, 5, 24021), (1, 64, 2, 60530), (1, 128, 2, 97522)],
)
def test_the_small_network_is_small_and_gives_one_logit_per_class(channels, size, classes, count):
    network = small_cnn(channels, size, classes)
    assert parameters(network) == count
    assert network(torch.rand(2, channels, size, size)).shape == (2, classes)


@pytest.mark.parametrize(("size", "last"), [(5, 5), (11, 11), (12, 6), (28, 7), (96, 6), (128, 8), (224, 7)])
def test_the_small_network_halves_images_to_a_map_of_6_to_11(size, last):
    assert small_cnn(1, size, 2).features(torch.rand(1, 1, size, size)).shape[2:] == (last, last)


def test_images_need_not_be_square():
    assert small_cnn(1, (24, 50), 3)(torch.rand(2, 1, 24, 50)).shape == (2, 3)


def test_the_small_network_can_be_built_again_from_its_settings():
    network = small_cnn(3, 28, 4, filters=8, dropout=0.5)
    again = SmallCnn(network.settings)
    again.load_state_dict(network.state_dict())
    inputs = torch.rand(2, 3, 28, 28)
    assert torch.equal(network.eval()(inputs), again.eval()(inputs))


@pytest.mark.parametrize("wrong", [{"channels": 0}, {"classes": 1}, {"size": 0}, {"dropout": 1.0}, {"filters": 0}])
def test_settings_that_make_no_network_are_refused(wrong):
    with pytest.raises(InputError, match="small network"):
        small_cnn(**{"channels": 1, "size": 28, "classes": 2, **wrong})


def test_normalisation_is_inside():
    inner = nn.Sequential(nn.Flatten(), nn.Linear(3 * 16, 2))
    inputs = torch.rand(4, 3, 4, 4)
    mean, deviation = (torch.tensor(values).reshape(1, 3, 1, 1) for values in IMAGENET)
    torch.testing.assert_close(Normalised(inner, *IMAGENET)(inputs), inner((inputs - mean) / deviation))


def test_grey_images_go_three_times_into_a_network_of_colours():
    inner = nn.Sequential(nn.Flatten(), nn.Linear(3 * 16, 2))
    grey = torch.rand(4, 1, 4, 4)
    model = Normalised(inner, *IMAGENET)
    torch.testing.assert_close(model(grey), model(grey.repeat(1, 3, 1, 1)))


@pytest.mark.parametrize("shape", [(2, 2, 4, 4), (2, 4, 4)])
def test_images_of_other_channels_are_refused(shape):
    with pytest.raises(ShapeError, match="3 channel"):
        Normalised(nn.Identity(), *IMAGENET)(torch.rand(shape))


@pytest.mark.parametrize(("mean", "std"), [((0.5,), (0.1, 0.1)), ((), ()), ((0.5,), (0.0,))])
def test_a_normalisation_that_is_none_is_refused(mean, std):
    with pytest.raises(InputError, match="one mean and one positive"):
        Normalised(nn.Identity(), mean, std)


def test_pixel_statistics_are_those_of_each_channel():
    inputs = torch.rand(5, 3, 6, 7)
    inputs[:, 2] = 0.25
    mean, deviation = pixel_statistics(inputs)
    assert mean[0] == pytest.approx(float(inputs[:, 0].mean())) and mean[2] == pytest.approx(0.25)
    assert deviation[1] == pytest.approx(float(inputs[:, 1].std(correction=0)))
    assert deviation[2] == 1  # a flat channel is left as it is


def test_the_first_convolution_says_how_many_channels_are_wanted():
    assert channels_wanted(small_cnn(3, 28, 2)) == 3
    assert channels_wanted(nn.Linear(2, 2)) is None


@pytest.mark.parametrize(
    ("network", "sentence"),
    [
        (small_cnn(3, 28, 2), "cannot take images"),
        (small_cnn(1, 28, 5), r"one logit per class, \(2, 3\)"),
        (nn.Sequential(nn.Flatten(), nn.Linear(28 * 28, 3), nn.Unflatten(1, (3, 1))), "gave"),
        (nn.LSTM(28, 3), "cannot take images"),
    ],
)
def test_a_network_that_does_not_fit_is_refused_before_training(network, sentence):
    network.train()
    with pytest.raises(ModelError, match=sentence):
        require_fit(network, torch.rand(2, 1, 28, 28), 3)
    assert network.training


@pytest.mark.torchvision
def test_densenet_has_as_many_parameters_as_is_known(torchvision):
    assert parameters(densenet121(2)) == 6_955_906
    assert parameters(densenet121(1000)) == parameters(torchvision.models.densenet121(weights=None))


@pytest.mark.torchvision
@pytest.mark.parametrize("name", ["resnet18", "squeezenet1_1", "mobilenet_v3_small", "googlenet"])
def test_any_classifier_gets_a_head_of_its_own(name, torchvision):
    network = Normalised(torchvision_network(name, 3), *IMAGENET).train()
    assert network(torch.rand(2, 1, 64, 64)).shape == (2, 3)


@pytest.mark.torchvision
@pytest.mark.parametrize(
    ("name", "classes", "sentence"),
    [
        ("densnet121", 2, "densenet121"),
        ("fasterrcnn_resnet50_fpn", 2, "no network named"),
        ("resnet18", 1, "two classes"),
    ],
)
def test_networks_that_are_no_classifiers_are_refused(name, classes, sentence, torchvision):
    with pytest.raises(InputError, match=sentence):
        torchvision_network(name, classes)
