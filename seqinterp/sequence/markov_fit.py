"""A Markov chain fitted to sequences, and how likely sequences are under one."""

from collections.abc import Sequence

import numpy as np

from seqinterp.errors import InputError
from seqinterp.sequence.alphabet import N_CODE, describe_record, letter_codes
from seqinterp.sequence.markov import MAX_ORDER, Background
from seqinterp.shapes import BaseMap, CodeBlock, Codes, Numbers


def fit_background(
    sequences: str | Sequence[str], order: int = 1, *, both_strands: bool = False, pseudocount: float = 1.0
) -> Background:
    """The Markov chain of this order whose transitions are those counted in `sequences`.

    P(letter | context) = (n(context, letter) + pseudocount) / (n(context) + 4 pseudocount), the context being the
    `order` letters before; the first `order` letters have the shares of all words of that length, with the same
    pseudocount. A letter other than A, C, G, T is in no word. `both_strands` counts the other strand as well.

    Raises:
        InputError: there are no sequences, the order is not 0 to 3, or the pseudocount is not above zero.
        AlphabetError: a letter that is not DNA.
    """
    if isinstance(order, bool) or order not in range(MAX_ORDER + 1):
        raise InputError(f"order must be 0 to {MAX_ORDER}, not {order!r}")
    if not pseudocount > 0:
        raise InputError(f"pseudocount must be above 0, so that no word is impossible, not {pseudocount}")
    codes = padded_codes(sequences)
    if both_strands:
        turned = np.where(codes < N_CODE, 3 - codes, codes)[:, ::-1]
        codes = np.concatenate([codes, turned.astype(np.uint8)])
    transitions = _word_counts(codes, order + 1).reshape(-1, 4) + pseudocount
    start = _word_counts(codes, order) + pseudocount
    return Background(start / start.sum(), transitions / transitions.sum(axis=1, keepdims=True))


def log_likelihood(background: Background, sequences: str | Sequence[str]) -> Numbers:
    """Mean log2-likelihood per known base of each sequence, `(entry,)`; -2 for any sequence where all is equal.

    A letter other than A, C, G, T ends a stretch: the next base begins a new one, and is given what the chain gives
    the first letter of a sequence. Lengths may differ.

    Raises:
        InputError: there are no sequences, or one has no known base.
        AlphabetError: a letter that is not DNA.
    """
    return code_log_likelihood(background, padded_codes(sequences))


def code_log_likelihood(background: Background, codes: CodeBlock) -> Numbers:
    """`log_likelihood` of coded sequences of one length, where every code from 4 on is an unknown letter.

    Raises:
        InputError: a sequence has no known base.
    """
    bases = (codes < N_CODE).sum(axis=1)
    if not bases.all():
        raise InputError(f"{describe_record()(int(np.argmin(bases)))} has no known base, so it has no likelihood")
    mean: Numbers = total_log_likelihood(background, codes) / bases
    return mean


def total_log_likelihood(background: Background, codes: CodeBlock) -> Numbers:
    """The log2-likelihood of each coded sequence, `(entry,)`, summed over its known bases; 0 where there is none."""
    known = codes < N_CODE
    total = np.zeros(codes.shape)
    run = np.zeros(codes.shape, dtype=np.int64)  # known letters in a row before each position
    for position in range(1, codes.shape[1]):
        run[:, position] = np.where(known[:, position - 1], run[:, position - 1] + 1, 0)
    letters = np.where(known, codes, 0).astype(np.int64)
    for seen, table in enumerate(_conditionals(background)):
        rows, columns = np.nonzero(known & ((run == seen) if seen < background.order else (run >= seen)))
        context = np.zeros(len(rows), dtype=np.int64)
        for back in range(seen, 0, -1):
            context = context * 4 + letters[rows, columns - back]
        total[rows, columns] = table[context, letters[rows, columns]]
    summed: Numbers = total.sum(axis=1)
    return summed


def substitution_log_likelihoods(background: Background, codes: Codes) -> BaseMap:
    """The change of the total log2-likelihood when each position becomes each base, `(4, position)`.

    A letter is told by the `order` before it, so a substitution is seen in a window of `order` to either side.
    """
    order, length = background.order, len(codes)
    edge = np.full(order, N_CODE, dtype=np.uint8)
    wide = np.concatenate([edge, codes, edge])
    windows = wide[np.arange(length)[:, None] + np.arange(2 * order + 1)]
    edited = np.repeat(windows, 4, axis=0)
    edited[:, order] = np.tile(np.arange(4, dtype=np.uint8), length)
    after = total_log_likelihood(background, edited).reshape(length, 4)
    changes: BaseMap = (after - total_log_likelihood(background, windows)[:, None]).T
    return changes


def padded_codes(sequences: str | Sequence[str]) -> CodeBlock:
    """Sequences of any lengths as rows of codes, N after the end of the shorter ones.

    Raises:
        InputError: there are none, or one is empty.
        AlphabetError: a letter that is not DNA.
    """
    given = [sequences] if isinstance(sequences, str) else list(sequences)
    if not given or not all(given):
        raise InputError("at least one sequence is needed, and none may be empty")
    describe = describe_record()
    codes = np.full((len(given), max(map(len, given))), N_CODE, dtype=np.uint8)
    for row, sequence in enumerate(given):
        codes[row, : len(sequence)] = letter_codes(sequence, describe(row))
    return codes


def _word_counts(codes: CodeBlock, width: int) -> Numbers:
    """How often each word of `width` known letters is met, `(4^width,)`; the word without letters once."""
    places = codes.shape[1] - width + 1
    if width == 0 or places < 1:
        return np.full(4**width, float(width == 0))
    words = np.zeros((len(codes), places), dtype=np.int64)
    known = np.ones(words.shape, dtype=bool)
    for letter in range(width):
        here = codes[:, letter : letter + places]
        words = words * 4 + here
        known &= here < N_CODE
    return np.bincount(words[known], minlength=4**width).astype(np.float64)


def _conditionals(background: Background) -> list[np.ndarray]:
    """log2 P(letter | the letters before), (4^seen, 4), for 0, 1 ... `order` letters seen in the stretch."""
    order = background.order
    beginnings = [background.start.reshape(4**seen, -1).sum(axis=1) for seen in range(order + 1)]
    with np.errstate(divide="ignore", invalid="ignore"):
        first = [beginnings[seen + 1].reshape(-1, 4) / beginnings[seen][:, None] for seen in range(order)]
        return [np.log2(table) for table in (*first, background.transitions)]
