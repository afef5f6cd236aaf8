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
COMMON = 50  # a word that stands in more sequences is a repeat of the genome and says nothing
SHARED = 0.5  # of the words of the shorter list: near-identical
_LOOKED_AT = 20_000  # pairs of a group that are searched for a direct relation to name
_UNKNOWN = 2**62  # bases between two examples that have no distance

Pairs = NDArray[np.int64]  # two row numbers per entry


def related_groups(examples: Examples, *, gap: int = 0, by_chromosome: bool = False) -> Groups:
    """A group number per example, 0, 1, 2 ... in order of appearance; related examples share it.

    Related are windows of one chromosome that overlap, touch or lie up to `gap` bases apart; identical
    sequences, on either strand; and near-identical ones, which share at least half of their distinct 16-letter
    words (canonical: a word and its reverse complement count as one). Words found in more than 50 sequences
    are skipped as repeats, words with an N or another ambiguous letter do not count, and sequences of nothing
    but N are not related by being so. Relations are chained: a, b and c are one group if a-b and b-c are related.

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
    """Pairs that share enough words: a sparse example x word table times its transpose counts the shared ones."""
    rows, words = _words(examples)
    # The words are sorted, so a word's column is the number of changes before it.
    columns = np.cumsum(np.diff(words, prepend=words[:1]) != 0)
    standing = np.bincount(columns)
    total = np.bincount(rows, minlength=len(examples))
    telling = ((standing > 1) & (standing <= COMMON))[columns]
    rows, columns = rows[telling], columns[telling]
    if not len(rows):
        return np.empty((0, 2), dtype=np.int64)
    ones = np.ones(len(rows), dtype=np.int32)
    table = sparse.csr_array((ones, (rows, columns)), shape=(len(examples), int(columns.max()) + 1))
    shared = sparse.triu(table @ table.T, k=1).tocoo()
    enough = shared.data >= SHARED * np.minimum(total[shared.row], total[shared.col])
    return np.stack([shared.row[enough], shared.col[enough]], 1).astype(np.int64)
