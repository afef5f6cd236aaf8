"""How like natural sequences designed ones are: likelihood, words, base composition, and the nearest natural one.

Each number of a design is held against the same number of the natural sequences, and no natural sequence is compared
with itself: chains are fitted without the tenth that they judge, and a natural sequence's words are compared with
those of the others.
"""

from dataclasses import dataclass

import numpy as np

from seqinterp.design.edit_script import edit_distances
from seqinterp.errors import InputError
from seqinterp.sequence.alphabet import N_CODE, letters_of
from seqinterp.sequence.markov_fit import code_log_likelihood, fit_background
from seqinterp.shapes import Candidates, CodeBlock, Counters, Matrix, Numbers, Places, Series

ORDER, FOLDS = 2, 10
LEAST = 10  # natural sequences that can be compared with: percentiles of fewer say nothing
LONG = 1000  # bases from which words of 6 are counted instead of 4: there are 4,096 of them
SHARED, NEAREST = 8, 5  # natural sequences that share most words of 8 bases are aligned, this many of each strand
_CELLS = 2**22  # of tables that are held at once


@dataclass(frozen=True, eq=False)
class Compared:
    """A number of each design, and the same of each natural sequence."""

    designs: Numbers
    natural: Series

    @property
    def percentiles(self) -> Numbers:
        """Of each design among the natural sequences."""
        return percentiles(self.designs, self.natural)


def percentiles(values: Numbers, among: Series, *, tolerance: float = 0.0) -> Numbers:
    """Per cent of `among` that lie below each value, those equal to it counted half; NaN for NaN.

    Numbers that differ by no more than the tolerance are equal.

    Raises:
        InputError: there is no number to compare with.
    """
    known = np.sort(among[np.isfinite(among)])
    if len(known) == 0:
        raise InputError("percentiles need at least one number to compare with")
    below = np.searchsorted(known, values - tolerance, side="left")
    upto = np.searchsorted(known, values + tolerance, side="right")
    found: Numbers = np.where(np.isfinite(values), 50 * (below + upto) / len(known), np.nan)
    return found


def compare_likelihoods(codes: CodeBlock, natural: Candidates) -> Compared:
    """Mean log2-likelihood per base under Markov chains of order 2 of the natural sequences, both strands.

    The natural sequences are dealt to ten parts, in their order, since neighbours in a file may overlap in a genome.
    Each part is judged by the chain of the others, and a design by the mean of all chains.

    Raises:
        InputError: a sequence has no known base.
    """
    parts = np.array_split(np.arange(len(natural)), min(FOLDS, len(natural)))
    letters = [letters_of(one) for one in natural]
    ours, theirs = np.zeros(len(codes)), np.zeros(len(natural))
    for part in parts:
        left_out = set(part.tolist())
        rest = [letters[i] for i in range(len(natural)) if i not in left_out]
        chain = fit_background(rest, ORDER, both_strands=True)
        ours += code_log_likelihood(chain, codes) / len(parts)
        theirs[part] = code_log_likelihood(chain, natural[part])
    return Compared(ours, theirs)


def word_width(length: int) -> int:
    """How long the words are that sequences of this length are compared by."""
    return 6 if length >= LONG else 4


def compare_words(codes: CodeBlock, natural: Candidates) -> Compared:
    """Jensen-Shannon divergence, 0 to 1 bit, of each sequence's words on both strands from those of natural ones.

    Words have 4 bases, of sequences from 1,000 bases on 6. A natural sequence is compared with the others. NaN where
    a sequence has no word of known bases.
    """
    width = word_width(natural.shape[1])
    rows = max(1, _CELLS // 4**width)
    total = np.zeros(4**width)
    for i in range(0, len(natural), rows):
        total += _spectra(natural[i : i + rows], width).sum(axis=0)
    ours, theirs = np.zeros(len(codes)), np.zeros(len(natural))
    for i in range(0, len(natural), rows):
        own = _spectra(natural[i : i + rows], width)
        theirs[i : i + rows] = _divergences(own, total - own)
    for i in range(0, len(codes), rows):
        own = _spectra(codes[i : i + rows], width)
        ours[i : i + rows] = _divergences(own, np.broadcast_to(total, own.shape))
    return Compared(ours, theirs)


def compare_gc(codes: CodeBlock, natural: Candidates) -> Compared:
    """The share of G and C among the known bases."""
    return Compared(_gc(codes), _gc(natural))


def nearest_natural(codes: CodeBlock, natural: Candidates) -> tuple[Counters, Counters]:
    """The natural sequence, of either strand, that each design is fewest edits away from; its number and the edits.

    Those are aligned that share most words of 8 bases with the design, five of each strand; an end that is cut off on
    the right costs nothing, see `edit_distances`.
    """
    turned = other_strand(natural)
    numbers, distances = np.zeros(len(codes), np.int64), np.zeros(len(codes), np.int64)
    shared = np.stack([_shared_words(codes, strand) for strand in (natural, turned)])
    for design, one in enumerate(codes):
        some = [np.argsort(-shared[strand, design], kind="stable")[:NEAREST] for strand in (0, 1)]
        held = np.concatenate([natural[some[0]], turned[some[1]]])
        apart = edit_distances(held, np.repeat(one[None], len(held), axis=0))
        best = int(apart.argmin())
        numbers[design], distances[design] = np.concatenate(some)[best], apart[best]
    return numbers, distances


def other_strand(codes: Candidates) -> Candidates:
    """The reverse complement of each sequence; N stays N."""
    turned: Candidates = np.where(codes < N_CODE, 3 - codes, codes)[:, ::-1].astype(np.uint8)
    return turned


def _gc(codes: Candidates) -> Numbers:
    known = (codes < N_CODE).sum(axis=1)
    bases = ((codes == 1) | (codes == 2)).sum(axis=1)
    share: Numbers = np.divide(bases, known, out=np.full(len(codes), np.nan), where=known > 0)
    return share


def _words(codes: Candidates, width: int) -> Places:
    """The number of the word that begins at each position, -1 where a letter is not known."""
    places = max(0, codes.shape[1] - width + 1)
    words = np.zeros((len(codes), places), np.int64)
    known = np.ones(words.shape, dtype=bool)
    for letter in range(width):
        here = codes[:, letter : letter + places]
        words = words * 4 + here
        known &= here < N_CODE
    return np.where(known, words, -1)


def _spectra(codes: Candidates, width: int) -> Matrix:
    """How often each sequence holds each word, both strands counted, (sequence, word)."""
    found = np.zeros((len(codes), 4**width))
    for strand in (codes, other_strand(codes)):
        words = _words(strand, width)
        row, place = np.nonzero(words >= 0)
        np.add.at(found, (row, words[row, place]), 1)
    return found


def _divergences(own: Matrix, other: Matrix) -> Numbers:
    """Jensen-Shannon divergence in bits, row by row, of counts."""
    sums = own.sum(axis=1), other.sum(axis=1)
    p, q = (counts / np.maximum(total, 1)[:, None] for counts, total in zip((own, other), sums, strict=True))
    middle = (p + q) / 2
    bits = [np.zeros_like(middle) for _ in range(2)]
    for part, one in zip(bits, (p, q), strict=True):
        ratio = np.divide(one, middle, out=np.ones_like(middle), where=middle > 0)
        np.log2(ratio, out=part, where=one > 0)
        part *= one
    found: Numbers = np.where(np.minimum(*sums) > 0, (bits[0] + bits[1]).sum(axis=1) / 2, np.nan)
    return found


def _shared_words(codes: CodeBlock, natural: Candidates) -> Places:
    """How many words of each natural sequence stand in each design, (design, natural)."""
    width = min(SHARED, codes.shape[1])
    held = [np.unique(row[row >= 0]) for row in _words(codes, width)]
    found = np.zeros((len(codes), len(natural)), np.int64)
    rows = max(1, _CELLS // natural.shape[1])
    for i in range(0, len(natural), rows):
        words = _words(natural[i : i + rows], width)
        for design, own in enumerate(held):
            table = np.zeros(4**width + 1, np.int64)  # the last one is for words that are not known, -1
            table[own] = 1
            found[design, i : i + rows] = table[words].sum(axis=1)
    return found
