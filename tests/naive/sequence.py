"""Slow oracles for DNA as data."""

from collections import Counter
from itertools import pairwise, permutations

MEANING = {
    "A": "A", "C": "C", "G": "G", "T": "T", "R": "AG", "Y": "CT", "S": "CG", "W": "AT", "K": "GT", "M": "AC",
    "B": "CGT", "D": "AGT", "H": "ACT", "V": "ACG", "N": "",
}  # fmt: skip
PARTNER = {"A": "T", "C": "G", "G": "C", "T": "A", "N": "N"}


def one_hot(sequence):
    """Four rows of numbers, base by base."""
    rows = [[0.0] * len(sequence) for _ in range(4)]
    for position, letter in enumerate(sequence.upper()):
        for base in MEANING[letter]:
            rows["ACGT".index(base)][position] = 1 / len(MEANING[letter])
    return rows


def pairs(sequence):
    """How often each pair of neighbours occurs."""
    return Counter(pairwise(sequence))


def all_dinucleotide_shuffles(sequence):
    """Every distinct sequence with the same pairs of neighbours, by walking all ways."""
    left = pairs(sequence)
    found = []

    def walk(path):
        if len(path) == len(sequence):
            found.append("".join(path))
            return
        for pair in [pair for pair, count in left.items() if count and pair[0] == path[-1]]:
            left[pair] -= 1
            walk([*path, pair[1]])
            left[pair] += 1

    # The first letter of any walk over the same pairs is the same, unless it is a circuit; a shuffle keeps it.
    walk([sequence[0]])
    return sorted(found)


def all_orders(sequence):
    """Every distinct order of the letters."""
    return sorted({"".join(order) for order in permutations(sequence)})


def reverse_complement(sequence):
    """The other strand, letter by letter."""
    return "".join(PARTNER[letter] for letter in reversed(sequence))


def words(sequence, length):
    """Distinct words of A, C, G, T, each with its reverse complement counted as one."""
    found = set()
    for i in range(len(sequence) - length + 1):
        word = sequence[i : i + length]
        if set(word) <= set("ACGT"):
            found.add(min(word, reverse_complement(word)))
    return found


def related(sequences, loci, *, gap=0, word=16, common=50):
    """Group numbers by comparing every example with every other, then spreading the smallest number."""
    listed = [words(sequence, word) for sequence in sequences]
    standing = Counter(w for ws in listed for w in ws)

    def linked(i, j):
        a, b = loci[i], loci[j]
        if a and b and a[0] == b[0] and max(a[1], b[1]) <= min(a[2], b[2]) + gap:
            return True
        if set(sequences[i]) != {"N"} and sequences[j] in (sequences[i], reverse_complement(sequences[i])):
            return True
        shared = [w for w in listed[i] & listed[j] if standing[w] <= common]
        return bool(shared) and len(shared) >= 0.5 * min(len(listed[i]), len(listed[j]))

    groups = list(range(len(sequences)))
    changed = True
    while changed:
        changed = False
        for i in range(len(sequences)):
            for j in range(i):
                if groups[i] != groups[j] and linked(i, j):
                    groups[i] = groups[j] = min(groups[i], groups[j])
                    changed = True
    order = {}
    return [order.setdefault(group, len(order)) for group in groups]


def best_share(sequence, pwm):
    """The best window's log-odds score, either strand, as a share of the best score that any sequence has."""
    from math import log2

    width = len(pwm[0])
    score = [{base: log2((pwm["ACGT".index(base)][k] + 0.01) / 1.04 / 0.25) for base in "ACGT"} for k in range(width)]
    best = sum(max(column.values()) for column in score)
    return max(
        sum(score[k][window[k]] for k in range(width)) / best
        for strand in (sequence, reverse_complement(sequence))
        for window in (strand[i : i + width] for i in range(len(strand) - width + 1))
    )
