"""Edit lists, against edits of strings."""

from math import comb

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings, strategies

from naive import edits as naive
from seqinterp.errors import AlphabetError, InputError, ShapeError
from seqinterp.mutagenesis import edit_lists as module
from seqinterp.mutagenesis.edit_lists import (
    blanked,
    deletions,
    edit_list,
    insertions,
    kmers,
    pairs,
    shuffled,
    substitutions,
)
from seqinterp.mutagenesis.edits import joined
from seqinterp.sequence.onehot import decode, one_hot

SEQUENCES = ["ACGTTAGCCA", "GGNATTTACA", "NNCCCCCCAT"]
INPUTS = one_hot(SEQUENCES)
DNA = strategies.text("ACGTN", min_size=6, max_size=14)


def made(edits, inputs=INPUTS):
    """The edited sequences; every change is a real one."""
    rows = edits.apply(inputs)
    changed = (rows != inputs[edits.example]).any(dim=1).sum(dim=1)
    assert torch.equal(changed, edits.counts)
    return decode(rows)


@pytest.mark.parametrize(("start", "stop"), [(0, None), (2, 3), (4, 10)])
def test_substitutions(start, stop):
    found = substitutions(INPUTS, start=start, stop=stop)
    expected = [text for sequence in SEQUENCES for text in naive.substituted(sequence, start, stop)]
    assert made(found) == expected


def test_substitutions_at_positions_in_their_order():
    found = substitutions(INPUTS[:1], positions=[7, 2])
    assert made(found) == [text for p in (7, 2) for text in naive.substituted(SEQUENCES[0], p, p + 1)]


def test_a_mixture_has_four_substitutions():
    assert len(substitutions(one_hot("ARA"))) == 3 + 4 + 3


@pytest.mark.parametrize(("width", "positions"), [(1, None), (2, None), (3, [0, 6]), (4, [5])])
def test_kmers(width, positions):
    places = range(10 - width + 1) if positions is None else positions
    found = kmers(INPUTS, width=width, positions=positions)
    assert made(found) == [text for sequence in SEQUENCES for text in naive.words(sequence, width, places)]


def test_kmers_of_width_one_are_substitutions():
    one, other = kmers(INPUTS, width=1), substitutions(INPUTS)
    assert all(torch.equal(getattr(one, name), getattr(other, name)) for name in ("example", "position", "columns"))


@pytest.mark.parametrize("width", [0, 7])
def test_kmers_too_wide_are_refused_by_name(width):
    with pytest.raises(InputError, match=f"width {width} were asked for, but they can be 1 to 6 wide"):
        kmers(INPUTS, width=width)


@pytest.mark.parametrize(("width", "stride"), [(1, 1), (3, 1), (4, 3), (10, 1)])
def test_blanked(width, stride):
    starts = range(0, 10 - width + 1, stride)
    expected = [naive.put(sequence, start, "N" * width) for sequence in SEQUENCES for start in starts]
    assert made(blanked(INPUTS, width=width, stride=stride)) == expected


def test_shuffled_keeps_the_bases_of_the_window_and_all_else():
    texts = made(shuffled(INPUTS, width=4, stride=2, draws=3))
    expected = [(sequence, start) for sequence in SEQUENCES for start in (0, 2, 4, 6) for _ in range(3)]
    assert len(texts) == len(expected)
    for text, (sequence, start) in zip(texts, expected, strict=True):
        assert sorted(text[start : start + 4]) == sorted(sequence[start : start + 4])
        assert text[:start] + text[start + 4 :] == sequence[:start] + sequence[start + 4 :]


def test_shuffles_follow_from_the_example_and_the_place_alone():
    every = made(shuffled(INPUTS, width=6, seed=3))
    alone = [text for i in range(3) for text in made(shuffled(INPUTS[i : i + 1], width=6, seed=3), INPUTS[i : i + 1])]
    assert every == alone
    wide = made(shuffled(INPUTS, width=6, stride=2, seed=3))
    assert wide == [text for number, text in enumerate(every) if number % 5 in (0, 2, 4)]
    assert every != made(shuffled(INPUTS, width=6, seed=4))
    state = torch.get_rng_state()
    shuffled(INPUTS, width=6)
    assert torch.equal(torch.get_rng_state(), state)


def test_shuffles_are_all_orders_equally_often():
    inputs = one_hot("ACG")
    texts = made(shuffled(inputs, width=3, draws=6000), inputs)
    counts = pd.Series(texts).value_counts()
    assert len(counts) == 6
    assert counts.between(850, 1150).all()  # 1000 each, standard deviation 29


@pytest.mark.parametrize("keep", ["start", "stop"])
@pytest.mark.parametrize("width", [1, 3, 10])
def test_deletions(keep, width):
    expected = [
        naive.replaced(sequence, start, start + width, "", keep)
        for sequence in SEQUENCES
        for start in range(10 - width + 1)
    ]
    assert made(deletions(INPUTS, width=width, keep=keep)) == expected


@pytest.mark.parametrize("keep", ["start", "stop"])
def test_deletions_take_in_the_flank(keep):
    flanks = ["ACGTA", "TTTTT", "GATTA"]
    found = deletions(INPUTS, width=3, positions=[0, 4, 7], keep=keep, fill=one_hot(flanks))
    expected = [
        naive.replaced(sequence, start, start + 3, "", keep, flank)
        for sequence, flank in zip(SEQUENCES, flanks, strict=True)
        for start in (0, 4, 7)
    ]
    assert made(found) == expected
    assert "N" not in expected[0]


@pytest.mark.parametrize("keep", ["start", "stop"])
@pytest.mark.parametrize("word", ["A", "ACGT", "ACGTACGTACGTA"])
def test_insertions(keep, word):
    expected = [naive.replaced(sequence, place, place, word, keep) for sequence in SEQUENCES for place in range(11)]
    assert made(insertions(INPUTS, sequence=word, keep=keep)) == expected


def test_a_deletion_by_hand():
    inputs = one_hot("ACGTA")
    assert made(deletions(inputs, width=2, positions=[1]), inputs) == ["ATANN"]
    assert made(deletions(inputs, width=2, positions=[1], keep="stop"), inputs) == ["NNATA"]
    assert made(insertions(inputs, sequence="GG", positions=[1]), inputs) == ["AGGCG"]
    assert made(insertions(inputs, sequence="GG", positions=[3], keep="stop"), inputs) == ["GGGTA"]


def test_within_a_run_of_one_base_little_changes():
    inputs = one_hot("CAAAAG")
    found = deletions(inputs, width=1, positions=[1, 2, 3, 4])
    assert found.counts.tolist() == [2, 2, 2, 2]
    assert set(made(found, inputs)) == {"CAAAGN"}


@settings(max_examples=60, deadline=None, derandomize=True)
@given(DNA, strategies.text("ACGT", max_size=6), strategies.data(), strategies.sampled_from(["start", "stop"]))
def test_edit_list_is_replacing_in_a_string(sequence, word, data, keep):
    start = data.draw(strategies.integers(0, len(sequence)))
    stop = data.draw(strategies.integers(start, len(sequence)))
    table = pd.DataFrame({"start": [start], "stop": [stop], "sequence": [word]})
    inputs = one_hot(sequence)
    found = edit_list(inputs, table, keep=keep)
    assert made(found, inputs) == [naive.replaced(sequence, start, stop, word, keep)]


def test_edit_list_of_several_examples():
    table = pd.DataFrame(
        {
            "example": [2, 0, 0],
            "start": [0, 3, 9],
            "stop": [2, 3, 10],
            "sequence": ["AC", "TT", ""],
            "name": list("abc"),
        }
    )
    assert made(edit_list(INPUTS, table)) == ["ACCCCCCCAT", "ACGTTTTAGC", "ACGTTAGCCN"]
    assert len(edit_list(INPUTS, table[:0])) == 0


def test_little_by_little_is_the_same(monkeypatch):
    whole = insertions(INPUTS, sequence="ACG")
    monkeypatch.setattr(module, "CHANGES", 13)
    parts = insertions(INPUTS, sequence="ACG")
    assert all(torch.equal(getattr(whole, n), getattr(parts, n)) for n in ("example", "first", "position", "columns"))


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"example": [3]}, r"row 0 of the table of edits: \[1, 2\) of example 3 leaves the inputs, which are 3"),
        ({"start": [-1]}, r"\[-1, 2\) of example 0 leaves"),
        ({"stop": [11]}, r"\[1, 11\) of example 0 leaves"),
        ({"start": [1.5]}, "row 0 of the table of edits: start must be a whole number, not 1.5"),
        ({"sequence": [np.nan]}, "row 0 of the table of edits: sequence must be a string"),
    ],
)
def test_rows_that_cannot_be_meant_are_named(changed, sentence):
    table = pd.DataFrame({"example": [0], "start": [1], "stop": [2], "sequence": ["A"]} | changed)
    with pytest.raises(InputError, match=sentence):
        edit_list(INPUTS, table)


def test_other_refusals():
    with pytest.raises(InputError, match="lacks the column\\(s\\) stop, sequence"):
        edit_list(INPUTS, pd.DataFrame({"start": [1]}))
    with pytest.raises(AlphabetError, match="'X'"):
        edit_list(INPUTS, pd.DataFrame({"start": [1], "stop": [1], "sequence": ["AXA"]}))
    with pytest.raises(InputError, match="position 10 cannot be a substitution: it must be 0 to 9"):
        substitutions(INPUTS, positions=[3, 10])
    with pytest.raises(InputError, match="name one of them twice"):
        substitutions(INPUTS, positions=[3, 3])
    with pytest.raises(InputError, match="either a window"):
        substitutions(INPUTS, start=2, positions=[3])
    with pytest.raises(InputError, match="position 8 cannot be the start of a deletion of 3 bases"):
        deletions(INPUTS, width=3, positions=[8])
    with pytest.raises(InputError, match="keep must be 'start' or 'stop'"):
        deletions(INPUTS, width=3, keep="left")
    with pytest.raises(ShapeError, match=r"\(3, 4, 3 or more\)"):
        deletions(INPUTS, width=3, fill=one_hot(["AC"] * 3))
    with pytest.raises(InputError, match="a deletion must be 1 or more wide"):
        deletions(INPUTS, width=0)
    with pytest.raises(InputError, match="windows must be 1 to 10 wide"):
        blanked(INPUTS, width=11)
    with pytest.raises(InputError, match="draws must be 1 or more"):
        shuffled(INPUTS, width=2, draws=0)
    with pytest.raises(InputError, match="is empty or leaves the sequence"):
        substitutions(INPUTS, start=5, stop=5)
    with pytest.raises(ShapeError):
        substitutions(INPUTS.transpose(1, 2))


@pytest.mark.parametrize("piece", [1, 7, 10**6])
def test_pairs(piece):
    pieces = list(pairs(INPUTS, start=1, stop=6, piece=piece))
    assert max(map(len, pieces)) <= piece
    assert made(joined(pieces)) == [text for sequence in SEQUENCES for text in sorted_pairs(sequence)]


def sorted_pairs(sequence):
    """By position and base of the first, then of the second."""
    singles = [(p, base) for p in range(1, 6) for base in "ACGT" if base != sequence[p]]
    return [naive.put(naive.put(sequence, i, a), j, b) for i, a in singles for j, b in singles if j > i]


@pytest.mark.parametrize("width", [1, 2, 9])
def test_there_are_nine_pairs_of_every_two_positions(width):
    inputs = one_hot(["ACGTACGTA", "TTTTTTTTT"])
    found = list(pairs(inputs, stop=width))
    assert sum(map(len, found)) == 2 * 9 * comb(width, 2)
    texts = [text for piece in found for text in made(piece, inputs)]
    expected = [text for s in ("ACGTACGTA", "TTTTTTTTT") for text in naive.doubly_substituted(s, 0, width)]
    assert sorted(texts) == sorted(expected)
    assert len(set(texts)) == len(texts)


def test_double_precision_stays():
    double = INPUTS.double()
    lists = [substitutions(double), kmers(double, width=1), blanked(double, width=2), deletions(double, width=1)]
    lists += [insertions(double, sequence="A"), shuffled(double, width=3), next(pairs(double))]
    assert {edits.columns.dtype for edits in lists} == {torch.float64}
