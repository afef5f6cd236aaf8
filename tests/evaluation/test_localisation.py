"""Does a map fall in a mask? By hand, against chance, and on images and DNA alike."""

import numpy as np
import pytest
import torch

from naive.trust_truth import top_share as naive_top_share
from seqinterp.attribution.protocol import Score
from seqinterp.attribution.targets import output
from seqinterp.errors import InputError, ShapeError
from seqinterp.evaluation.localisation import chance_level, mass_in_mask, pointing_game, top_in_mask, widened
from seqinterp.evaluation.similarity import top_shares

SCORE = Score(torch.nn.Identity(), output(0))
METRICS = (pointing_game, mass_in_mask, top_in_mask)


def call(metric, maps, mask, **options):
    return metric(SCORE, maps, maps, mask=mask, **options)


def line(*values):
    return torch.tensor([values], dtype=torch.float64).unsqueeze(1)


MASK = torch.tensor([[False, False, True, True, False, False]])


@pytest.mark.parametrize(
    ("metric", "map_", "options", "expected"),
    [
        (pointing_game, line(0, 1, 3, 0, 0, 2), {}, 1),
        (pointing_game, line(0, 4, 3, 0, 0, 2), {}, 0),
        (pointing_game, line(0, 4, 3, 0, 0, 2), {"tolerance": 1}, 1),
        (pointing_game, line(0, 4, 4, 4, 0, 2), {}, 2 / 3),
        (pointing_game, line(0, 0, -3, 0, 0, 2), {}, 1),
        (pointing_game, line(0, 0, -3, 0, 0, 2), {"magnitude": False}, 0),
        (mass_in_mask, line(1, 1, 3, -1, 0, 2), {}, 4 / 8),
        (mass_in_mask, line(1, 1, 3, -1, 0, 2), {"magnitude": False}, 3 / 7),
        (mass_in_mask, line(0, 0, 0, 0, 0, 0), {}, 0),
        (top_in_mask, line(5, 1, 3, 0, 0, 2), {}, 1 / 2),
        (top_in_mask, line(5, 1, 3, 0, 0, 2), {"top": 1}, 0),
        (top_in_mask, line(5, 1, 3, 0, 0, 2), {"top": 6}, 1 / 3),
        (top_in_mask, line(5, 3, 3, 3, 0, 2), {}, 1 / 3),
    ],
)
def test_by_hand(metric, map_, options, expected):
    assert float(call(metric, map_, MASK, **options)) == pytest.approx(expected)


@pytest.mark.parametrize("shape", [(300, 4, 40), (300, 3, 6, 7)])
@pytest.mark.parametrize("metric", METRICS)
def test_random_maps_get_the_level_of_chance_and_the_mask_itself_is_perfect(metric, shape):
    generator = torch.Generator().manual_seed(0)
    maps = torch.randn(shape, generator=generator)
    mask = torch.rand(shape[0], *shape[2:], generator=generator) < 0.3
    chance = chance_level(mask)
    assert float((call(metric, maps, mask) - chance).mean()) == pytest.approx(0, abs=0.08)
    # a perfect map is the same in every channel
    perfect = mask.unsqueeze(1).expand(shape).double()
    torch.testing.assert_close(call(metric, perfect, mask), torch.ones(len(maps), dtype=torch.float64))
    torch.testing.assert_close(chance, mask.flatten(1).double().mean(1))


def test_a_mask_is_widened_in_straight_lines():
    mask = torch.zeros(2, 7, 7, dtype=torch.bool)
    mask[0, 3, 3] = True
    rows, columns = np.mgrid[:7, :7]
    for tolerance in (0, 1, 1.5, 2.9):
        expected = np.hypot(rows - 3, columns - 3) <= tolerance
        assert np.array_equal(widened(mask, tolerance)[0], expected)
        assert not widened(mask, tolerance)[1].any()
        assert float(chance_level(mask, tolerance=tolerance)[0]) == pytest.approx(expected.mean())


@pytest.mark.parametrize("values", [[3.0, 1, 2, 2, 2, 0], [0.0] * 5, [1.0, 1, 0, 0, 0]])
@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_ties_share_the_top_as_the_mean_over_their_orders(values, count):
    found = top_shares(torch.tensor([values]), torch.tensor([count]))
    np.testing.assert_allclose(found[0], naive_top_share(values, count))


@pytest.mark.parametrize("metric", METRICS)
def test_an_empty_mask_gives_no_number_and_examples_are_alone(metric):
    maps = torch.randn(3, 4, 6, generator=torch.Generator().manual_seed(1))
    mask = torch.cat([MASK, ~MASK, torch.zeros_like(MASK)])
    found = call(metric, maps, mask)
    assert torch.isnan(found).tolist() == [False, False, True]
    torch.testing.assert_close(call(metric, maps[1:2], mask[1:2]), found[1:2])


@pytest.mark.parametrize("metric", METRICS)
def test_the_mask_must_fit(metric):
    with pytest.raises(ShapeError, match="mask must have shape"):
        call(metric, line(1, 2, 3), MASK)


def test_settings_out_of_range_are_refused():
    with pytest.raises(InputError, match="tolerance must be"):
        call(pointing_game, line(0, 0, 0, 0, 0, 1), MASK, tolerance=-1)
    with pytest.raises(InputError, match="top must be from 1 to the 6"):
        call(top_in_mask, line(0, 0, 0, 0, 0, 1), MASK, top=7)
