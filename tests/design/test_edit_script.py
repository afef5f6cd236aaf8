"""The fewest edits between a start and a design."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from naive import constraints as naive
from seqinterp.design.edit_script import edit_distance, edit_distances, edit_script
from seqinterp.sequence.alphabet import letter_codes


def coded(text):
    return letter_codes(text, "it").copy()


@st.composite
def edited_pairs(draw):
    """A sequence and one made of it by a few edits, or any other."""
    start = draw(st.text("ACGTN", min_size=1, max_size=24))
    design = list(start)
    for _ in range(draw(st.integers(0, 6))):
        place, base = draw(st.integers(0, len(design) - 1)), draw(st.sampled_from("ACGT"))
        kind = draw(st.sampled_from(["substitution", "insertion", "deletion"]))
        if kind == "substitution":
            design[place] = base
        elif kind == "insertion":
            design = [*design[:place], base, *design[place:-1]]
        else:
            design = [*design[:place], *design[place + 1 :], base]
    return start, "".join(design)


@settings(deadline=None)
@given(edited_pairs())
def test_distance_is_that_of_the_whole_table(pair):
    start, design = pair
    edits, _ = naive.edits(start, design)
    assert edit_distance(coded(start), coded(design)) == edits
    assert edits <= sum(a != b for a, b in zip(start, design, strict=True))


@settings(deadline=None)
@given(edited_pairs())
def test_script_makes_the_design_in_the_fewest_edits_with_the_most_substitutions(pair):
    start, design = pair
    steps = edit_script(coded(start), coded(design))
    assert naive.made(start, design, steps) == design
    assert (len(steps), sum(step.kind != "substitution" for step in steps)) == naive.edits(start, design)


@settings(deadline=None)
@given(edited_pairs(), st.integers(0, 8), st.integers(0, 8))
def test_distances_within_limits(pair, few, most):
    start, design = (coded(text)[None] for text in pair)
    differ, edits = int((start != design).sum()), naive.edits(*pair)[0]
    found = edit_distances(start, design, few=few, most=most)[0]
    assert found == (differ if differ <= few or edits > most else edits)


@pytest.mark.parametrize(
    ("start", "design", "steps"),
    [
        ("ACGTAC", "ACGTAC", []),
        ("ACGTAC", "ACTTAC", [("substitution", 2, 2, "G", "T")]),
        ("ACGTACCA", "ATCGTACC", [("insertion", 1, 1, "", "T")]),
        ("ACGTACCA", "AGTACCAG", [("deletion", 1, 1, "C", "")]),
        ("GTTTTCAG", "GTTTCAGA", [("deletion", 1, 1, "T", "")]),  # as far left as it goes
        ("GTTTCAGA", "GTTTTCAG", [("insertion", 1, 1, "", "T")]),
        ("ACGTACGA", "TACGTCGA", [("insertion", 0, 0, "", "T"), ("deletion", 4, 5, "A", "")]),
    ],
)
def test_scripts_by_hand(start, design, steps):
    assert edit_script(coded(start), coded(design)) == steps


def test_substitutions_come_before_other_edits_of_equal_number():
    assert [step.kind for step in edit_script(coded("AACGTT"), coded("AAGCTT"))] == ["substitution"] * 2


def test_long_sequences_of_few_edits():
    generator = np.random.default_rng(0)
    start = generator.integers(4, size=2114).astype(np.uint8)
    design = np.insert(np.delete(start, [40, 900]), [3, 1500, 1700], 2)[:2114].astype(np.uint8)
    assert edit_distance(start, design) == 5
    assert sorted(step.kind for step in edit_script(start, design)) == ["deletion"] * 2 + ["insertion"] * 3
