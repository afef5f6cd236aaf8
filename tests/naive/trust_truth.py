"""Planted truth, null maps and localisation from their definitions, one number at a time."""

from collections import Counter
from itertools import permutations
from math import log2

import numpy as np
from scipy.stats import spearmanr

COMPLEMENT = str.maketrans("ACGTN", "TGCAN")


def reverse(word):
    return word.translate(COMPLEMENT)[::-1]


def fits(word, text):
    return all(letter in ("N", found) for letter, found in zip(word, text, strict=True))


def starts(word, sequence):
    """Where a word with N stands in a sequence, on the forward strand."""
    return [i for i in range(len(sequence) - len(word) + 1) if fits(word, sequence[i : i + len(word)])]


def there(word, sequence):
    return int(bool(starts(word, sequence) or starts(reverse(word), sequence)))


def at_gap(first, second, gap, sequence):
    """Whether the second word follows the first at the gap, on either strand."""
    whole = first + "N" * gap + second
    return there(whole, sequence)


def grammar_score(name, sequence, words, gap):
    """The closed form of a grammar, read off the letters."""
    a, b, c = (there(words[motif], sequence) for motif in ("alpha", "beta", "gamma"))
    return {
        "single": a,
        "decoys": a + 0 * c,
        "and": a * b,
        "or": a + b - a * b,
        "xor": a + b - 2 * a * b,
        "repression": a * (1 - b),
        "cooperative": a + b + 2 * a * b,
        "spacing": at_gap(words["alpha"], words["beta"], gap, sequence),
    }[name]


def shapley(worth, players):
    """The mean over all orders of the players of what each adds when it comes."""
    total = dict.fromkeys(players, 0.0)
    orders = list(permutations(players))
    for order in orders:
        present = frozenset()
        for player in order:
            total[player] += worth(present | {player}) - worth(present)
            present |= {player}
    return [total[player] / len(orders) for player in players]


def top_share(values, count):
    """How often each entry is among the `count` largest, over all orders of the entries that tie."""
    share = np.zeros(len(values))
    orders = list(permutations(range(len(values))))
    for order in orders:
        first = sorted(order, key=lambda i: -values[i])[:count]  # sorted is stable: ties stay in the order tried
        share[first] += 1
    return share / len(orders)


def word_rarity(sequences, width):
    counts = Counter(s[i : i + width] for s in sequences for i in range(len(s) - width + 1))
    counts = Counter({word: n for word, n in counts.items() if "N" not in word})
    total = sum(counts.values()) + 4**width
    rows = []
    for s in sequences:
        row = []
        for position in range(len(s)):
            words = [s[i : i + width] for i in range(position - width + 1, position + 1) if 0 <= i <= len(s) - width]
            bits = [-log2((counts[word] + 1) / total) for word in words if "N" not in word]
            row.append(float(np.mean(bits)) if bits else 0.0)
        rows.append(row)
    return np.array(rows)


def motif_scan(sequences, scorings):
    found = np.zeros((len(sequences), len(sequences[0])))
    for number, sequence in enumerate(sequences):
        for scoring in scorings:
            width = scoring.shape[1]
            for start in range(len(sequence) - width + 1):
                text = sequence[start : start + width]
                for word in (text, reverse(text)):
                    total = sum(scoring["ACGT".index(letter), i] for i, letter in enumerate(word) if letter != "N")
                    window = found[number, start : start + width]
                    window[:] = np.maximum(window, total)
    return found


def holm(p_values):
    """The largest of the scaled p-values so far, by increasing p-value, at most 1."""
    corrected = [0.0] * len(p_values)
    running = 0.0
    for rank, place in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        running = max(running, (len(p_values) - rank) * p_values[place])
        corrected[place] = min(1.0, running)
    return corrected


def null_p_value(maps, nulls):
    """Two-sided, over all ways to deal out the nulls."""
    count = len(maps)
    table = [[spearmanr(one, other).statistic for other in nulls] for one in maps]
    means = [np.mean([table[i][order[i]] for i in range(count)]) for order in permutations(range(count))]
    centre = np.mean(table)
    return float(np.mean([abs(m - centre) >= abs(means[0] - centre) - 1e-9 for m in means]))


def mantel(first, second):
    """Spearman over pairs and its one-sided p-value over all orders."""
    count = len(first)
    pairs = [(i, j) for i in range(count) for j in range(i)]
    values = []
    for order in permutations(range(count)):
        ones = [first[i][j] for i, j in pairs]
        others = [second[order[i]][order[j]] for i, j in pairs]
        values.append(spearmanr(ones, others).statistic)
    return values[0], float(np.mean([value >= values[0] - 1e-9 for value in values]))
