"""Constraints on designed sequences, on strings and one at a time."""

import re
from itertools import groupby, pairwise

from Bio.Data.CodonTable import unambiguous_dna_by_id

LETTERS = {
    "A": "A", "C": "C", "G": "G", "T": "T", "N": "ACGTN", "R": "AG", "Y": "CT", "S": "CG", "W": "AT", "K": "GT",
    "M": "AC", "B": "CGT", "D": "AGT", "H": "ACT", "V": "ACG",
}  # fmt: skip
OTHER = dict(zip("ACGTNRYSWKMBDHV", "TGCANYRSWMKVHDB", strict=True))


def other_strand(text):
    return "".join(OTHER[letter] for letter in reversed(text))


def protects(design, start, spans):
    return all(design[a:b] == start[a:b] for a, b in spans)


def gc(design, low, high, window=None):
    width = window or len(design)
    for begin in range(len(design) - width + 1):
        known = [letter for letter in design[begin : begin + width] if letter != "N"]
        if known and not low <= sum(letter in "GC" for letter in known) / len(known) <= high:
            return False
    return True


def longest_run(design):
    return max((len(list(run)) for letter, run in groupby(design) if letter != "N"), default=0)


def places(design, word):
    """Where a word stands, on either strand."""
    found = set()
    for form in (word, other_strand(word)):
        pattern = "(?=" + "".join(f"[{LETTERS[letter]}]" for letter in form) + ")"
        found |= {match.start() for match in re.finditer(pattern, design)}
    return found


def codons(text, start, stop, strand):
    span = text[start:stop] if strand == "+" else other_strand(text[start:stop])
    return [span[i : i + 3] for i in range(0, len(span), 3)]


def meaning(codon, code=1):
    if "N" in codon:
        return codon
    return unambiguous_dna_by_id[code].forward_table.get(codon, "*")


def keeps_protein(design, start, span, code=1):
    before, after = (codons(text, *span) for text in (start, design))
    return all(meaning(a, code) == meaning(b, code) for a, b in zip(before, after, strict=True))


def hits(text, scores, least):
    """Place and strand of every window that scores enough; scores[column][base]."""
    found = set()
    for begin in range(len(text) - len(scores) + 1):
        window = text[begin : begin + len(scores)]
        for strand, read in (("+", window), ("-", other_strand(window))):
            if "N" not in read and sum(line["ACGT".index(x)] for line, x in zip(scores, read, strict=True)) >= least:
                found.add((begin, strand))
    return found


def edits(start, design):
    """Fewest edits, and of those the fewest insertions and deletions; what is left of either at the end is free."""
    rows, columns = len(start), len(design)
    table = [[(i + j, i + j) for j in range(columns + 1)] for i in range(rows + 1)]
    for i in range(1, rows + 1):
        for j in range(1, columns + 1):
            (same, moved), (down, d), (across, a) = table[i - 1][j - 1], table[i - 1][j], table[i][j - 1]
            ways = [(same + (start[i - 1] != design[j - 1]), moved), (down + 1, d + 1), (across + 1, a + 1)]
            table[i][j] = min(ways)
    return min(min(table[rows]), min(line[columns] for line in table))


def made(start, design, steps):
    """`start` after the steps of a script; what enters at the right end is taken from `design`."""
    text, place = "", 0
    for kind, before, after, old, new in steps:
        text += start[place:before]
        assert len(text) == after
        place = before
        if kind != "insertion":
            assert start[before] == old
            place += 1
        text += new
    text += start[place:]
    return text[: len(design)] + design[len(text) :]


def distances_between(start, design, steps):
    """How far apart neighbouring edits are."""
    differ = [i for i, (a, b) in enumerate(zip(start, design, strict=True)) if a != b]
    if len(steps) == len(differ):
        return [b - a for a, b in pairwise(differ)]
    return [max(b[1] - a[1], b[2] - a[2]) for a, b in pairwise(steps)]
