"""How like natural ones and how unlike one another sequences are, counted on strings."""

from collections import Counter
from math import log2

from naive.motif_questions import turned

BASES = "ACGT"


def percentile(value: float, among: list[float], slack: float = 0.0) -> float:
    equal = sum(abs(one - value) <= slack for one in among)
    below = sum(one < value for one in among) - sum(value - slack <= one < value for one in among)
    return 100 * (below + equal / 2) / len(among)


def words(sequence: str, width: int) -> list[str]:
    """On both strands; a word with an unknown letter is none."""
    found = [strand[i : i + width] for strand in (sequence, turned(sequence)) for i in range(len(sequence) - width + 1)]
    return [word for word in found if set(word) <= set(BASES)]


def divergence(own: list[str], others: list[str]) -> float:
    """Jensen-Shannon, in bits."""
    p, q = Counter(own), Counter(others)
    total = 0.0
    for word in {*p, *q}:
        a, b = p[word] / len(own), q[word] / len(others)
        for one in (a, b):
            if one:
                total += one * log2(one / ((a + b) / 2)) / 2
    return total


def word_distances(designs: list[str], natural: list[str], width: int) -> tuple[list[float], list[float]]:
    """Of designs from all natural sequences, and of each natural one from the others."""
    held = [words(one, width) for one in natural]
    everything = [word for one in held for word in one]
    ours = [divergence(words(one, width), everything) for one in designs]
    theirs = [
        divergence(own, [word for j, one in enumerate(held) if j != i for word in one]) for i, own in enumerate(held)
    ]
    return ours, theirs


def likelihood(sequence: str, others: list[str]) -> float:
    """Mean log2-likelihood of the letters under the chain of order 2 of the others, one more counted of everything."""
    both = [strand for one in others for strand in (one, turned(one))]
    pairs = Counter(one[i : i + 2] for one in both for i in range(len(one) - 1))
    triples = Counter(one[i : i + 3] for one in both for i in range(len(one) - 2))
    first = pairs[sequence[:2]] + 1
    total = log2(first / (sum(pairs.values()) + 16))
    for i in range(2, len(sequence)):
        context = sequence[i - 2 : i]
        seen = sum(triples[context + base] for base in BASES)
        total += log2((triples[context + sequence[i]] + 1) / (seen + 4))
    return total / len(sequence)


def differences(one: str, other: str) -> int:
    return sum(a != b for a, b in zip(one, other, strict=True))


def edits(start: str, design: str) -> int:
    """Fewest edits from any beginning of one that ends with the other, what is over on the right being free."""
    rows = [[i + j if not (i and j) else 0 for j in range(len(design) + 1)] for i in range(len(start) + 1)]
    for i in range(1, len(start) + 1):
        for j in range(1, len(design) + 1):
            rows[i][j] = min(
                rows[i - 1][j] + 1, rows[i][j - 1] + 1, rows[i - 1][j - 1] + (start[i - 1] != design[j - 1])
            )
    ends = [*(rows[len(start)]), *(row[len(design)] for row in rows)]
    return min(min(ends), differences(start, design))
