"""The DNA alphabet: bases, IUPAC letters, complements, and letters as small numbers."""

from collections.abc import Callable, Sequence

import numpy as np

from seqinterp.errors import AlphabetError, InputError
from seqinterp.shapes import CodeBlock, Codes

BASES = "ACGT"

# Which bases a letter may stand for (IUPAC-IUB 1984).
IUPAC = {
    "A": "A", "C": "C", "G": "G", "T": "T", "N": "ACGT",
    "R": "AG", "Y": "CT", "S": "CG", "W": "AT", "K": "GT", "M": "AC",
    "B": "CGT", "D": "AGT", "H": "ACT", "V": "ACG",
}  # fmt: skip
LETTERS = "".join(IUPAC)  # a letter's code is its place here: A, C, G, T are 0..3 and N is 4
N_CODE = 4
NOT_DNA = 255
COMPLEMENT = str.maketrans("ACGTNRYSWKMBDHVacgtnryswkmbdhv", "TGCANYRSWMKVHDBtgcanyrswmkvhdb")

Describe = Callable[[int], str]  # how to name record i to a person


def _code_table() -> Codes:
    """The code of every byte, upper or lower case; `NOT_DNA` for the rest."""
    table = np.full(256, NOT_DNA, dtype=np.uint8)
    for code, letter in enumerate(LETTERS):
        table[ord(letter)] = table[ord(letter.lower())] = code
    return table


CODE_OF_BYTE = _code_table()
BYTE_OF_CODE = np.frombuffer(LETTERS.encode(), dtype=np.uint8)


def describe_record(names: Sequence[str] | None = None) -> Describe:
    """How errors name a record: by its name where there is one, and by its number, counting from 1."""
    if names is None:
        return lambda i: f"sequence {i + 1} (counting from 1)"
    return lambda i: f"sequence {names[i]!r} (number {i + 1})"


def letter_error(record: str, letter: str, position: int) -> AlphabetError:
    """The error for a letter that is not DNA; `position` is 0-based here and 1-based in the message."""
    hint = f"use A, C, G, T, N or another IUPAC letter ({LETTERS})"
    if letter in "Uu":
        hint = "it looks like RNA: replace U by T"
    elif letter in "-.":
        hint = "it looks like an alignment: take the gaps out"
    return AlphabetError(
        f"{record} has {letter!r} at position {position + 1} (counting from 1), which is not DNA; {hint}"
    )


def letter_codes(sequence: str, record: str) -> Codes:
    """One sequence as codes, `LETTERS[code]` per position; AlphabetError naming `record` for other letters."""
    codes = CODE_OF_BYTE[np.frombuffer(sequence.encode("ascii", "replace"), dtype=np.uint8)]
    if codes.size and codes.max() == NOT_DNA:
        position = int(np.argmax(codes == NOT_DNA))
        raise letter_error(record, sequence[position], position)
    return codes


def refuse_other_letters(texts: Sequence[str], describe: Describe) -> None:
    """AlphabetError for the first letter of any text that is not DNA; lengths may differ."""
    letters = np.frombuffer("".join(texts).encode("ascii", "replace"), dtype=np.uint8)
    if (CODE_OF_BYTE[letters] == NOT_DNA).any():
        for i, text in enumerate(texts):
            letter_codes(text, describe(i))


def code_block(sequences: Sequence[str], describe: Describe) -> CodeBlock:
    """Sequences of one length as codes, one row each.

    Raises InputError for no sequences, an empty one, or two lengths (naming both records), and AlphabetError
    for a letter that is not DNA (naming record and position).
    """
    if not sequences:
        raise InputError("at least one sequence is needed, but the list is empty")
    length = len(sequences[0])
    if length == 0:
        raise InputError(f"{describe(0)} is empty; give at least one base")
    for i, sequence in enumerate(sequences):
        if len(sequence) != length:
            raise InputError(
                f"all sequences must have one length, but {describe(0)} has {length} letters and "
                f"{describe(i)} has {len(sequence)}; cut or pad them to one length"
            )
    # "replace" turns every letter outside ASCII into one '?', so positions stay where they were.
    letters = np.frombuffer("".join(sequences).encode("ascii", "replace"), dtype=np.uint8)
    codes = CODE_OF_BYTE[letters].reshape(len(sequences), length)
    if codes.max() == NOT_DNA:
        i, position = np.argwhere(codes == NOT_DNA)[0].tolist()
        raise letter_error(describe(i), sequences[i][position], position)
    return codes


def letters_of(codes: Codes) -> str:
    """Codes back to upper-case letters."""
    letters: bytes = BYTE_OF_CODE[codes].tobytes()
    return letters.decode("ascii")
