"""The map of edits: colours are the effects, dots are the bases that are there."""

import numpy as np
import pytest

from seqinterp.errors import ShapeError
from seqinterp.plot.heatmap import mutagenesis_figure


def example(length: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, str]:
    rng = np.random.default_rng(seed)
    sequence = "".join(rng.choice(list("ACGT"), length))
    present = np.array([[float(letter == base) for letter in sequence] for base in "ACGT"])
    return rng.normal(size=(4, length)) * (1 - present), rng.normal(size=(4, length)) * present, sequence


def maps(figure) -> list:
    return [axes for axes in figure.axes if axes.get_ylabel() == "edit to"]


def logos(figure) -> list:
    return [axes for axes in figure.axes if axes.get_ylabel() == "contribution"]


@pytest.mark.parametrize(("length", "rows"), [(101, 1), (200, 1), (201, 2), (500, 3)])
def test_the_colours_are_the_effects(length, rows):
    effects, contributions, sequence = example(length)
    figure = mutagenesis_figure(effects, contributions, sequence)
    images = [axes.images[0] for axes in maps(figure)]
    assert len(images) == rows
    np.testing.assert_array_equal(np.concatenate([image.get_array() for image in images], axis=1), effects)
    limit = np.abs(effects).max()
    assert {image.get_clim() for image in images} == {(-limit, limit)}
    assert images[0].cmap(0.5)[:3] == pytest.approx((0.97, 0.97, 0.97), abs=0.01)
    assert sum(len(axes.collections[0].get_paths()) for axes in logos(figure)) == np.count_nonzero(contributions)


def test_rows_are_bases_and_columns_are_absolute_positions():
    effects, contributions, sequence = example(30)
    figure = mutagenesis_figure(effects, contributions, sequence, start=500)
    (cells,) = maps(figure)
    assert [label.get_text() for label in cells.get_yticklabels()] == ["A", "C", "G", "T"]
    assert cells.get_ylim() == (3.5, -0.5)  # A on top
    assert cells.get_xlim() == logos(figure)[0].get_xlim() == (499.5, 529.5)
    assert tuple(cells.images[0].get_extent()) == (499.5, 529.5, 3.5, -0.5)
    assert all(tick == int(tick) for tick in cells.get_xticks())


def test_a_dot_marks_each_base_that_is_there_and_none_an_n():
    effects, contributions, _ = example(4)
    (cells,) = maps(mutagenesis_figure(effects, contributions, "gNTA"))
    assert cells.collections[0].get_offsets().tolist() == [[0, 2], [2, 3], [3, 0]]


def test_all_rows_of_a_long_sequence_share_one_height():
    effects, contributions, sequence = example(500)
    contributions[:, 300] *= 20
    figure = mutagenesis_figure(effects, contributions, sequence)
    assert len({axes.get_ylim() for axes in logos(figure)}) == 1
    assert len({np.diff(axes.get_xlim())[0] for axes in maps(figure)}) == 1


def test_no_effect_at_all_is_drawn_white():
    (cells,) = maps(mutagenesis_figure(np.zeros((4, 3)), np.zeros((4, 3)), "ACG"))
    assert cells.images[0].get_clim() == (-1, 1)


def test_a_sequence_of_another_length_is_refused():
    effects, contributions, sequence = example(10)
    with pytest.raises(ShapeError, match="11 bases needs effects of shape \\(4, 11\\)"):
        mutagenesis_figure(effects, contributions, sequence + "A")
