"""Repeats are called so, and motifs are not."""

import numpy as np
import pytest

from planted import sharp
from seqinterp.io.bundled import bundled
from seqinterp.io.motif_files import read_motifs
from seqinterp.motifs.low_complexity import COLUMNS, repeat_note
from seqinterp.motifs.motif import Motif

REPEATS = {
    "A": "A" * 12,
    "T": "T" * 8,
    "CA": "CA" * 6,
    "AT": "AT" * 8,
    "TG": "TG" * 15,
    "CAG": "CAG" * 5,
    "GGAA": "GGAA" * 5,
}


def motif(consensus, share=0.91, sites=50):
    return Motif("motif", sites * sharp(consensus, share))


@pytest.mark.parametrize("share", [0.7, 0.9, 0.99])
@pytest.mark.parametrize("unit", REPEATS)
def test_repeats_are_named_by_what_they_repeat(unit, share):
    assert repeat_note(motif(REPEATS[unit], share)) == f"low complexity: repeats {unit}"


@pytest.mark.parametrize("unit", REPEATS)
def test_the_other_strand_of_a_repeat_is_one(unit):
    assert repeat_note(motif(REPEATS[unit]).reverse_complement()).startswith("low complexity: repeats ")


@pytest.mark.parametrize(
    "consensus",
    [
        "GTAAACAGATTC",
        "CCGGAAGTGACA",
        "ATGACGTCAT",
        "TTCAGCACCATGGACAGCGCC",
        "AGGTCAAGGTCA",
        "GGGGCGGGGC",
        "CCACCAGGGGGCGC",
        "TATAAAAGGC",
        "GAGAGCTCTC",
    ],
)
def test_motifs_are_no_repeats(consensus):
    assert repeat_note(motif(consensus)) == ""


@pytest.mark.parametrize("unit", ["A", "CA", "CAG", "GGAA"])
def test_what_is_short_repeats_itself_by_chance(unit):
    """So many columns have to be compared with those one period before."""
    letters, enough = unit * 10, COLUMNS + len(unit)
    assert repeat_note(motif(letters[:enough])) == f"low complexity: repeats {unit}"
    assert repeat_note(motif(letters[: enough - 1])) == ""


def test_an_empty_motif_repeats_nothing():
    assert repeat_note(Motif("empty", np.ones((4, 12)))) == ""


def test_hardly_any_known_motif_is_a_repeat():
    known = read_motifs(bundled("jaspar_subset.meme"))
    noted = [one.label for one in known if repeat_note(one)]
    assert len(known) > 50
    assert len(noted) <= 0.02 * len(known), noted
