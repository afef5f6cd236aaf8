"""Sequences and attributions of every shape become the same contributions, or are refused."""

import numpy as np
import pytest

from seqinterp.errors import InputError, ShapeError
from seqinterp.motifs.tracks import as_tracks
from seqinterp.sequence.onehot import one_hot

INPUTS = one_hot(["ACGTACGTNA", "GGGTTTAACC", "TTTTTTTTTT"]).numpy()
HYPOTHETICAL = np.random.default_rng(0).normal(size=INPUTS.shape).astype(np.float32)


def test_hypothetical_contributions_count_where_a_base_is():
    tracks = as_tracks(INPUTS, HYPOTHETICAL)
    np.testing.assert_array_equal(tracks.hypothetical, HYPOTHETICAL)
    np.testing.assert_array_equal(tracks.contributions, INPUTS * HYPOTHETICAL)
    for example, sequence in enumerate(["ACGTACGTNA", "GGGTTTAACC", "TTTTTTTTTT"]):
        for position, base in enumerate(sequence):
            held = 0.0 if base == "N" else HYPOTHETICAL[example, "ACGT".index(base), position]
            assert tracks.total[example, position] == pytest.approx(held)
    assert (len(tracks), tracks.length) == (3, 10)


def test_contributions_are_known_by_their_zeros():
    tracks = as_tracks(INPUTS, INPUTS * HYPOTHETICAL)
    assert tracks.hypothetical is None
    np.testing.assert_array_equal(tracks.contributions, INPUTS * HYPOTHETICAL)


def test_contributions_of_positions_belong_to_the_bases_that_are_there():
    totals = (INPUTS * HYPOTHETICAL).sum(axis=1)
    tracks = as_tracks(INPUTS, totals)
    assert tracks.hypothetical is None
    np.testing.assert_array_equal(tracks.contributions, INPUTS * HYPOTHETICAL)
    np.testing.assert_array_equal(tracks.total, totals)


@pytest.mark.parametrize("kind", [np.float64, np.float16, np.int8, bool])
def test_any_kind_of_number_is_taken_and_left_as_it_is(kind):
    inputs, values = INPUTS.astype(kind), HYPOTHETICAL.astype(np.float64)
    held = inputs.copy(), values.copy()
    tracks = as_tracks(inputs, values)
    assert {tracks.inputs.dtype, tracks.contributions.dtype, tracks.total.dtype} == {np.dtype(np.float32)}
    np.testing.assert_array_equal(tracks.contributions, INPUTS * HYPOTHETICAL)
    np.testing.assert_array_equal(inputs, held[0])
    np.testing.assert_array_equal(values, held[1])


@pytest.mark.parametrize("shape", [(4, 10), (3, 10, 4), (3, 5, 10), (0, 4, 10), (3, 4, 0), (3, 4, 10, 1)])
def test_inputs_of_another_shape_are_refused(shape):
    with pytest.raises(ShapeError, match=r"the inputs must be one-hot DNA \(batch, 4, position\), not"):
        as_tracks(np.zeros(shape, np.float32), np.zeros(shape, np.float32))


@pytest.mark.parametrize("shape", [(3, 4, 9), (2, 4, 10), (3, 9), (2, 10), (3, 10, 4), (10,), (3, 1, 10)])
def test_attributions_of_another_shape_are_refused(shape):
    with pytest.raises(ShapeError, match=r"must be \(3, 4, 10\) as the inputs are, or \(3, 10\), but they are"):
        as_tracks(INPUTS, np.zeros(shape, np.float32))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("shape", [(3, 4, 10), (3, 10)])
def test_attributions_that_are_no_numbers_are_refused(shape, bad):
    values = np.zeros(shape, np.float32)
    values[1, ..., 4] = bad
    with pytest.raises(InputError, match="the attributions of example 1 hold NaN or infinity"):
        as_tracks(INPUTS, values)
