"""Sequences that keep all constraints, and constraints that none can keep."""

import time

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from naive import constraints as naive
from seqinterp.design.constraints.composition import GcShare, Homopolymer
from seqinterp.design.constraints.conflicts import proven
from seqinterp.design.constraints.custom import Custom
from seqinterp.design.constraints.laid_out import laid_out
from seqinterp.design.constraints.positions import Apart, EditBudget, Protected
from seqinterp.design.constraints.protein import Protein
from seqinterp.design.constraints.repair import repaired
from seqinterp.design.constraints.rules import Rules
from seqinterp.design.constraints.words import Forbidden, Required
from seqinterp.errors import InfeasibleError
from seqinterp.sequence.alphabet import letter_codes, letters_of


def coded(text):
    return letter_codes(text, "it").copy()


def drawn(length, seed=0):
    return np.random.default_rng(seed).integers(4, size=length).astype(np.uint8)


def ordinary(length):
    """Constraints as for a synthesised sequence."""
    return [
        Homopolymer(5),
        GcShare(0.4, 0.6, min(50, length)),
        Forbidden("GAATTC", "EcoRI"),
        Forbidden("GGTCTC", "BsaI"),
        Forbidden("TGACTCA"),
        Required("CACGTG"),
    ]


def mended(codes, start, rules, seed=0):
    found = repaired(codes, start, rules, seed=seed)
    assert rules.keep(found[None], start[None])[0]
    return found


@pytest.mark.parametrize("length", [30, 101, 300])
@pytest.mark.parametrize("seed", range(3))
def test_ordinary_constraints_are_met_all_at_once(length, seed):
    start = drawn(length, seed)
    text = letters_of(mended(start, start, Rules(tuple(ordinary(length)))))
    assert naive.gc(text, 0.4, 0.6, min(50, length))
    assert naive.longest_run(text) <= 5
    assert naive.places(text, "CACGTG")
    assert not any(naive.places(text, word) for word in ("GAATTC", "GGTCTC", "TGACTCA"))


@pytest.mark.parametrize("seed", range(3))
def test_a_start_that_is_far_is_brought_within_edits_and_protein(seed):
    start, codes = drawn(101, seed), drawn(101, seed + 50)
    rules = Rules((Protected(((40, 50),)), EditBudget(20), Protein(3, 33, "-"), Apart(2), Required("CACGTG")))
    text, begun = letters_of(mended(codes, start, rules)), letters_of(start)
    assert naive.protects(text, begun, [(40, 50)])
    assert naive.edits(begun, text)[0] <= 20
    assert naive.keeps_protein(text, begun, (3, 33, "-"))


@pytest.mark.parametrize("seed", range(3))
def test_short_sequences_with_much_asked_of_them(seed):
    start = drawn(12, seed)
    rules = Rules((GcShare(0.5, 0.5, 4), Homopolymer(1), Forbidden("GATC"), Forbidden("CATG"), Required("CAC")))
    mended(start, start, rules)


def test_windows_that_determine_nearly_everything():
    start = drawn(101)
    mended(start, start, Rules((Homopolymer(3), GcShare(0.48, 0.52, 25), Forbidden("GATC"), Forbidden("CATG"))))


def test_edits_are_undone_where_bases_have_moved():
    start = drawn(101)
    codes = np.insert(np.delete(start, 70), 20, (start[20] + 1) % 4).astype(np.uint8)
    codes[50] = (codes[50] + 1) % 4
    assert naive.edits(letters_of(start), letters_of(codes))[0] == 3
    found = mended(codes, start, Rules((EditBudget(2),)))
    assert naive.edits(letters_of(start), letters_of(found))[0] == 2


def test_what_keeps_the_rules_is_left_alone():
    codes = coded("ACGTACGTACGT")
    assert repaired(codes, codes, Rules((Homopolymer(1),))) is codes
    assert repaired(codes, drawn(12), Rules()) is codes


@pytest.mark.parametrize("length", [8, 40])
def test_it_is_a_rule_of_the_seed_and_touches_no_other_random_state(length):
    start = drawn(length, 3)
    rules = Rules((Homopolymer(2), GcShare(0.5, 0.5), Required("CACG")))
    state = str(np.random.get_state())  # noqa: NPY002
    first = repaired(start, start, rules, seed=5)
    assert (repaired(start, start, rules, seed=5) == first).all()
    assert str(np.random.get_state()) == state  # noqa: NPY002


def test_other_seeds_find_other_sequences():
    start = drawn(101, 1)
    rules = Rules(tuple(ordinary(101)))
    assert len({letters_of(repaired(start, start, rules, seed=seed)) for seed in range(5)}) > 1


@settings(max_examples=60, deadline=None)
@given(
    st.text("ACG", min_size=2, max_size=5),
    st.integers(1, 3),
    st.sampled_from([0.25, 0.4, 0.5]),
    st.text("ACGT", min_size=1, max_size=3),
)
def test_of_few_sequences_the_nearest_is_found_or_none_exists(text, run, low, word):
    start = coded(text)
    rules = Rules((Homopolymer(run), GcShare(low, 0.6), Forbidden(word)))
    every = np.stack(np.meshgrid(*[np.arange(4, dtype=np.uint8)] * len(text), indexing="ij"), -1).reshape(-1, len(text))
    kept = [
        row
        for row in every
        if naive.gc(letters_of(row), low, 0.6)
        and naive.longest_run(letters_of(row)) <= run
        and not naive.places(letters_of(row), word)
    ]
    if not kept:
        with pytest.raises(InfeasibleError, match="cannot be met"):
            repaired(start, start, rules)
        return
    assert (mended(start, start, rules) != start).sum() == min((row != start).sum() for row in kept)


@pytest.mark.parametrize(
    ("text", "conflicting", "innocent", "message"),
    [
        (
            "ACTGAATTCACCAT",
            [Protected(((2, 10),)), Forbidden("GAATTC", "EcoRI")],
            [Homopolymer(3), GcShare(0.1, 0.9)],
            "cannot be met together: what cannot change reads GAATTC at 3",
        ),
        (
            "ACTACTACTACTACT",
            [Required("TGGTCTCA"), Forbidden("GAGACC", "BsaI")],
            [Homopolymer(3), Forbidden("GATC")],
            "cannot be met together: TGGTCTCA breaks the second wherever it stands",
        ),
        (
            "GCGCGCGCATATATATATAT",
            [Protected(((0, 8),)), GcShare(0.2, 0.5, 10)],
            [EditBudget(6), Forbidden("TTTT")],
            "bases 0 to 10 can only have 8 to 10 G or C of 10",
        ),
        ("ACGT", [Required("ACGTA")], [Homopolymer(2)], "fits at no places of 4 bases"),
        (
            "ACGGGGTACA",
            [EditBudget(0), Homopolymer(3)],
            [Forbidden("TTTT"), Protected(((0, 2),))],
            "the start itself does not keep the second: the longest run is 4 G at 2",
        ),
        ("ACTACGAAAAAACT", [Protected(((6, 12),)), Homopolymer(5)], [Required("GAC")], "has 6 A in a row at 6"),
        ("ACTATGTGGACT", [Protein(3, 9), Forbidden("TGTG")], [Apart(2)], "what cannot change reads TGTG at 4"),
        ("ACTCCACATACT", [Protein(3, 9, "-"), Forbidden("TGTGG")], [Apart(2)], "reads CCACA at 3"),
        (
            "ACTATGGTACGTACT",
            [Protected(((8, 9),)), Protein(3, 9), Forbidden("ATGGTA")],
            [Homopolymer(3)],
            "cannot be met together",
        ),
        ("ACTACTACT", [GcShare(0.45, 0.55, 5)], [Homopolymer(3)], "can only have 0 to 5 G or C of 5"),
        ("ACGTACGTACGT", [GcShare(0.4, 0.6, 6), Required("CACGTG")], [Homopolymer(3)], "breaks the second wherever"),
        ("ACGTACGTAC", [Protected(((2, 9),)), Required("CACGT")], [Homopolymer(3)], "fits at no places of 10 bases"),
    ],
)
def test_conflicts_that_can_be_read_off(text, conflicting, innocent, message):
    start = coded(text)
    rules = Rules((*innocent[:1], *conflicting, *innocent[1:]))
    with pytest.raises(InfeasibleError, match=message) as caught:
        repaired(start[::-1].copy() if "itself" in message else start, start, rules)
    assert set(caught.value.constraints) == {each.name for each in conflicting}
    assert all(each.name in str(caught.value) for each in conflicting)
    assert not any(each.name in str(caught.value) for each in innocent)


def no_a(texts):
    return ["A" not in text for text in texts]


@pytest.mark.parametrize(
    ("text", "conflicting", "innocent", "message"),
    [
        ("ACACAC", [Homopolymer(1), *(Forbidden(word) for word in ("YR", "AG"))], [Forbidden("RY")], "every"),
        (
            "ACGTAC",
            [Required("CAT"), Custom(no_a)],
            [Homopolymer(4), Forbidden("GGG")],
            "cannot be met together: every",
        ),
        ("AAAAAAAA", [EditBudget(1), Required("CG")], [Homopolymer(8)], "cannot be met together: every"),
        ("A" * 24, [EditBudget(2), Required("CGCG")], [Forbidden("GGG")], "no sequence was found that"),
        ("ATTA" * 6, [Apart(5), Required("GCG")], [Homopolymer(9)], "no sequence was found that"),
    ],
)
def test_conflicts_that_a_search_finds(text, conflicting, innocent, message):
    start = coded(text)
    rules = Rules((*innocent[:1], *conflicting, *innocent[1:]))
    assert proven(start, start, rules) is None
    with pytest.raises(InfeasibleError, match=message) as caught:
        repaired(start, start, rules)
    assert set(caught.value.constraints) == {each.name for each in conflicting}
    assert not any(f"'{each.name}'" in str(caught.value) for each in innocent)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_what_is_proven_is_true(data):
    """Nothing that some sequence keeps is called impossible: all sequences of five bases are tried."""
    start = coded(data.draw(st.text("ACGT", min_size=5, max_size=5)))
    span = data.draw(st.sampled_from([(0, 2), (1, 4), (2, 5), (0, 4)]))
    word = st.text("ACGTRYN", min_size=1, max_size=4)
    low, high = data.draw(st.sampled_from([(0.0, 0.5), (0.5, 1.0), (0.4, 0.6)]))
    every = [
        Protected((span,)),
        Protein(*data.draw(st.sampled_from([(0, 3), (2, 5)])), data.draw(st.sampled_from("+-"))),
        EditBudget(data.draw(st.integers(0, 1))),
        GcShare(low, high, data.draw(st.sampled_from([None, 2, 4]))),
        Homopolymer(data.draw(st.integers(1, 3))),
        Forbidden(data.draw(word)),
        Required(data.draw(word), data.draw(st.integers(1, 3))),
    ]
    chosen = data.draw(st.lists(st.sampled_from(range(7)), min_size=1, max_size=5, unique=True))
    found = proven(start, start, Rules(tuple(every[number] for number in chosen)))
    if found is not None:
        designs = np.stack(np.meshgrid(*[np.arange(4, dtype=np.uint8)] * 5, indexing="ij"), -1).reshape(-1, 5)
        assert not Rules(found.constraints).keep(designs, np.repeat(start[None], len(designs), axis=0)).any()


def test_unknown_bases_stay_or_become_known():
    start = coded("ACGNNACGTAAAAAAAGT")
    found = mended(start, start, Rules((Homopolymer(3), Protected(((3, 5),)))))
    assert letters_of(found)[3:5] == "NN"
    filled = mended(coded("NNNN"), coded("NNNN"), Rules((Required("CG"),)))
    assert naive.places(letters_of(filled), "CG")


def test_a_layout_keeps_what_windows_say():
    start = drawn(200)
    rules = Rules((Homopolymer(2), GcShare(0.45, 0.55, 20), Forbidden("GATC"), Protected(((50, 53),))))
    found = laid_out(start, start, rules, np.random.default_rng(0))
    text = letters_of(found)
    assert naive.gc(text, 0.45, 0.55, 20)
    assert (found[50:53] == start[50:53]).all()


def test_it_is_quick():
    start = drawn(101)
    rules = Rules(tuple(ordinary(101)))
    repaired(start, start, rules)
    began = time.perf_counter()
    repaired(drawn(101, 9), start, rules)
    assert time.perf_counter() - began < 1
