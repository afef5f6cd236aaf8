import random
import time
from itertools import combinations, pairwise

import numpy as np
import pytest

from seqinterp.errors import InputError, LeakageError
from seqinterp.sequence.examples import Examples, Locus
from seqinterp.sequence.groups import refuse_leakage, related_groups
from seqinterp.sequence.strand import reverse_complement
from tests.naive import sequence as naive


def letters(count, seed, alphabet="ACGT"):
    return "".join(random.Random(seed).choices(alphabet, k=count))


def examples_of(sequences, loci=None):
    return Examples.of(sequences, [float(i % 2) for i in range(len(sequences))], loci=loci)


def windows(*spans):
    """Unrelated sequences of 20 letters at given loci."""
    loci = [Locus(chromosome, start, start + 20) for chromosome, start in spans]
    return examples_of([letters(20, i) for i in range(len(spans))], loci)


@pytest.mark.parametrize(
    ("spans", "gap", "expected"),
    [
        ([("1", 0), ("1", 10), ("1", 40)], 0, [0, 0, 1]),  # overlap
        ([("1", 20), ("1", 0), ("1", 41)], 0, [0, 0, 1]),  # touch, in any order
        ([("1", 20), ("1", 0), ("1", 41)], 1, [0, 0, 0]),  # a gap of one
        ([("1", 0), ("2", 0), ("1", 100), ("2", 19)], 0, [0, 1, 2, 1]),  # chromosomes apart
        ([("1", 0), ("1", 15), ("1", 30), ("1", 45), ("1", 80)], 0, [0, 0, 0, 0, 1]),  # chained
    ],
)
def test_windows_that_touch_are_one_group(spans, gap, expected):
    assert related_groups(windows(*spans), gap=gap).tolist() == expected


def test_a_long_window_reaches_past_short_ones():
    loci = [Locus("1", 0, 20), Locus("1", 5, 25), Locus("1", 25, 45), None]
    assert related_groups(examples_of([letters(20, i) for i in range(4)], loci)).tolist() == [0, 0, 0, 1]


def test_identical_and_near_identical_sequences_are_one_group_on_either_strand():
    a, b, c = (letters(101, i) for i in range(3))
    mutated = a[:50] + ("A" if a[50] != "A" else "C") + a[51:]  # 16 of 86 words broken
    shifted = letters(40, 9) + a[:61]  # 46 words of a, a little more than half
    apart = letters(61, 10) + a[:40]  # 25 words of a, fewer than half
    sequences = [a, b, mutated, reverse_complement(shifted), apart, c, reverse_complement(c)]
    assert related_groups(examples_of(sequences)).tolist() == [0, 1, 0, 0, 2, 3, 3]


def test_n_says_nothing():
    nothing = "N" * 60
    half = letters(30, 1) + "N" * 30
    sequences = [nothing, nothing, half, half[:28] + "N" * 32, "N" * 30 + letters(30, 2)]
    assert related_groups(examples_of(sequences)).tolist() == [0, 1, 2, 2, 3]


def test_sequences_too_short_for_words_are_compared_whole():
    assert related_groups(examples_of(["ACGT", "ACGA", "TCGT", "ACGT"])).tolist() == [0, 1, 1, 0]


@pytest.mark.parametrize("count", [44, 50, 51, 72, 300])
def test_many_copies_with_a_mutation_each_are_one_group(count):
    """However many share a word: above 50 they are compared along a chain."""
    rng, source = random.Random(count), letters(101, 1)
    copies = []
    for i in range(count):
        place = rng.randrange(101)
        copy = source[:place] + rng.choice([c for c in "ACGT" if c != source[place]]) + source[place + 1 :]
        copies.append(copy if i % 2 else reverse_complement(copy))
    mixed = [x for i, copy in enumerate(copies) for x in (copy, letters(101, 1000 + i))]
    groups = related_groups(examples_of(mixed))
    assert set(groups[::2].tolist()) == {0} and len(set(groups[1::2].tolist())) == count
    with pytest.raises(LeakageError, match="near-identical"):
        refuse_leakage(groups, ["train"] * count + ["test"] * count, examples_of(mixed))


def test_a_common_repeat_relates_where_it_is_half_of_a_window():
    repeat = letters(40, 5)  # 25 words
    for flank, count in ((20, 1), (40, 60)):  # of 45 words, of 65
        sequences = [repeat + letters(flank, i + 10) for i in range(60)]
        assert len(set(related_groups(examples_of(sequences)).tolist())) == count


def chained(sequences, common):
    """Groups from every pair that may be looked at, by the words of two examples in turn."""
    listed = [naive.words(sequence, 16) for sequence in sequences]
    groups = [{i} for i in range(len(sequences))]
    for word in set().union(*listed):
        members = [i for i, held in enumerate(listed) if word in held]
        for i, j in pairwise(members) if len(members) > common else combinations(members, 2):
            if 2 * len(listed[i] & listed[j]) >= min(len(listed[i]), len(listed[j])):
                joined = groups[i] | groups[j]
                for k in joined:
                    groups[k] = joined
    return sorted(sorted(group) for group in {frozenset(group) for group in groups})


@pytest.mark.parametrize("common", [0, 2, 4, 50])
@pytest.mark.parametrize("seed", range(3))
def test_common_words_are_counted_exactly(monkeypatch, common, seed):
    monkeypatch.setattr("seqinterp.sequence.groups.COMMON", common)
    rng, source = random.Random(seed), letters(150, seed)
    sequences = []
    for _ in range(40):
        start, length = rng.randrange(0, 100), rng.randrange(30, 51)
        sequences.append(source[start : start + length] + letters(60 - length, rng.random()))
    groups = related_groups(examples_of(sequences))
    found = sorted(np.flatnonzero(groups == k).tolist() for k in range(groups.max() + 1))
    assert found == chained(sequences, common)
    assert 1 < len(found) < 40


@pytest.mark.parametrize("seed", range(5))
def test_equals_the_oracle(seed):
    rng = random.Random(seed)
    source = letters(400, seed)
    sequences, loci = [], []
    for _ in range(25):
        start = rng.randrange(0, 340)
        sequence = list(source[start : start + 60])
        for _ in range(rng.randrange(0, 6)):
            sequence[rng.randrange(60)] = rng.choice("ACGTN")
        sequence = "".join(sequence)
        sequences.append(sequence if rng.random() < 0.5 else reverse_complement(sequence))
        place = rng.randrange(0, 3000)
        loci.append(Locus(rng.choice("12"), place, place + 60) if rng.random() < 0.5 else None)
    examples = examples_of(sequences, loci)
    spans = [locus and (locus.chromosome, locus.start, locus.stop) for locus in loci]
    expected = naive.related(sequences, spans, gap=5)
    assert related_groups(examples, gap=5).tolist() == expected
    assert 1 < len(set(expected)) < 25


def test_chromosomes_are_groups_where_asked():
    examples = windows(("1", 0), ("2", 0), ("1", 1000))
    assert related_groups(examples, by_chromosome=True).tolist() == [0, 1, 0]
    with pytest.raises(InputError, match=r"needs a locus, but 'sequence_1' \(number 1\) has none"):
        related_groups(examples_of(["ACGT"]), by_chromosome=True)
    with pytest.raises(InputError, match="gap must be 0 or more"):
        related_groups(examples, gap=-1)


def refusal(examples, split, **options):
    with pytest.raises(LeakageError) as caught:
        refuse_leakage(related_groups(examples, **options), split, examples)
    return str(caught.value)


def test_leakage_is_refused_by_name():
    assert "train row 1 (1:0-20) and test row 2 (1:10-30) overlap" in refusal(
        windows(("1", 0), ("1", 10)), ["train", "test"]
    )
    touching = refusal(windows(("1", 0), ("1", 90), ("1", 20)), ["train", "test", "test"])
    assert "train row 1 (1:0-20) and test row 3 (1:20-40) touch" in touching
    near = refusal(windows(("1", 0), ("1", 25)), ["train", "test"], gap=10)
    assert "lie 5 bases apart on one chromosome" in near
    a = letters(60, 1)
    assert "have the same sequence on opposite strands" in refusal(
        examples_of([a, letters(60, 2), reverse_complement(a)]), ["train", "train", "test"]
    )
    assert "have the same sequence:" in refusal(examples_of([a, a]), ["train", "test"])
    shared = refusal(examples_of([a, a[:50] + letters(10, 3)]), ["train", "valid"])
    assert "train row 1 (sequence_1) and valid row 2 (sequence_2) are near-identical (35 of 45 words" in shared
    chromosome = refusal(windows(("1", 0), ("1", 500)), ["train", "test"], by_chromosome=True)
    assert "lie 480 bases apart on one chromosome" in chromosome


def test_a_pair_that_is_directly_related_is_named():
    """Rows 1 and 3 are related through row 2 only, which is on the side of row 1."""
    text = refusal(windows(("1", 0), ("1", 15), ("1", 30)), ["train", "train", "test"])
    assert "train row 2 (1:15-35) and test row 3 (1:30-50) overlap" in text


def test_a_clean_split_passes():
    examples = windows(("1", 0), ("1", 10), ("1", 40))
    refuse_leakage(related_groups(examples), ["train", "train", "test"], examples)
    with pytest.raises(InputError, match="3 groups and 2 sides came for 3 examples"):
        refuse_leakage(related_groups(examples), ["train", "test"], examples)


def test_is_fast_enough_for_a_chromosome():
    rows = np.frombuffer(b"ACGT", dtype=np.uint8)[np.random.default_rng(0).integers(0, 4, (35_000, 101))]
    examples = examples_of([row.tobytes().decode() for row in rows])
    started = time.perf_counter()
    groups = related_groups(examples)
    assert time.perf_counter() - started < 10
    assert groups.max() == 34_999


@pytest.mark.real_data
def test_the_windows_of_chromosome_22_are_grouped(shared_data):
    from seqinterp.io.tables import read_examples

    examples = read_examples(shared_data("jund_deepchem/jund_valid.tsv.gz"))
    assert (len(examples), int(examples.labels.sum()), len(examples.sequences[0])) == (34_527, 146, 101)
    groups = related_groups(examples)
    assert len(groups) == 34_527 and groups.max() + 1 == 30_507
    assert np.bincount(groups).max() == 167  # Alu repeats
