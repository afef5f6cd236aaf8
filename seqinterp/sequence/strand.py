"""The other strand."""

from seqinterp.errors import ShapeError
from seqinterp.sequence.alphabet import COMPLEMENT, letter_codes
from seqinterp.shapes import Inputs


def reverse_complement(sequence: str) -> str:
    """The other strand, read 5' to 3'; IUPAC letters are complemented and case is kept.

    Raises AlphabetError for a letter that is not DNA.
    """
    letter_codes(sequence, "the sequence")  # refuses what the table below would let through
    return sequence.translate(COMPLEMENT)[::-1]


def reverse_complement_inputs(inputs: Inputs) -> Inputs:
    """One-hot sequences (batch, 4, position) of the other strand.

    With the bases in the order A, C, G, T the complement is the reverse order, so both axes are flipped.
    """
    if inputs.ndim != 3 or inputs.shape[1] != 4:
        raise ShapeError(f"(batch, 4, position) is needed, but the shape is {tuple(inputs.shape)}")
    return inputs.flip(1, 2)
