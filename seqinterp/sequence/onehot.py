"""Sequences as one-hot arrays (batch, base, position), and back."""

from collections.abc import Iterable, Sequence

import numpy as np
import torch

from seqinterp.errors import AlphabetError, InputError, ShapeError
from seqinterp.sequence.alphabet import BASES, IUPAC, LETTERS, code_block, describe_record
from seqinterp.shapes import Inputs, Sequences

# Column `code` is what one letter becomes: its share of A, C, G, T. N says nothing, so it is zero everywhere.
_SHARES = np.array(
    [[(base in IUPAC[x]) / len(IUPAC[x]) * (x != "N") for x in LETTERS] for base in BASES], dtype=np.float32
)
# Letter of every set of bases, the set written as a sum of 1 (A), 2 (C), 4 (G) and 8 (T).
_LETTER_OF_SET = np.full(16, ord("N"), dtype=np.uint8)
for _letter, _bases in IUPAC.items():
    _LETTER_OF_SET[sum(1 << BASES.index(base) for base in _bases)] = ord(_letter)


def one_hot(sequences: str | Iterable[str], *, names: Sequence[str] | None = None) -> Sequences:
    """Sequences of one length as float32 (batch, 4, position), bases in the order A, C, G, T.

    An N is a column of zeros; an IUPAC letter shares the column among its bases (R is 1/2 A + 1/2 G); lower
    case counts as upper case. Lists, tuples, arrays and columns of a table are taken alike. `names` are used in errors
    only. Raises AlphabetError for a letter that is not DNA, and InputError for an empty list, sequences of two
    lengths, or what is no string.
    """
    given = _strings(sequences)
    if names is not None and len(names) != len(given):
        raise InputError(f"one name per sequence is needed, but {len(names)} names came for {len(given)} sequences")
    codes = code_block(given, describe_record(names))
    inputs = np.empty((codes.shape[0], 4, codes.shape[1]), dtype=np.float32)
    for base in range(4):
        inputs[:, base] = _SHARES[base][codes]
    return torch.from_numpy(inputs)


def _strings(sequences: object) -> list[str]:
    """One string, or whatever holds strings, as a list."""
    if isinstance(sequences, str):
        return [sequences]
    if not isinstance(sequences, Iterable):
        raise InputError(f"sequences must be a string or several, but a {type(sequences).__name__} came")
    given = list(sequences)
    for number, sequence in enumerate(given, start=1):
        if not isinstance(sequence, str):
            raise InputError(f"sequences must be strings, but number {number} is a {type(sequence).__name__}")
    return given


def decode(inputs: Inputs) -> list[str]:
    """The sequences that `one_hot` would turn into `inputs`, in upper case.

    Raises ShapeError unless `inputs` is (batch, 4, position), and AlphabetError where a column is no IUPAC
    letter (say, a soft or edited one).
    """
    if inputs.ndim != 3 or inputs.shape[1] != 4:
        raise ShapeError(f"(batch, 4, position) is needed to decode sequences, but the shape is {tuple(inputs.shape)}")
    values = inputs.detach().cpu().to(torch.float32).numpy()
    present = values != 0
    count = present.sum(1)
    share = np.divide(1.0, count, out=np.zeros(count.shape, dtype=np.float32), where=count > 0)
    wrong = (np.abs(values - present * share[:, None]) > 1e-4).any(1)
    if wrong.any():
        i, position = np.argwhere(wrong)[0].tolist()
        column = [round(float(x), 4) for x in values[i, :, position]]
        raise AlphabetError(
            f"example {i} is no IUPAC letter at position {position + 1} (counting from 1): its column is {column}; "
            "give one-hot columns, for example by taking the largest base of each"
        )
    sets = (present * np.array([1, 2, 4, 8])[:, None]).sum(1)
    return [row.tobytes().decode("ascii") for row in _LETTER_OF_SET[sets]]
