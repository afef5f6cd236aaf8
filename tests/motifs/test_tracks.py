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


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e16, 1e39])
@pytest.mark.parametrize("shape", [(3, 4, 10), (3, 10)])
def test_attributions_that_are_no_numbers_are_refused(shape, bad):
    values = np.zeros(shape)
    values[1, ..., 4] = bad
    with pytest.raises(InputError, match="the attributions of example 1 hold NaN, infinity or numbers beyond 1e15"):
        as_tracks(INPUTS, values)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -0.1, 1.01])
def test_inputs_that_are_no_shares_of_bases_are_refused(bad):
    inputs = INPUTS.copy()
    inputs[2, 1, 3] = bad
    with pytest.raises(InputError, match="inputs must lie between 0 and 1, the share of each base"):
        as_tracks(inputs, HYPOTHETICAL)


def test_inputs_and_attributions_that_were_swapped_are_refused():
    with pytest.raises(InputError, match="were inputs and attributions swapped"):
        as_tracks(HYPOTHETICAL, INPUTS)


@pytest.mark.parametrize(("rest", "actual"), [(1e-8, True), (1e-4, False)])
def test_what_rounding_leaves_where_no_base_is_does_not_count(rest, actual):
    values = INPUTS * np.sign(HYPOTHETICAL) + (1 - INPUTS) * np.float32(rest)
    tracks = as_tracks(INPUTS, values)
    assert (tracks.hypothetical is None) == actual
    np.testing.assert_array_equal(tracks.contributions, INPUTS * np.sign(HYPOTHETICAL))


def test_attributions_of_nothing_are_contributions():
    assert as_tracks(INPUTS, np.zeros_like(INPUTS)).hypothetical is None


def test_bases_that_are_there_in_part_contribute_in_part():
    soft = INPUTS * 0.7 + np.roll(INPUTS, 1, axis=1) * 0.3
    tracks = as_tracks(soft, HYPOTHETICAL)
    np.testing.assert_allclose(tracks.contributions, soft * HYPOTHETICAL, rtol=1e-6)
    totals = (soft * HYPOTHETICAL).sum(axis=1)
    np.testing.assert_allclose(as_tracks(soft, totals).total, totals, rtol=1e-5, atol=1e-6)


def test_some_of_every_base_everywhere_does_not_tell_the_kind():
    soft = np.full((2, 4, 10), 0.25, np.float32)
    with pytest.raises(InputError, match="every position of the inputs holds some of every base"):
        as_tracks(soft, HYPOTHETICAL[:2])
    np.testing.assert_allclose(as_tracks(soft, np.ones((2, 10))).total, 1)
