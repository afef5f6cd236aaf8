"""Which examples are related, so that a split can keep them on one side."""

from collections.abc import Sequence
from itertools import chain, islice

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from seqinterp.errors import InputError, LeakageError
from seqinterp.sequence.alphabet import COMPLEMENT, N_CODE, code_block, describe_record
from seqinterp.sequence.examples import Examples
from seqinterp.sequence.strand import reverse_complement
from seqinterp.shapes import Groups

WORD = 16  # letters; 4^16 words fit 32 bits, and chance repeats are rare among a few million windows
COMMON = 50  # sequences that are compared all with all because of one word; more are compared along a chain
SHARED = 0.5  # of the words of the shorter list: near-identical
_LOOKED_AT = 20_000  # pairs of a group that are searched for a direct relation to name
_UNKNOWN = 2**62  # bases between two examples that have no distance
_AT_ONCE = 20_000  # pairs whose words are compared at a time

Pairs = NDArray[np.int64]  # two row numbers per entry


def related_groups(examples: Examples, *, gap: int = 0, by_chromosome: bool = False) -> Groups:
    """A group number per example, 0, 1, 2 ... in order of appearance; related examples share it.

    Related are windows of one chromosome that overlap, touch or lie up to `gap` bases apart; identical
    sequences, on either strand; and near-identical ones, which share at least half of their distinct 16-letter
    words (canonical: a word and its reverse complement count as one). Words with an N or another ambiguous
    letter do not count, and sequences of nothing but N are not related by being so. Relations are chained: a, b
    and c are one group if a-b and b-c are related, so copies of one repeat of a genome may form a large group.

    Not found are copies with mismatches so evenly spread that fewer than half of the words stay whole (one every
    16 bases breaks all), near-identical sequences shorter than 16 letters, and windows of one place shifted by more
    than about half their length, unless loci tell. Of the sequences that share a word with more than 50 others,
    only those that follow each other in the order of the examples are compared, word by word: enough to chain many
    copies together, but two that are never neighbours in any of their words' lists are missed.

    With `by_chromosome` the chromosomes are the groups and sequences are not compared, since repeats
    would chain the chromosomes together; every example must have a locus, else InputError.
    """
    if gap < 0:
        raise InputError(f"gap must be 0 or more bases, but it is {gap}")
    if by_chromosome:
        return _chromosomes(examples)
    pairs = np.concatenate([_neighbours(examples, gap), _identical(examples), _near_identical(examples)])
    count = len(examples)
    graph = sparse.coo_array((np.ones(len(pairs), dtype=np.int8), (pairs[:, 0], pairs[:, 1])), shape=(count, count))
    return _in_order(sparse.csgraph.connected_components(graph, directed=False)[1])


def refuse_leakage(groups: Groups, split: Sequence[str], examples: Examples) -> None:
    """Raise LeakageError if a group stands on two sides of `split` (one name per example).

    The error names one offending pair and how the two are related, rows counted from 1.
    """
    if not len(groups) == len(split) == len(examples):
        raise InputError(
            f"one group and one side per example are needed, but {len(groups)} groups and {len(split)} sides came "
            f"for {len(examples)} examples"
        )
    sides = _in_order(np.unique(np.asarray(split), return_inverse=True)[1])
    first = np.full(int(groups.max()) + 1, -1, dtype=np.int64)
    first[groups[::-1]] = sides[::-1]
    astray = np.flatnonzero(sides != first[groups])
    if not len(astray):
        return
    members = np.flatnonzero(groups == groups[astray[0]]).tolist()
    across = ((i, j) for i in members for j in members if i < j and split[i] != split[j])
    best = _UNKNOWN, "belong to one group of related examples", next(across)
    for i, j in chain([best[2]], islice(across, _LOOKED_AT)):
        apart, words = _relation(examples, i, j)
        if apart < best[0]:
            best = apart, words, (i, j)
        if apart == 0:
            break
    left, right = (f"{split[i]} row {i + 1} ({examples.loci[i] or examples.names[i]})" for i in best[2])
    raise LeakageError(f"{left} and {right} {best[1]}: keep them on one side, with related_groups")


def _relation(examples: Examples, i: int, j: int) -> tuple[int, str]:
    """How two examples are related, in words, after how far apart they are: 0 if directly related."""
    a, b = examples.loci[i], examples.loci[j]
    apart = _UNKNOWN
    if a is not None and b is not None and a.chromosome == b.chromosome:
        apart = max(a.start, b.start) - min(a.stop, b.stop)
        if apart <= 0:
            return 0, "overlap" if apart < 0 else "touch"
    first, second = examples.sequences[i], examples.sequences[j]
    if set(first) != {"N"} and first in (second, reverse_complement(second)):
        return 0, "have the same sequence" + ("" if first == second else " on opposite strands")
    words = [set(_words(examples.take([k]))[1].tolist()) for k in (i, j)]
    shared, fewer = len(words[0] & words[1]), min(map(len, words))
    if fewer and shared >= SHARED * fewer:
        return 0, f"are near-identical ({shared} of {fewer} words of {WORD} letters shared)"
    return apart, f"lie {apart} bases apart on one chromosome, in one group"


def _in_order(labels: Groups) -> Groups:
    """The same groups, numbered by first appearance."""
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[inverse]


def _chromosomes(examples: Examples) -> Groups:
    """One group per chromosome."""
    for i, locus in enumerate(examples.loci):
        if locus is None:
            raise InputError(
                f"to group by chromosome every example needs a locus, but {examples.names[i]!r} (number {i + 1}) "
                "has none; add a locus column"
            )
    return _in_order(np.unique([locus.chromosome for locus in examples.loci if locus], return_inverse=True)[1])


def _neighbours(examples: Examples, gap: int) -> Pairs:
    """Pairs of windows at most `gap` apart, enough of them to chain each run together."""
    known = [(x.chromosome, x.start, x.stop, i) for i, x in enumerate(examples.loci) if x is not None]
    pairs: list[tuple[int, int]] = []
    reach, reaching, where = 0, -1, ""
    for chromosome, start, stop, i in sorted(known):
        if chromosome != where:
            where, reach, reaching = chromosome, stop, i
            continue
        if start <= reach + gap:
            pairs.append((reaching, i))
        if stop > reach:
            reach, reaching = stop, i
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)


def _identical(examples: Examples) -> Pairs:
    """Each sequence with the first that equals it or its reverse complement, unless it is all N."""
    seen: dict[str, int] = {}
    pairs: list[tuple[int, int]] = []
    for i, sequence in enumerate(examples.sequences):
        earlier = seen.setdefault(min(sequence, sequence.translate(COMPLEMENT)[::-1]), i)
        if earlier != i and sequence.strip("N"):
            pairs.append((earlier, i))
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)


def _words(examples: Examples) -> tuple[NDArray[np.int64], NDArray[np.uint32]]:
    """Distinct (example, canonical word) pairs, as two arrays sorted by word and then by example."""
    codes = code_block(examples.sequences, describe_record(examples.names))
    count, length = codes.shape
    places = length - WORD + 1
    if places < 1:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.uint32)
    forward = np.zeros((count, places), dtype=np.uint32)
    reverse = np.zeros((count, places), dtype=np.uint32)
    known = np.ones((count, places), dtype=np.bool_)
    for k in range(WORD):
        letters = codes[:, k : k + places]
        known &= letters < N_CODE
        forward = forward << np.uint32(2) | (letters & 3)
        reverse |= (3 - (letters & 3)).astype(np.uint32) << np.uint32(2 * k)
    rows, _ = np.nonzero(known)
    both = np.minimum(forward, reverse)[known].astype(np.uint64) << np.uint64(32) | rows.astype(np.uint64)
    both.sort()  # np.unique would hash first, and take five times as long
    both = both[np.diff(both, prepend=~both[:1]) != 0]
    return (both & np.uint64(0xFFFFFFFF)).astype(np.int64), (both >> np.uint64(32)).astype(np.uint32)


def _near_identical(examples: Examples) -> Pairs:
    """Pairs that share enough of their words: a sparse example x word table times its transpose counts the rare.

    The product would not fit for a word that stands in thousands of examples, so common words propose pairs along
    a chain only; they count like any other once a pair is looked at.
    """
    rows, words = _words(examples)
    if not len(rows):
        return np.empty((0, 2), dtype=np.int64)
    # The words are sorted, so a word's column is the number of changes before it.
    columns = np.cumsum(np.diff(words, prepend=words[:1]) != 0)
    standing = np.bincount(columns)[columns]
    kept = standing > COMMON
    common = _table(rows[kept], columns[kept], len(examples))
    chained = _consecutive(rows[kept], columns[kept])
    kept = (standing > 1) & (standing <= COMMON)
    rare = _table(rows[kept], columns[kept], len(examples))
    product = sparse.triu(rare @ rare.T, k=1).tocoo()
    met = np.stack([product.row, product.col], 1).astype(np.int64)

    needed = SHARED * np.bincount(rows, minlength=len(examples))
    often = np.diff(common.indptr)
    missing = needed[met].min(1) - product.data
    undecided = np.flatnonzero((missing > 0) & (often[met].min(1) >= missing))
    missing[undecided] -= _shared(common, met[undecided])
    enough = _shared(common, chained) + _shared(rare, chained) >= needed[chained].min(1)
    return np.concatenate([met[missing <= 0], chained[enough]])


def _table(rows: NDArray[np.int64], columns: NDArray[np.int64], count: int) -> sparse.csr_array:
    """A sparse example x word table of ones."""
    width = int(columns.max(initial=-1)) + 1
    return sparse.csr_array((np.ones(len(rows), dtype=np.int32), (rows, columns)), shape=(count, width))


def _consecutive(rows: NDArray[np.int64], columns: NDArray[np.int64]) -> Pairs:
    """Every example with the next one that holds the same word, each pair once."""
    follows = np.flatnonzero(columns[1:] == columns[:-1])
    pairs = np.unique(rows[follows] << 32 | rows[follows + 1])
    return np.stack([pairs >> 32, pairs & 0xFFFFFFFF], 1)


def _shared(table: sparse.csr_array, pairs: Pairs) -> NDArray[np.int64]:
    """How many words of the table the two examples of each pair share."""
    counts = [np.empty(0, dtype=np.int64)]
    for start in range(0, len(pairs), _AT_ONCE):
        left, right = pairs[start : start + _AT_ONCE].T
        counts.append(np.asarray((table[left] * table[right]).sum(axis=1), dtype=np.int64))
    return np.concatenate(counts)
