"""Overlays: the colours are the numbers, the signs asked for are shown, and a flat map is no trouble."""

import numpy as np
import pytest
import torch

import seqinterp as si
from cases import CASES
from seqinterp.errors import InputError, ShapeError
from seqinterp.plot.overlay import FOR_AND_AGAINST, largest_shown, overlay, signed_map

NUMBERS = np.random.default_rng(0)
IMAGE = NUMBERS.random((3, 6, 9))
VALUES = NUMBERS.normal(size=(3, 6, 9))


def pixels(figure):
    return np.asarray(figure.axes[0].images[0].get_array())


def test_channels_are_summed_and_maps_are_taken_as_they_are():
    np.testing.assert_allclose(signed_map(IMAGE, VALUES, "all"), VALUES.sum(axis=0))
    np.testing.assert_array_equal(signed_map(IMAGE, VALUES[0], "all"), VALUES[0])


@pytest.mark.parametrize(
    ("sign", "kept"),
    [
        ("all", lambda values: values),
        ("positive", lambda values: np.maximum(values, 0)),
        ("negative", lambda values: np.minimum(values, 0)),
        ("absolute", np.abs),
    ],
)
def test_signs(sign, kept):
    np.testing.assert_array_equal(signed_map(IMAGE, VALUES[1], sign), kept(VALUES[1]))
    figure = overlay(IMAGE, VALUES[1], sign=sign)
    labels = [text.get_text() for text in figure.axes[1].get_yticklabels()]
    assert labels[0].startswith("-") == (sign in ("all", "negative"))
    assert labels[-1] == "0" if sign == "negative" else not labels[-1].startswith("-")


def test_the_pixels_are_the_colour_of_the_number_over_a_pale_picture():
    values = np.zeros((6, 9))
    values[0, 0], values[0, 1], values[0, 2] = 2.0, -2.0, 1.0
    grey = 0.35 + 0.65 * (IMAGE - IMAGE.min()).mean(axis=0) / (IMAGE.max() - IMAGE.min())
    found = pixels(overlay(IMAGE, values, clip=100, opacity=1.0))
    np.testing.assert_allclose(found[0, 0], FOR_AND_AGAINST(1.0)[:3])
    np.testing.assert_allclose(found[0, 1], FOR_AND_AGAINST(0.0)[:3])
    np.testing.assert_allclose(found[0, 2], 0.5 * grey[0, 2] + 0.5 * np.array(FOR_AND_AGAINST(0.75)[:3]), atol=1e-12)
    np.testing.assert_allclose(found[3, 3], grey[3, 3])
    np.testing.assert_allclose(pixels(overlay(IMAGE, values, opacity=0.0)), np.repeat(grey[..., None], 3, axis=2))


def test_one_enormous_number_does_not_drown_the_others():
    values = np.ones((20, 20))
    values[3, 4] = 1000.0
    assert largest_shown(values, 99.0) == 1
    assert largest_shown(values, 100) == 1000
    sparse = np.zeros((20, 20))
    sparse[3, 4] = 7.0  # zeros do not count, or nothing would be seen
    assert largest_shown(sparse, 50.0) == 7


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("sign", ["all", "positive", "negative", "absolute"])
def test_a_flat_map_shows_the_picture(sign):
    found = pixels(overlay(IMAGE, np.zeros((3, 6, 9)), sign=sign))
    assert np.isfinite(found).all()
    assert (found == found[..., :1]).all()  # greys only


@pytest.mark.parametrize(
    ("attribution", "options", "kind", "message"),
    [
        (VALUES[:2], {}, ShapeError, "of its shape or a map"),
        (VALUES[0, 0], {}, ShapeError, "of its shape or a map"),
        (VALUES * np.nan, {}, InputError, "finite numbers"),
        (VALUES, {"sign": "both"}, InputError, "one of all, positive, negative, absolute, not 'both'"),
        (VALUES, {"clip": 0}, InputError, "percentile above 0"),
        (VALUES, {"opacity": 1.5}, InputError, "from 0 .the picture alone. to 1"),
        (VALUES, {"palette": "rainbowish"}, InputError, "matplotlib colour map"),
    ],
)
def test_refusals(attribution, options, kind, message):
    with pytest.raises(kind, match=message):
        overlay(IMAGE, attribution, **options)


def test_the_result_of_attribute_draws_itself():
    (case,) = [case for case in CASES if case.name == "image"]
    found = si.attribute(case.model(), case.inputs(2), target=1, device="cpu")
    figure = found.plot(1, sign="positive", palette="viridis")
    assert figure.axes[0].get_title(loc="left") == f"gradient_times_input, target 1, score {found.score[1]:.3g}"
    assert pixels(figure).shape == (*case.shape[1:], 3)
    assert pixels(found.plot(0)).tolist() == pixels(overlay(found.inputs[0].numpy(), found.values[0].numpy())).tolist()
    flat = torch.zeros_like(found.values)
    assert np.isfinite(pixels(type(found)(**{**vars(found), "values": flat}).plot())).all()
