"""Each constraint against an oracle on strings; several of them at once."""

import time

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from naive import constraints as naive
from seqinterp.design.constraints.composition import GcShare, Homopolymer
from seqinterp.design.constraints.custom import Custom
from seqinterp.design.constraints.motif_hits import NoNewHits
from seqinterp.design.constraints.positions import Apart, EditBudget, Protected
from seqinterp.design.constraints.protein import Protein
from seqinterp.design.constraints.rules import Rules
from seqinterp.design.constraints.words import Forbidden, Required
from seqinterp.design.edit_script import edit_script
from seqinterp.errors import InputError
from seqinterp.sequence.alphabet import letter_codes

MATRIX = np.array([[3, -2, 0, -2], [-1, 2, -1, 0], [0, 0, 4, -3]])


def coded(texts):
    return np.stack([letter_codes(text, "it") for text in texts])


def gaps(start, design):
    return naive.distances_between(start, design, edit_script(coded([start])[0], coded([design])[0]))


def no_ga(texts):
    return ["GA" not in text for text in texts]


@st.composite
def designs(draw):
    """A start and several designs of one length, near it or not; bases of two letters only make runs and words."""
    length = draw(st.integers(1, 30))
    letters = draw(st.sampled_from(["ACGT", "ACGTN", "AG", "CT", "AN"]))
    texts = st.text(letters, min_size=length, max_size=length)
    start, others = draw(texts), draw(st.lists(texts, min_size=1, max_size=3))
    for _ in range(draw(st.integers(0, 4))):
        near = list(start)
        for place in draw(st.lists(st.integers(0, length - 1), max_size=4)):
            near[place] = draw(st.sampled_from("ACGT"))
        others.append("".join(near))
    if length > 4:
        place = draw(st.integers(0, length - 1))
        others += [start[:place] + "A" + start[place:-1], start[:place] + start[place + 1 :] + "C"]
    return start, [*others, start]


@st.composite
def constraints(draw, length):
    """What makes a constraint, and what says of (start, design) whether it is kept.

    It is made later: run-time checks of types draw random numbers, which a strategy may not.
    """

    def span(whole=1):
        start = draw(st.integers(0, max(0, length - whole)))
        return start, start + whole * draw(st.integers(1, max(1, (length - start) // whole)))

    word, number = draw(st.text("ACGTRYSWN", min_size=1, max_size=min(4, length))), draw(st.integers(0, 5))
    spans, window, least = (span(), span()), draw(st.none() | st.integers(1, length)), draw(st.integers(2, 9))
    low, high = sorted(draw(st.tuples(*[st.sampled_from([0.0, 0.2, 1 / 3, 0.4, 0.5, 0.6, 2 / 3, 1.0])] * 2)))
    place, code = (*span(3), draw(st.sampled_from("+-"))), draw(st.sampled_from([1, 2]))
    return draw(
        st.sampled_from(
            [
                (lambda: Protected(spans), lambda start, design: naive.protects(design, start, spans)),
                (lambda: EditBudget(number), lambda start, design: naive.edits(start, design)[0] <= number),
                (lambda: GcShare(low, high, window), lambda start, design: naive.gc(design, low, high, window)),
                (lambda: Homopolymer(number + 1), lambda start, design: naive.longest_run(design) <= number + 1),
                (lambda: Forbidden(word), lambda start, design: not naive.places(design, word)),
                (
                    lambda: Required(word, number + 1),
                    lambda start, design: len(naive.places(design, word)) >= number + 1,
                ),
                (
                    lambda: NoNewHits("it", MATRIX, least, 0.1),
                    lambda start, design: naive.hits(design, MATRIX, least) <= naive.hits(start, MATRIX, least),
                ),
                (
                    lambda: Apart(number + 1),
                    lambda start, design: min(gaps(start, design), default=99) >= number + 1,
                ),
                (lambda: Custom(no_ga), lambda start, design: "GA" not in design),
                *[
                    (
                        lambda: Protein(*place, code),
                        lambda start, design: naive.keeps_protein(design, start, place, code),
                    )
                ]
                * (length >= 3),
            ]
        )
    )


@settings(max_examples=250, deadline=None)
@given(st.data())
def test_cost_is_zero_where_the_oracle_keeps_it(data):
    start, others = data.draw(designs())
    make, keeps = data.draw(constraints(len(start)))
    constraint = make()
    codes, starts = coded(others), coded([start] * len(others))
    cost = constraint.cost(codes, starts)
    assert (cost >= 0).all()
    assert (cost == 0).tolist() == [keeps(start, design) for design in others]
    for design in codes:
        assert constraint.said(design, starts[0])
        assert constraint.name


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_rules_keep_what_all_constraints_keep(data):
    start, others = data.draw(designs())
    drawn = data.draw(st.lists(constraints(len(start)), max_size=4))
    drawn = [(make(), keeps) for make, keeps in drawn]
    codes, starts = coded(others), coded([start] * len(others))
    rules = Rules(tuple(constraint for constraint, _ in drawn))
    kept = [all(keeps(start, design) for _, keeps in drawn) for design in others]
    assert rules.keep(codes, starts).tolist() == kept
    assert (
        rules.cost(codes, starts).tolist()
        == sum((c.cost(codes, starts) for c, _ in drawn), np.zeros(len(codes))).tolist()
    )
    report = rules.report(codes[0], starts[0])
    assert [row["kept"] for row in report] == [keeps(start, others[0]) for _, keeps in drawn]
    assert [row["constraint"] for row in report] == [constraint.name for constraint, _ in drawn]
    assert rules.broken(codes[0], starts[0]) == tuple(c for (c, keeps) in drawn if not keeps(start, others[0]))


def test_later_constraints_are_asked_only_about_what_is_left():
    asked = []

    def spy(texts):
        asked.extend(texts)
        return [True] * len(texts)

    rules = Rules((Forbidden("GA"), Custom(spy)))
    codes = coded(["TTGA", "TTTT", "TCTT"])
    assert rules.keep(codes, codes).tolist() == [False, True, False]
    assert asked == ["TTTT"]


@pytest.mark.parametrize(
    ("constraint", "start", "design", "cost", "said"),
    [
        (Protected(((1, 3), (2, 4))), "AAAAAA", "CCACAC", 2, "2 of 3 protected bases differ"),
        (EditBudget(1), "ACGTACGT", "CATGACGT", 2, "3 edits from the start"),
        (EditBudget(1), "ACGTTCAG", "AACGTTCA", 0, "1 edit from the start"),
        (GcShare(0.4, 0.6), "A", "GGGAACGNNN", 1, "GC is 0.714"),
        (GcShare(0.5, 0.5, 4), "A", "AAAACG", 3, "GC is 0 to 0.5"),
        (Homopolymer(2), "A", "ACCCTTTTTT", 3, "the longest run is 6 T at 4"),
        (Forbidden("GAATTC", "EcoRI"), "A", "TGAATTCA", 1, "it stands at 1 (both strands)"),
        (Forbidden("GGTCTC"), "A", "AGAGACCGGTCTC", 2, "it stands at 1 (-), 7 (+)"),
        (Required("CAC", 2), "A", "TCACTT", 1, "it stands at 1 (+)"),
        (Required("CAC"), "A", "TTTTTT", 1, "it does not occur"),
        (Protein(0, 6), "ATGTTA", "ATGCAT", 1, "1 codon(s) differ, the first is number 2: L became H"),
        (Protein(0, 6, "-"), "TAACAT", "TAGCAT", 0, "all 2 codons stand for the same"),
        (Apart(4), "AAAAAAAA", "ACAAGAAA", 1, "the nearest two edits are 3 apart"),
        (Apart(4), "AAAAAAAA", "ACAAAAAA", 0, "there are fewer than two edits"),
        (NoNewHits("it", MATRIX, 9, 0.1), "ACGTTTTT", "ACGACGTT", 2, "new hits at 3 (+), 4 (-)"),
    ],
)
def test_by_hand(constraint, start, design, cost, said):
    start = start.ljust(len(design), "A")
    codes, starts = coded([design]), coded([start])
    assert constraint.cost(codes, starts).tolist() == [cost]
    assert constraint.said(codes[0], starts[0]) == said


def test_insertions_count_as_one_edit_and_may_stand_apart():
    start, design = "ACGTTCAGCTGA", "AGCGTTCAGCTG"
    codes, starts = coded([design]), coded([start])
    assert EditBudget(1).cost(codes, starts).tolist() == [0]
    assert Apart(12).cost(codes, starts).tolist() == [0]


def test_words_longer_than_sixty_four_letters():
    generator = np.random.default_rng(1)
    text = "".join(generator.choice(list("ACGT"), size=400))
    for width in (63, 64, 65, 128, 150):
        word = naive.other_strand(text[70 : 70 + width])
        assert Forbidden(word).cost(coded([text]), coded([text])).tolist() == [1]
        other = text[:80] + ("A" if text[80] != "A" else "C") + text[81:]
        assert Forbidden(word).cost(coded([other]), coded([text])).tolist() == [0]


def test_frozen_positions_are_the_protected_ones():
    rules = Rules((Homopolymer(2), Protected(((1, 3), (5, 6)))))
    assert rules.frozen(7).nonzero()[0].tolist() == [1, 2, 5]
    assert not Rules().frozen(4).any()


def test_no_constraints_keep_everything():
    codes = coded(["ACGT", "AAAA"])
    assert Rules().keep(codes, codes).all()
    assert Rules().cost(codes, codes).tolist() == [0, 0]
    assert Rules().report(codes[0], codes[0]) == []


@pytest.mark.parametrize("said", [[True], [[True, False]], ["yes", "no"], [0.5, 1.0], [2, 1]])
def test_a_callable_must_say_yes_or_no_of_each(said):
    with pytest.raises(InputError, match="the constraint odd must give True or False for each of 2"):

        def odd(texts):
            return said

        Custom(odd).cost(coded(["AC", "GT"]), coded(["AC", "GT"]))


def test_views_that_kernels_do_not_own_are_taken():
    start = coded(["ACGTTTTT"])
    starts = np.broadcast_to(start, (3, 8))
    starts.flags.writeable = False
    for constraint in (EditBudget(0), Apart(2), NoNewHits("it", MATRIX, 5, 0.1), Homopolymer(9), GcShare(0.0, 1.0)):
        assert constraint.cost(starts, starts).tolist() == [0, 0, 0]


def test_all_single_edits_of_a_long_sequence_are_checked_quickly():
    generator = np.random.default_rng(0)
    start = generator.permutation(np.tile(np.arange(4, dtype=np.uint8), 529))[:2114]
    position, base = np.divmod(np.arange(3 * 2114), 3)
    codes = np.repeat(start[None], len(position), axis=0)
    codes[np.arange(len(position)), position] = (start[position] + base + 1) % 4
    starts = np.repeat(start[None], len(position), axis=0)
    rules = Rules(
        (EditBudget(5), Homopolymer(12), GcShare(0.1, 0.9, 50), Forbidden("GAATTCGAATTC"), Forbidden("TGACTCATGACTCA"))
    )
    rules.keep(codes[:2], starts[:2])
    began = time.perf_counter()
    assert rules.keep(codes, starts).all()
    assert time.perf_counter() - began < 1.5
