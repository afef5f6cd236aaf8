"""Fewest substitutions, insertions and deletions between sequences of one length, and where they are.

What falls off the right end or enters there is free: a path through the table of both sequences may end as soon as
either is used up. The distance: furthest point reached on each diagonal with so many edits (Ukkonen 1985,
doi:10.1016/S0019-9958(85)80046-2), a few steps for each edit instead of one for each pair of positions.
"""

import numpy as np

from seqinterp.kernels import kernel
from seqinterp.shapes import CodeBlock, Codes, Counters, Places

SUBSTITUTION, INSERTION, DELETION = range(3)
_NOWHERE = -(1 << 40)


@kernel
def distance(start: Codes, codes: Codes, most: int, before: Counters, after: Counters) -> int:
    """The distance where it is `most` or less, else `most` + 1; `before` and `after` hold 2 * most + 3 numbers.

    Diagonal d holds the pairs (i, i + d): a substitution stays on it, an insertion comes from d - 1, a deletion from
    d + 1.
    """
    length, middle = len(start), most + 1
    before[:] = _NOWHERE
    after[:] = _NOWHERE
    for edits in range(most + 1):
        for diagonal in range(-edits, edits + 1):
            place = middle + diagonal
            i = 0
            if edits > 0:
                i = max(before[place] + 1, before[place - 1], before[place + 1] + 1)
            j = i + diagonal
            while i < length and j < length and start[i] == codes[j]:
                i += 1
                j += 1
            if i >= length or j >= length:
                return edits
            after[place] = i
        for place in range(middle - edits, middle + edits + 1):
            before[place] = after[place]
    return most + 1


@kernel
def distances(starts: CodeBlock, codes: CodeBlock, most: Counters) -> Counters:
    """The distance of each row of `codes` from that of `starts`; one more than `most` of the row where it is above."""
    largest = 0
    for value in most:
        largest = max(largest, value)
    before, after = np.empty(2 * largest + 3, np.int64), np.empty(2 * largest + 3, np.int64)
    found = np.empty(len(codes), np.int64)
    for row in range(len(codes)):
        size = 2 * most[row] + 3
        found[row] = distance(starts[row], codes[row], most[row], before[:size], after[:size])
    return found


@kernel
def _paths(start: Codes, codes: Codes, edits: int) -> Places:
    """The least edits * (edits + 2) + indels from the beginning to (i, j), at [i, j - i + edits]."""
    length, weight = len(start), edits + 2
    table = np.full((length + 1, 2 * edits + 1), np.int32(1 << 30), np.int32)
    table[0, edits] = 0
    for i in range(length + 1):
        for place in range(max(0, edits - i), min(2 * edits, length - i + edits) + 1):
            j = i + place - edits
            best = table[i, place]
            if i > 0 and j > 0:
                changed = weight if start[i - 1] != codes[j - 1] else 0
                best = min(best, table[i - 1, place] + changed)
            if j > 0 and place > 0:
                best = min(best, table[i, place - 1] + weight + 1)
            if i > 0 and place < 2 * edits:
                best = min(best, table[i - 1, place + 1] + weight + 1)
            table[i, place] = best
    return table


@kernel
def script(start: Codes, codes: Codes, edits: int, rows: Places) -> int:
    """Write (kind, position in start, position in codes) of a shortest script, of `edits` steps; how many there are.

    Of shortest scripts one with the most substitutions, its insertions and deletions as far left as they go. Rows come
    in order of position.
    """
    length, weight = len(start), edits + 2
    table = _paths(start, codes, edits)
    i, j, best = length, length, table[length, edits]
    for shift in range(1, edits + 1):  # the nearest to the corner of equals
        if shift > length:
            break
        if table[length - shift, edits + shift] < best:
            i, j, best = length - shift, length, table[length - shift, edits + shift]
        if table[length, edits - shift] < best:
            i, j, best = length, length - shift, table[length, edits - shift]
    count = edits
    while i > 0 or j > 0:
        place = j - i + edits
        here = table[i, place]
        if i > 0 and j > 0:
            changed = weight if start[i - 1] != codes[j - 1] else 0
            if here == table[i - 1, place] + changed:
                i, j = i - 1, j - 1
                if changed > 0:
                    count -= 1
                    rows[count, 0], rows[count, 1], rows[count, 2] = SUBSTITUTION, i, j
                continue
        count -= 1
        if i > 0 and place < 2 * edits and here == table[i - 1, place + 1] + weight + 1:
            i -= 1
            rows[count, 0], rows[count, 1], rows[count, 2] = DELETION, i, j
        else:
            j -= 1
            rows[count, 0], rows[count, 1], rows[count, 2] = INSERTION, i, j
    return edits - count


@kernel
def crowded(starts: CodeBlock, codes: CodeBlock, apart: int) -> Counters:
    """For each row how many edits are nearer than `apart` to the edit before them.

    Edits are the positions that differ, or the steps of the shortest script where that is shorter. Two steps are as
    far apart as in the start or in the other sequence, whichever is more. A script of more than 2 * length / apart + 1
    steps cannot keep them apart, so that those are not looked for.
    """
    length = codes.shape[1]
    most = 2 * length // max(1, apart) + 1
    found = np.zeros(len(codes), np.int64)
    before, after = np.empty(2 * most + 3, np.int64), np.empty(2 * most + 3, np.int64)
    for row in range(len(codes)):
        differ, last = 0, -1
        for position in range(length):
            if starts[row, position] != codes[row, position]:
                if last >= 0 and position - last < apart:
                    found[row] += 1
                differ, last = differ + 1, position
        limit = min(most, differ - 1)
        if limit < 1:
            continue
        size = 2 * limit + 3
        edits = distance(starts[row], codes[row], limit, before[:size], after[:size])
        if edits > limit:
            continue
        steps = np.empty((edits, 3), np.int64)
        script(starts[row], codes[row], edits, steps)
        found[row] = 0
        for step in range(1, edits):
            gap = max(steps[step, 1] - steps[step - 1, 1], steps[step, 2] - steps[step - 1, 2])
            if gap < apart:
                found[row] += 1
    return found
