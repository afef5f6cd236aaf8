"""How far coded sequences, (row, position), are from keeping rules on words, GC, runs of a base and motif hits.

Codes above 3 are no base: they are in no run, in no share of GC and in no hit, and match only N in words.
"""

from typing import NamedTuple

import numpy as np

from seqinterp.kernels import kernel
from seqinterp.shapes import CodeBlock, Counters, Places

CODES = 16  # rows of the tables: one for every letter
_ONE = np.uint64(1)
_TOP = np.uint64(63)


class Automaton(NamedTuple):
    """Words one after the other as bits, 64 in each number; a bit is set where the word so far has been read."""

    letters: np.ndarray  # (CODES, numbers) uint64: where each code is allowed
    firsts: np.ndarray  # (numbers,) uint64: the first letter of each word
    lasts: np.ndarray  # (numbers,) uint64: the last one


@kernel
def count_words(codes: CodeBlock, words: Automaton) -> Counters:
    """At how many places of each row one of the words ends (Shift-And, Baeza-Yates & Gonnet 1992).

    doi:10.1145/135239.135243
    """
    letters, firsts, lasts = words.letters, words.firsts, words.lasts
    numbers = len(firsts)
    state = np.zeros(numbers, np.uint64)
    found = np.zeros(len(codes), np.int64)
    for row in range(len(codes)):
        state[:] = np.uint64(0)
        for code in codes[row]:
            carried, ended = np.uint64(0), np.uint64(0)
            for number in range(numbers):
                now = state[number]
                state[number] = ((now << _ONE) | carried | firsts[number]) & letters[code, number]
                carried = now >> _TOP
                ended |= state[number] & lasts[number]
            if ended != np.uint64(0):
                found[row] += 1
    return found


@kernel
def window_costs(codes: CodeBlock, width: int, lowest: Counters, highest: Counters) -> Counters:
    """For each row, summed over windows of `width` bases, by how many G and C they are below or above the limits.

    `lowest` and `highest` are the fewest and most G and C allowed in a window, by how many of its bases are known.
    """
    found = np.zeros(len(codes), np.int64)
    for row in range(len(codes)):
        gc, known = 0, 0
        line = codes[row]
        for position in range(len(line)):
            code = line[position]
            gc += 1 if code == 1 or code == 2 else 0
            known += 1 if code < 4 else 0
            if position >= width:
                code = line[position - width]
                gc -= 1 if code == 1 or code == 2 else 0
                known -= 1 if code < 4 else 0
            if position >= width - 1:
                found[row] += max(0, lowest[known] - gc) + max(0, gc - highest[known])
    return found


@kernel
def run_costs(codes: CodeBlock, most: int) -> Counters:
    """For each row how many bases must at least change so that no base stands more than `most` times in a row."""
    found = np.zeros(len(codes), np.int64)
    for row in range(len(codes)):
        run, last = 0, 255
        for code in codes[row]:
            run = run + 1 if code == last and code < 4 else 1
            last = code
            if run % (most + 1) == 0 and code < 4:
                found[row] += 1
    return found


@kernel
def _is_hit(line: CodeBlock, start: int, scores: Places, rests: Counters, least: int) -> bool:
    """Whether the window of a sequence that begins at `start` scores `least` or more; given up when it cannot."""
    total = 0
    for column in range(len(scores)):
        code = line[start + column]
        if code > 3:
            return False
        total += scores[column, code]
        if total + rests[column] < least:
            return False
    return total >= least


@kernel
def new_hits(starts: CodeBlock, codes: CodeBlock, scores: Places, rests: Counters, least: int) -> Counters:
    """How many windows of each row score `least` or more where that of `starts` does not.

    scores: (column, base). rests: the highest score of the columns after each. Only windows in which a base differs
    can be new.
    """
    width, length = len(scores), codes.shape[1]
    found = np.zeros(len(codes), np.int64)
    for row in range(len(codes)):
        line, begun, seen = codes[row], starts[row], 0
        for position in range(length):
            if line[position] == begun[position]:
                continue
            for window in range(max(seen, position - width + 1), min(position, length - width) + 1):
                if _is_hit(line, window, scores, rests, least) and not _is_hit(begun, window, scores, rests, least):
                    found[row] += 1
            seen = max(seen, position + 1)
    return found
