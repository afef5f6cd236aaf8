"""Slow oracles for hits: window by window, base by base, with the exact distribution of scores by its definition."""

import math
from collections import Counter, namedtuple
from itertools import product

import numpy as np

Window = namedtuple("Window", "worth coefficient similarity odds")
Site = namedtuple("Site", "motif strand start worth coefficient similarity")


def informative(cwm):
    """Columns that hold at least 0.3 of what the largest holds."""
    held = [sum(abs(value) for value in column) for column in cwm.T]
    return [place for place, value in enumerate(held) if value >= 0.3 * max(held)]


def window(contributions, inputs, motif, strand, start):
    """One window compared with one motif."""
    columns, pwm, pssm = informative(motif.cwm), motif.pwm, motif.pssm
    length = math.sqrt(sum(motif.cwm[base, place] ** 2 for place in columns for base in range(4)))
    strength = dot = seen = meant = odds = 0.0
    for place in columns:
        for base in range(4):
            at = start + (place if strand == "+" else motif.width - 1 - place)
            row = base if strand == "+" else 3 - base
            value, there = float(contributions[row, at]), float(inputs[row, at])
            expected = there * motif.cwm[base, place] / pwm[base, place]
            strength += value * motif.cwm[base, place] / length
            dot += value * expected
            seen += value**2
            meant += expected**2
            odds += there * pssm[base, place]
    if strength <= 0 or dot <= 0:
        return Window(0.0, 0.0, 0.0, odds)
    similarity = dot / math.sqrt(seen * meant)
    return Window(strength * similarity, dot / meant, similarity, odds)


def sites(contributions, inputs, motifs, limits):
    """The best window of all, what it explains taken away, then the best of the others."""
    left = contributions.astype(np.float64).copy()

    def looked_at(place):
        motif, strand, start = place
        found = window(left, inputs, motifs[motif], strand, start)
        good = found.worth > 0 and found.worth >= limits[motif] and found.similarity >= 0.5 and found.odds > 0
        return found if good else None

    every = [
        (motif, strand, start)
        for motif in range(len(motifs))
        for strand in "+-"
        for start in range(left.shape[1] - motifs[motif].width + 1)
    ]
    every = [place for place in every if looked_at(place)]
    result = []
    while True:
        now = {place: found for place in every if (found := looked_at(place))}
        if not now:
            return result
        most = max(found.worth for found in now.values())
        best = next(place for place in every if place in now and now[place].worth * (1 + 1e-5) >= most)
        result.append(Site(*best, *now[best][:3]))
        motif, strand, start = best
        width = motifs[motif].width
        for place in informative(motifs[motif].cwm):
            left[:, start + (place if strand == "+" else width - 1 - place)] = 0


def tail_by_listing(scores):
    """P(score >= s) for each score that some sequence has, by listing every sequence."""
    width = scores.shape[1]
    totals = Counter(
        sum(int(scores[base, i]) for i, base in enumerate(bases)) for bases in product(range(4), repeat=width)
    )
    return {total: sum(n for other, n in totals.items() if other >= total) / 4**width for total in totals}


def tail_by_programming(scores):
    """The same by dynamic programming: the chance of each total after one column, two columns and so on."""
    chance = {0: 1.0}
    for column in scores.T:
        after = Counter()
        for total, value in chance.items():
            for score in column:
                after[total + int(score)] += value / 4
        chance = after
    found, running = {}, 0.0
    for total in sorted(chance, reverse=True):
        running += chance[total]
        found[total] = running
    return found


def fimo(sequences, motifs, threshold):
    """Every window with a p-value below the threshold, (example, start, stop, strand, motif, score, p); and all tests.

    Windows with a letter other than A, C, G, T are not looked at.
    """
    rows, tests = [], Counter()
    for motif in motifs:
        scores = np.round(motif.pssm * 100)
        tail = tail_by_programming(scores)
        for example, sequence in enumerate(sequences):
            for start in range(len(sequence) - motif.width + 1):
                codes = ["ACGT".find(letter) for letter in sequence[start : start + motif.width]]
                if -1 in codes:
                    continue
                for strand in "+-":
                    read = codes if strand == "+" else [3 - code for code in reversed(codes)]
                    total = sum(int(scores[code, i]) for i, code in enumerate(read))
                    p_value = tail[total]
                    tests[motif.name] += 1
                    if p_value < threshold:
                        row = (example, start, start + motif.width, strand, motif.name, total / 100, p_value)
                        rows.append(row)
    return rows, tests


def benjamini_hochberg(p_values, tests):
    """The least of p * tests / rank over what is no more significant."""
    ranked = sorted(p_values)
    return [
        min(1.0, *(other * tests / (ranked.index(other) + ranked.count(other)) for other in ranked if other >= value))
        for value in p_values
    ]


def meetings(hits, names, examples):
    """Sequences that hold both motifs."""
    held = {name: {row.example for row in hits.itertuples() if row.motif == name} for name in names}
    return np.array([[len(held[one] & held[other]) for other in names] for one in names])


def distances(hits, first, second):
    """(distance, whether both read the same way) of every pair in one example."""
    rows = list(hits.itertuples())
    found = []
    for i, one in enumerate(rows):
        for j, other in enumerate(rows):
            if i == j or one.example != other.example or one.motif != first or other.motif != second:
                continue
            apart = (other.start + other.stop - one.start - one.stop) / 2 * (1 if one.strand == "+" else -1)
            found.append((apart, one.strand == other.strand))
    return found
