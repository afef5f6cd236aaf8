"""Motifs in designs: shared words that natural sequences lack, and the leading ones of many."""

import numpy as np
import pandas as pd
import pytest

from naive import companions as naive
from naive.motif_questions import put, random_sequences, turned
from seqinterp.design.judging.motif_content import (
    FOUND,
    GIVEN,
    RARE,
    SITE_COLUMNS,
    core_width,
    covered,
    holders,
    leading_motifs,
    shared_words,
    unnatural,
    word_sites,
)

WORD = "GGGACATTT"


def sites(*rows):
    """(design, start, stop, motif) with kind and p-value where they are told."""
    filled = [(d, a, b, "+", m, *(rest or (GIVEN, 1e-5))) for d, a, b, m, *rest in rows]
    return pd.DataFrame(filled, columns=list(SITE_COLUMNS))


def test_a_core_is_as_long_as_chance_asks():
    for length in (8, 60, 101, 102, 103, 500, 2114):
        width = core_width(length)
        assert 2 * length / 4**width <= 0.05
        assert width == 6 or 2 * length / 4 ** (width - 1) > 0.05
    assert core_width(101) == 6


def test_a_word_that_natural_sequences_lack_is_found_as_it_reads():
    designs = [put(one, 5 + i, WORD) for i, one in enumerate(random_sequences(10, 60, seed=1))]
    natural = random_sequences(50, 60, seed=2)
    table = shared_words(designs, natural)
    assert len(table) == 1
    row = table.iloc[0]
    assert WORD in row["motif"]
    assert row["kind"] == FOUND
    assert row["top_share"] == sum(naive.holds(one, row["motif"]) for one in natural) / 50
    cores = [row["motif"][i : i + 6] for i in range(len(row["motif"]) - 5)]
    assert row["core_share"] == max(sum(naive.holds(one, core) for one in natural) / 50 for core in cores)
    assert row["core_share"] < RARE
    assert unnatural(table).tolist() == [True]


def test_a_word_with_rare_flanks_around_what_natural_sequences_hold_is_natural():
    """The designs share nine letters; natural sequences hold six of them."""
    designs = [put(one, 5 + i, WORD) for i, one in enumerate(random_sequences(10, 60, seed=1))]
    natural = [put(one, 20, WORD[1:7]) if i % 2 else one for i, one in enumerate(random_sequences(50, 60, seed=2))]
    table = shared_words(designs, natural)
    assert len(table) == 1
    assert table["top_share"][0] == 0
    assert table["core_share"][0] >= 0.5
    assert unnatural(table).tolist() == [False]


def test_words_that_natural_sequences_hold_as_often_are_no_news():
    held = [put(one, 5 + i % 40, WORD) for i, one in enumerate(random_sequences(60, 60, seed=1))]
    table = shared_words(held[:10], held[10:])
    assert len(table) == 0
    assert unnatural(table).tolist() == []


def test_sites_of_words_and_their_holders():
    table = word_sites("TGACTCA", ["AATGACTCAAA", turned("CTGACTCA"), "AAAA", "TGACTCATGACTCA"], GIVEN)
    assert table[["design", "start", "stop", "strand"]].to_numpy().tolist() == [
        [0, 2, 9, "+"], [1, 0, 7, "-"], [3, 0, 7, "+"], [3, 7, 14, "+"],
    ]  # fmt: skip
    assert set(table["kind"]) == {GIVEN}
    assert table["p_value"].isna().all()
    assert holders(table).to_dict() == {"TGACTCA": 3}
    grid = covered(table, 4, 14)
    assert grid.sum(axis=1).tolist() == [7, 7, 0, 14]
    assert grid[0].nonzero()[0].tolist() == list(range(2, 9))


def test_the_leading_motifs_are_one_of_each_family():
    table = sites(
        *[(d, 10, 18, "AP1", GIVEN, 1e-6) for d in range(4)],
        *[(d, 11, 19, "FOS", GIVEN, 1e-5) for d in range(4)],  # under the sites of the first
        *[(d, 30, 36, "WORD", FOUND, np.nan) for d in range(4)],
        *[(d, 30, 40, "LATE", GIVEN, 1e-4) for d in range(2)],  # six of ten bases under WORD
        (0, 0, 5, "ONCE"),
    )
    assert leading_motifs(table, 9) == ["AP1", "WORD", "ONCE"]
    assert leading_motifs(table, 2) == ["AP1", "WORD"]
    assert leading_motifs(table, 9, least=2) == ["AP1", "WORD"]
    assert leading_motifs(table.sample(frac=1, random_state=1), 9) == ["AP1", "WORD", "ONCE"]
    assert leading_motifs(table.iloc[:0], 3) == []


@pytest.mark.parametrize(("over", "kept"), [(5, True), (6, False)])
def test_half_of_the_sites_may_lie_under_others(over, kept):
    table = sites((0, 0, 20, "A"), (1, 0, 20, "A"), (0, 20 - over, 30 - over, "B"))
    assert leading_motifs(table, 2) == ["A", "B"] if kept else ["A"]
