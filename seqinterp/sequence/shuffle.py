"""Random sequences that keep the composition of given ones."""

from collections.abc import Callable, Sequence

from seqinterp.errors import AlphabetError, InputError
from seqinterp.kernels.euler_shuffle import dinucleotide_shuffles, letter_shuffles
from seqinterp.sequence.alphabet import LETTERS, N_CODE, describe_record, letter_codes, letters_of
from seqinterp.shapes import CodeBlock, Codes


def shuffle(
    sequences: list[str], *, draws: int = 1, seed: int = 0, names: Sequence[str] | None = None
) -> list[list[str]]:
    """For each sequence `draws` random orders of its letters; every order is equally likely.

    Draw i depends on the seed, i and the sequence itself (in upper case) alone: never on the other sequences,
    their order or `draws`. N is shuffled as a fifth letter. Raises AlphabetError for any other letter, naming
    record and position.
    """
    return _shuffled(letter_shuffles, sequences, draws=draws, seed=seed, names=names)


def dinucleotide_shuffle(
    sequences: list[str], *, draws: int = 1, seed: int = 0, names: Sequence[str] | None = None
) -> list[list[str]]:
    """For each sequence `draws` random sequences with exactly its pairs of neighbouring letters.

    All such sequences are equally likely (a uniform Eulerian walk, see `kernels/euler_shuffle.py`), the
    sequence itself among them; the first and the last letter stay. Seeds, N and errors are as in `shuffle`.
    Altschul and Erickson 1985, doi:10.1093/oxfordjournals.molbev.a040370; Propp and Wilson 1998.
    """
    return _shuffled(dinucleotide_shuffles, sequences, draws=draws, seed=seed, names=names)


def _shuffled(
    draw_all: Callable[[Codes, int, int], CodeBlock],
    sequences: list[str],
    *,
    draws: int,
    seed: int,
    names: Sequence[str] | None,
) -> list[list[str]]:
    """Check the settings and the letters of every sequence, then draw."""
    if draws < 1:
        raise InputError(f"draws must be at least 1, but it is {draws}")
    if not 0 <= seed < 2**63:
        raise InputError(f"seed must be a whole number from 0 to 2^63 - 1, but it is {seed}")
    describe = describe_record(names)
    coded = [_shuffle_codes(sequence, describe(i)) for i, sequence in enumerate(sequences)]
    return [[letters_of(row) for row in draw_all(codes, draws, seed)] for codes in coded]


def _shuffle_codes(sequence: str, record: str) -> Codes:
    """Codes 0..4 of a sequence that may be shuffled."""
    if not sequence:
        raise InputError(f"{record} is empty; give at least one base")
    codes = letter_codes(sequence, record)
    if codes.max() > N_CODE:
        position = int((codes > N_CODE).argmax())
        raise AlphabetError(
            f"{record} has {LETTERS[codes[position]]!r} at position {position + 1} (counting from 1), and a shuffle "
            "knows A, C, G, T and N only; replace it by N"
        )
    return codes
