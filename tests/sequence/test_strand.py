import pytest
import torch
from hypothesis import given, strategies as st

from seqinterp.errors import AlphabetError, ShapeError
from seqinterp.sequence.alphabet import LETTERS
from seqinterp.sequence.onehot import decode, one_hot
from seqinterp.sequence.strand import reverse_complement, reverse_complement_inputs
from tests.naive import sequence as naive


@given(st.text("ACGTN"))
def test_equals_the_oracle(sequence):
    assert reverse_complement(sequence) == naive.reverse_complement(sequence)


@given(st.text(LETTERS, min_size=1))
def test_twice_is_nothing_and_arrays_agree_with_letters(sequence):
    assert reverse_complement(reverse_complement(sequence)) == sequence
    assert decode(reverse_complement_inputs(one_hot(sequence))) == [reverse_complement(sequence)]


def test_case_is_kept_and_iupac_letters_are_complemented():
    assert reverse_complement("acGTNRYSWKMBDHV") == "BDHVKMWSRYNACgt"


def test_what_is_not_dna_is_refused():
    with pytest.raises(AlphabetError, match="replace U by T"):
        reverse_complement("ACGU")
    with pytest.raises(ShapeError, match=r"\(2, 4\)"):
        reverse_complement_inputs(torch.zeros(2, 4))
