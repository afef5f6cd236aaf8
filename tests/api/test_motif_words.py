"""What counts as a motif."""

import numpy as np
import pytest
import torch

from naive import motif_questions as naive
from seqinterp.api.shared.motif_words import named_pwms
from seqinterp.errors import AlphabetError, InputError, ShapeError
from seqinterp.motifs.motif import Motif

COUNTS = np.array([[9.0, 0], [0, 5], [1, 5], [0, 0]])


def test_every_kind_of_motif():
    motif = Motif("MA1", COUNTS)
    one_hot = naive.encoded("TGA")
    found = named_pwms([motif, "tgNca", one_hot, one_hot.numpy()])
    assert list(found) == ["MA1", "TGNCA", "motif_2", "motif_3"]
    np.testing.assert_array_equal(found["MA1"], motif.pwm)
    np.testing.assert_array_equal(found["TGNCA"], naive.encoded("TGNCA"))
    np.testing.assert_array_equal(found["motif_2"], found["motif_3"])


@pytest.mark.parametrize("one", [Motif("MA1", COUNTS), "TGA", naive.encoded("TGA"), {"mine": "TGA"}])
def test_one_motif_needs_no_list(one):
    assert len(named_pwms(one)) == 1


def test_a_mapping_names_them():
    assert list(named_pwms({"AP-1": "TGACTCA", "again": "TGACTCA"})) == ["AP-1", "again"]


def test_letters_for_several_bases_are_for_drawing():
    np.testing.assert_array_equal(named_pwms("RN", drawn=True)["RN"].T, [[0.5, 0, 0.5, 0], [0, 0, 0, 0]])
    with pytest.raises(AlphabetError, match="the motif 'TGASTCA' has 'S', which stands for several bases"):
        named_pwms("TGASTCA")


@pytest.mark.parametrize(
    ("motifs", "kind", "message"),
    [
        ([], InputError, "there are no motifs"),
        (["ACG", "ACG"], InputError, "two motifs are named 'ACG'"),
        ("ACX", AlphabetError, "'X' at position 3"),
        ([7], InputError, "must be a Motif, a string or an array of shape"),
        (7, InputError, "must be a Motif, a string or an array of shape"),
        (naive.encoded("ACGTAC").T, ShapeError, "it looks transposed"),
        (np.zeros((4, 0)), ShapeError, r"must be \(4, width\)"),
        (COUNTS, InputError, "for counts make a Motif"),
        (torch.tensor([[-0.5], [1.5], [0], [0]]), InputError, "must be probabilities"),
        (np.full((4, 2), np.nan), InputError, "must be probabilities"),
    ],
)
def test_refusals(motifs, kind, message):
    with pytest.raises(kind, match=message):
        named_pwms(motifs)
