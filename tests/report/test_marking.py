"""Marks, shades and underlines fall on the right bases."""

import re
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, strategies as st

from seqinterp.errors import AlphabetError
from seqinterp.report.marking import SHADES, coloured_bases, pattern_spans, stretches

IUPAC = {"A": "A", "C": "C", "G": "G", "T": "T", "N": "ACGT", "S": "CG", "R": "AG", "Y": "CT"}
OTHER_STRAND = {"A": "T", "C": "G", "G": "C", "T": "A", "N": "N", "S": "S", "R": "Y", "Y": "R"}


def naive_marked(sequence: str, patterns: list[str]) -> list[bool]:
    """Base by base: is it under any window that spells a pattern or its reverse complement?"""
    marked = [False] * len(sequence)
    for pattern in patterns:
        for word in (pattern, "".join(OTHER_STRAND[letter] for letter in reversed(pattern))):
            for start in range(len(sequence) - len(word) + 1):
                if all(sequence[start + i] in IUPAC[letter] for i, letter in enumerate(word)):
                    marked[start : start + len(word)] = [True] * len(word)
    return marked


@pytest.mark.parametrize(
    ("sequence", "patterns", "spans"),
    [
        ("AATGACTCAAA", ["TGACTCA"], [(2, 9)]),
        ("AATGAGTCAAA", ["TGACTCA"], [(2, 9)]),  # the other strand
        ("aatgactcaaa", ["TGACTCA"], [(2, 9)]),
        ("TGACTGACTG", ["TGACTG"], [(0, 10)]),  # two that overlap are one
        ("TGACTCATGACTCA", ["TGACTCA"], [(0, 7), (7, 14)]),  # touching is not overlapping
        ("AAAA", ["AAA"], [(0, 4)]),  # a match inside a match
        ("TGACTCA", ["TGASTCA"], [(0, 7)]),
        ("GGGG", ["TGACTCA"], []),
        ("", ["TGACTCA"], []),
        ("ACGT", [], []),
    ],
)
def test_spans_by_hand(sequence, patterns, spans):
    assert pattern_spans(sequence, patterns) == spans


@given(st.text("ACGT", max_size=40), st.lists(st.text("ACGTNSRY", min_size=1, max_size=4), max_size=3))
def test_spans_agree_with_a_look_at_every_window(sequence, patterns):
    spans = pattern_spans(sequence, patterns)
    marked = [any(start <= i < stop for start, stop in spans) for i in range(len(sequence))]
    assert marked == naive_marked(sequence, patterns)
    assert all(stop <= start for (_, stop), (start, _) in pairwise(spans))
    parts = stretches(sequence, spans)
    assert "".join(part.letters for part in parts) == sequence
    assert [part.letters for part in parts if part.marked] == [sequence[start:stop] for start, stop in spans]


@pytest.mark.parametrize("word", ["TGA-CA", "", "TGA(", "JUND"])
def test_a_pattern_that_is_no_word_is_refused(word):
    with pytest.raises(AlphabetError, match=re.escape(repr(word))):
        pattern_spans("ACGT", [word])


def test_bases_take_the_shade_of_their_saliency(contents):
    row = contents.top_sequences[0]
    bases = coloured_bases(replace(row, saliency=np.linspace(0, 1, 101)))
    assert "".join(base.letter for base in bases) == row.sequence
    assert [base.shade for base in bases][::50] == [0, SHADES // 2, SHADES]
    assert [base.planted for base in bases] == row.truth.tolist()
    assert not any(base.planted for base in coloured_bases(replace(row, truth=None)))
