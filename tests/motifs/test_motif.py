import numpy as np
import pytest
from Bio import motifs as bio_motifs
from hypothesis import given, strategies as st

from seqinterp.errors import InputError, ShapeError
from seqinterp.motifs.motif import Match, Motif
from seqinterp.sequence.strand import reverse_complement

COUNTS = np.array([[8.0, 0, 2, 5], [0, 10, 2, 0], [2, 0, 2, 0], [0, 0, 4, 5]])
counts = st.lists(st.lists(st.integers(0, 30), min_size=4, max_size=4).filter(any), min_size=1, max_size=12)


def biopython(pfm):
    return bio_motifs.Motif(alphabet="ACGT", counts=dict(zip("ACGT", pfm.tolist(), strict=True)))


def test_numbers_by_hand():
    motif = Motif("m", COUNTS, pseudocount=0.8)
    assert (motif.width, len(motif), motif.nsites) == (4, 4, 10.0)
    np.testing.assert_allclose(motif.frequencies[:, 0], [0.8, 0, 0.2, 0])
    np.testing.assert_allclose(motif.pwm[:, 0], [8.2 / 10.8, 0.2 / 10.8, 2.2 / 10.8, 0.2 / 10.8])
    np.testing.assert_allclose(motif.pssm[1, 0], np.log2(0.2 / 10.8 / 0.25))
    heights = motif.information
    bits = 2 + 0.8 * np.log2(0.8) + 0.2 * np.log2(0.2)
    np.testing.assert_allclose(heights[:, 0], [0.8 * bits, 0, 0.2 * bits, 0])
    np.testing.assert_allclose(heights.sum(0)[[1, 3]], [2, 1])
    assert motif.information_content == pytest.approx(heights.sum())


@given(counts, st.sampled_from([0.1, 0.8, 4.0]))
def test_agrees_with_biopython(columns, pseudocount):
    pfm = np.array(columns, dtype=np.float64).T
    background = (0.3, 0.2, 0.2, 0.3)
    motif, other = Motif("m", pfm, background, pseudocount), biopython(pfm)
    shares = {base: pseudocount * p for base, p in zip("ACGT", background, strict=True)}
    pwm = other.counts.normalize(pseudocounts=shares)
    np.testing.assert_allclose(motif.pwm, [pwm[base] for base in "ACGT"])
    pssm = pwm.log_odds(dict(zip("ACGT", background, strict=True)))
    np.testing.assert_allclose(motif.pssm, [pssm[base] for base in "ACGT"], atol=1e-9)
    assert motif.consensus == str(other.degenerate_consensus)


def test_information_is_relative_to_the_background():
    motif = Motif("m", np.array([[1.0], [0], [0], [0]]), (0.4, 0.1, 0.1, 0.4))
    assert motif.information_content == pytest.approx(np.log2(1 / 0.4))
    same = Motif("m", np.array([[4.0], [1], [1], [4]]), (0.4, 0.1, 0.1, 0.4))
    assert same.information_content == pytest.approx(0, abs=1e-12)


@given(counts)
def test_the_other_strand(columns):
    motif = Motif(
        "m", np.array(columns, dtype=np.float64).T, (0.3, 0.25, 0.25, 0.2), match=Match("x", "", 0.1, 0.1, 0, False)
    )
    turned = motif.reverse_complement()
    assert turned.consensus == reverse_complement(motif.consensus)
    assert turned.information_content == pytest.approx(motif.information_content)
    assert turned.match is None and turned.background == (0.2, 0.25, 0.25, 0.3)
    np.testing.assert_array_equal(turned.reverse_complement().pfm, motif.pfm)


def test_trim_cuts_the_ends_only():
    flat, sharp = [5.0, 5, 5, 5], [20.0, 0, 0, 0]
    weights = np.arange(24.0).reshape(4, 6)
    motif = Motif("m", np.array([flat, sharp, flat, sharp, flat, flat]).T, weights=weights, hits=20)
    trimmed = motif.trim(0.5)
    assert trimmed.consensus == "ANA" and trimmed.hits == 20
    np.testing.assert_array_equal(trimmed.weights, weights[:, 1:4])
    assert motif.trim(0.0).width == 6
    assert Motif("flat", np.array([flat, flat]).T).trim(1.0).width == 2
    assert Motif("m", np.array([flat, [6.0, 4, 5, 5], flat]).T).trim(1.0).width == 1


def test_empty_columns_say_nothing():
    motif = Motif("dead", np.zeros((4, 3)), (0.4, 0.1, 0.1, 0.4), pseudocount=0.0)
    np.testing.assert_allclose(motif.pwm, np.tile([[0.4], [0.1], [0.1], [0.4]], 3))
    assert motif.information_content == pytest.approx(0) and motif.nsites == 0
    assert Motif("dead", np.zeros((4, 3))).consensus == "NNN"


def test_counts_are_kept_apart_from_the_array_that_was_given():
    given_counts = COUNTS.copy()
    motif = Motif("m", given_counts)
    given_counts[:] = 0
    assert motif.pfm.sum() == 40
    with pytest.raises(ValueError, match="read-only"):
        motif.pfm[0, 0] = 1


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"name": ""}, InputError, "needs a name"),
        ({"pfm": np.full((4, 2), -1.0)}, InputError, "0 or more"),
        ({"pfm": np.full((4, 2), np.nan)}, InputError, "finite"),
        ({"pfm": np.zeros((4, 0))}, ShapeError, r"\(4, 0\)"),
        ({"background": (0.5, 0.5, 0.5, 0.5)}, InputError, "sum to 1"),
        ({"background": (1.0, 0.0, 0.0, 0.0)}, InputError, "positive"),
        ({"pseudocount": -1.0}, InputError, "pseudocount of motif m"),
    ],
)
def test_what_is_no_motif_is_refused(options, error, message):
    with pytest.raises(error, match=message):
        Motif(**{"name": "m", "pfm": COUNTS, **options})
