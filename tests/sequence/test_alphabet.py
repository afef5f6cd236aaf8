import numpy as np
import pytest

from seqinterp.errors import AlphabetError, InputError
from seqinterp.sequence.alphabet import IUPAC, LETTERS, code_block, describe_record, letter_codes, letters_of


def test_every_letter_has_a_code_in_both_cases():
    assert letter_codes(LETTERS, "it").tolist() == list(range(15))
    assert letter_codes(LETTERS.lower(), "it").tolist() == list(range(15))
    assert letters_of(np.arange(15, dtype=np.uint8)) == LETTERS == "".join(IUPAC)


@pytest.mark.parametrize(
    ("sequences", "names", "message"),
    [
        (["ACGT", "ACXT"], None, r"sequence 2 \(counting from 1\) has 'X' at position 3 \(counting from 1\)"),
        (["ACGT", "ACGU"], ["a", "b"], r"sequence 'b' \(number 2\) has 'U' at position 4 .*RNA: replace U by T"),
        (["AC-T"], None, "has '-' at position 3 .*take the gaps out"),
        (["A\N{DNA DOUBLE HELIX}GT"], None, "at position 2 "),
        (["AC T"], None, "has ' ' at position 3"),
    ],
)
def test_a_letter_that_is_not_dna_is_named(sequences, names, message):
    with pytest.raises(AlphabetError, match=message):
        code_block(sequences, describe_record(names))


@pytest.mark.parametrize(
    ("sequences", "message"),
    [
        ([], "the list is empty"),
        ([""], "sequence 1 .* is empty"),
        (["ACGT", "ACGT", "ACG"], r"sequence 1 \(counting from 1\) has 4 letters and sequence 3 .* has 3"),
    ],
)
def test_sequences_must_be_there_and_of_one_length(sequences, message):
    with pytest.raises(InputError, match=message):
        code_block(sequences, describe_record())
