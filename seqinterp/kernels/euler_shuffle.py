"""Random sequences with the letters, or the neighbouring pairs of letters, of a given one.

Pairs: a sequence is a walk over its letters that uses every pair once, an Eulerian walk. By the BEST theorem
a uniform walk is a uniform spanning tree towards the last letter (each letter's last exit) and a uniform
order of all other exits. The tree is drawn by Wilson's loop-erased random walk (STOC 1996), which is exact;
drawing last exits until they happen to form a tree, or fixing them, is where such shuffles go wrong.
"""

import numpy as np

from seqinterp.kernels import kernel
from seqinterp.shapes import CodeBlock, Codes, Counters

LETTER_COUNT = 5  # A, C, G, T and N
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_LOW = np.uint64(0xFFFFFFFF)


@kernel
def _mix(value: np.uint64) -> np.uint64:
    """The output function of splitmix64 (Steele, Lea, Flood 2014)."""
    value = (value ^ (value >> np.uint64(30))) * _MIX_1
    value = (value ^ (value >> np.uint64(27))) * _MIX_2
    return value ^ (value >> np.uint64(31))


@kernel
def _start(codes: Codes, seed: int, draw: int) -> np.uint64:
    """The first state of the stream of one draw: a hash of the seed, the sequence itself and the draw."""
    state = _mix(np.uint64(seed) + _GOLDEN)
    for code in codes:
        state = _mix(state ^ (np.uint64(code) + _GOLDEN))
    return _mix(state ^ _mix(np.uint64(draw) + _MIX_1))


@kernel
def _below(state: Counters, bound: int) -> np.int64:
    """A whole number in [0, bound), without bias (Lemire 2019); advances `state[0]`."""
    limit = np.uint64(bound)
    reject = (np.uint64(1 << 32) - limit) % limit
    while True:
        state[0] += _GOLDEN
        product = (_mix(state[0]) >> np.uint64(32)) * limit
        if (product & _LOW) >= reject:
            return np.int64(product >> np.uint64(32))


@kernel
def _permute(values: Codes, state: Counters) -> None:
    """Fisher-Yates shuffle of `values` in place."""
    for i in range(len(values) - 1, 0, -1):
        j = _below(state, i + 1)
        values[i], values[j] = values[j], values[i]


@kernel
def _last_exits(exits: Codes, first: Counters, root: int, state: Counters) -> Counters:
    """For every letter the edge of its last exit: a uniform tree towards `root`, one number per letter.

    `exits[first[u]:first[u + 1]]` are the letters that follow u. The walk from a letter overwrites its own
    earlier exits, which erases its loops; it stops at the tree built so far.
    """
    chosen = np.full(LETTER_COUNT, -1, dtype=np.int64)
    in_tree = np.zeros(LETTER_COUNT, dtype=np.bool_)
    in_tree[root] = True
    for letter in range(LETTER_COUNT):
        if first[letter] == first[letter + 1]:
            continue
        here = letter
        while not in_tree[here]:
            chosen[here] = first[here] + _below(state, first[here + 1] - first[here])
            here = exits[chosen[here]]
        here = letter
        while not in_tree[here]:
            in_tree[here] = True
            here = exits[chosen[here]]
    return chosen


@kernel
def dinucleotide_shuffles(codes: Codes, draws: int, seed: int) -> CodeBlock:
    """`draws` uniform walks over the same pairs of letters, (draws, position); draw i does not depend on `draws`."""
    length = len(codes)
    out = np.empty((draws, length), dtype=np.uint8)
    first = np.zeros(LETTER_COUNT + 1, dtype=np.int64)
    for i in range(length - 1):
        first[codes[i] + 1] += 1
    first = np.cumsum(first)
    grouped = np.empty(max(length - 1, 0), dtype=np.uint8)
    filled = first.copy()
    for i in range(length - 1):
        grouped[filled[codes[i]]] = codes[i + 1]
        filled[codes[i]] += 1
    state = np.empty(1, dtype=np.uint64)
    for draw in range(draws):
        state[0] = _start(codes, seed, draw)
        exits = grouped.copy()
        last = _last_exits(exits, first, codes[length - 1], state)
        for letter in range(LETTER_COUNT):
            stop = first[letter + 1]
            if last[letter] >= 0:  # the last exit goes to the end of the letter's list and stays there
                stop -= 1
                exits[last[letter]], exits[stop] = exits[stop], exits[last[letter]]
            _permute(exits[first[letter] : stop], state)
        used = first.copy()
        here = codes[0]
        out[draw, 0] = here
        for i in range(1, length):
            used[here] += 1
            here = exits[used[here] - 1]
            out[draw, i] = here
    return out


@kernel
def letter_shuffles(codes: Codes, draws: int, seed: int) -> CodeBlock:
    """`draws` uniform orders of the same letters, (draws, position); draw i does not depend on `draws`."""
    out = np.empty((draws, len(codes)), dtype=np.uint8)
    state = np.empty(1, dtype=np.uint64)
    for draw in range(draws):
        state[0] = _start(codes, seed, draw)
        out[draw] = codes
        _permute(out[draw], state)
    return out
