"""Occlusion: captum's numbers, brute force, and every feature covered."""

import pytest
import torch

from cases import CASES
from naive import perturbation as naive
from seqinterp.attribution.occlusion import occlusion
from seqinterp.attribution.protocol import Score
from seqinterp.attribution.targets import output
from seqinterp.errors import InputError

captum_import = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def draws_of_noise(inputs):
    """Three references that follow from the example."""
    return torch.stack([(inputs * factor).cos() for factor in (1.0, 2.0, 3.0)], dim=1)


def case(name):
    return next(entry for entry in CASES if entry.name == name)


WINDOWS = [
    ("convolution", {}),
    ("convolution", {"window": 3}),
    ("convolution", {"window": 3, "stride": 2}),
    ("convolution", {"window": (7,), "stride": (5,)}),
    ("convolution", {"window": (2, 6), "stride": (2, 4)}),
    ("convolution", {"window": (3, 6), "stride": 4}),
    ("convolution", {"window": 20}),
    ("convolution", {"window": 4, "stride": 3, "baseline": draws_of_noise}),
    ("recurrent", {"window": 5, "stride": 5}),
    ("image", {"window": 3, "stride": 2}),
    ("image", {"window": (4, 2), "stride": (3, 1), "baseline": draws_of_noise}),
    ("image", {"window": (1, 5, 5), "stride": (1, 4, 4)}),
    ("image", {"window": (2, 8, 3), "stride": 3}),
]


@pytest.mark.parametrize(("name", "options"), WINDOWS)
def test_equals_brute_force(name, options):
    model, inputs = case(name).model().eval(), case(name).inputs(2)
    found = occlusion(Score(model, output(1)), inputs, **options)
    torch.testing.assert_close(found, naive.occlusion(model, inputs, 1, **options), rtol=1e-10, atol=1e-12)


def test_a_large_window_on_an_image_equals_brute_force():
    model = torch.nn.Sequential(
        torch.nn.Conv2d(3, 2, 5), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.Linear(2 * 34 * 41, 1)
    ).double()
    inputs = torch.rand(1, 3, 38, 45, dtype=torch.float64)
    found = occlusion(Score(model, output(0)), inputs, window=15, stride=8)
    oracle = naive.occlusion(model, inputs, window=15, stride=8)
    torch.testing.assert_close(found, oracle, rtol=1e-10, atol=1e-12)
    # 0, 8, 16, 24 (to the end, 38) and 0, 8, 16, 24, 32 (to the end, 45): the last corner lies under one window
    assert naive.starts_of_windows(38, 15, 8) == [0, 8, 16, 24]
    assert found[0, :, 37, 44].unique().numel() == 1


@captum_import
@pytest.mark.parametrize(
    ("name", "ours", "shapes", "strides"),
    [
        ("convolution", {"window": 3}, (4, 3), None),
        ("convolution", {"window": 6, "stride": 4}, (4, 6), (4, 4)),
        ("convolution", {"window": (1, 2)}, (1, 2), None),
        ("recurrent", {"window": 1}, (4, 1), None),
        ("image", {"window": 3, "stride": 2}, (3, 3, 3), (3, 2, 2)),
        ("image", {"window": (2, 3, 3), "stride": (1, 3, 2)}, (2, 3, 3), (1, 3, 2)),
    ],
)
def test_equals_captum(name, ours, shapes, strides):
    from captum.attr import Occlusion

    model, inputs = case(name).model().eval(), case(name).inputs(2)
    theirs = Occlusion(model).attribute(inputs, sliding_window_shapes=shapes, strides=strides, target=1)
    found = occlusion(Score(model, output(1)), inputs, **ours)
    torch.testing.assert_close(found, theirs.double(), rtol=1e-6, atol=1e-7)


@captum_import
def test_the_numbers_of_captums_own_test():
    from captum.testing.helpers.basic_models import BasicModel_MultiLayer

    found = occlusion(Score(BasicModel_MultiLayer(), output(0)), torch.tensor([[20.0, 50.0, 30.0]]))
    assert found.tolist() == [[80, 200, 120]]


def test_a_linear_model_gives_each_feature_what_it_adds():
    model = torch.nn.Linear(6, 1).double()
    inputs = torch.rand(3, 6, dtype=torch.float64)
    half = lambda inputs: torch.full_like(inputs, 0.5).unsqueeze(1)  # noqa: E731
    found = occlusion(Score(model, output(0)), inputs, baseline=half)
    torch.testing.assert_close(found, model.weight.detach() * (inputs - 0.5))


def test_the_last_partial_window_covers_the_end():
    """One window of 4 at 0, one at 3 that is cut to 2: the last feature is explained by the second alone."""
    model = torch.nn.Linear(5, 1).double()
    inputs = torch.ones(1, 5, dtype=torch.float64)
    weight = model.weight.detach()[0]
    found = occlusion(Score(model, output(0)), inputs, window=4, stride=3)[0]
    first, last = weight[:4].sum(), weight[3:].sum()
    expected = torch.stack((first, first, first, (first + last) / 2, last))
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"window": 21}, "window must be 1 to 20 on an axis of 20 features, not 21"),
        ({"window": 0}, "window must be 1 to 20"),
        ({"window": (5, 4)}, "window must be 1 to 4 on an axis of 4 features, not 5"),
        ({"window": (1, 2, 3)}, "one per spatial axis .1. or per feature axis .2., not 3 numbers"),
        ({"window": 3, "stride": 4}, "stride must be 1 to 3, the size of the window.*got 4"),
        ({"stride": 0}, "stride must be 1 to 1"),
        ({"stride": ()}, "stride must be a number"),
    ],
)
def test_windows_that_cannot_be_used(options, says):
    def never(outputs):
        raise AssertionError("the model was called")

    with pytest.raises(InputError, match=says):
        occlusion(Score(torch.nn.Flatten(), never), torch.zeros(1, 4, 20), **options)
