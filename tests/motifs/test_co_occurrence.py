"""Which motifs meet, and how far apart, against counting pair by pair."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest
from scipy.stats import false_discovery_control, fisher_exact

from seqinterp.errors import InputError
from seqinterp.motifs.co_occurrence import co_occurrence, spacings
from seqinterp.motifs.motif import Motif
from tests.naive import hits as naive

NAMES = ("first", "second", "third")
WIDTHS = {"first": 6, "second": 9, "third": 8}


def motifs(names=NAMES):
    return [Motif(name, np.ones((4, WIDTHS.get(name, 5)))) for name in names]


def some_hits(seed, count=150, examples=40):
    generator = np.random.default_rng(seed)
    motif = generator.choice(NAMES, count, p=[0.5, 0.3, 0.2]).astype(object)
    start = generator.integers(0, 60, count)
    return pd.DataFrame(
        {
            "example": generator.integers(0, examples, count),
            "start": start,
            "stop": start + [WIDTHS[name] for name in motif],
            "strand": generator.choice(["+", "-"], count),
            "motif": motif,
        }
    )


@pytest.mark.parametrize("seed", range(5))
def test_meetings(seed):
    hits = some_hits(seed)
    found = co_occurrence(hits, motifs(), 50)
    np.testing.assert_array_equal(found.together, naive.meetings(hits, NAMES, 50))
    number = np.diag(found.together)
    for one in range(3):
        for other in range(3):
            assert found.expected[one, other] == pytest.approx(number[one] * number[other] / 50)
            if one == other:
                assert np.isnan([found.log2_ratio[one, one], found.p_value[one, one], found.q_value[one, one]]).all()
                continue
            both = found.together[one, other]
            assert found.log2_ratio[one, other] == pytest.approx(np.log2(both * 50 / number[one] / number[other]))
            square = [[both, number[one] - both], [number[other] - both, 50 - number[one] - number[other] + both]]
            sides = (fisher_exact(square, alternative=side).pvalue for side in ("less", "greater"))
            assert found.p_value[one, other] == pytest.approx(min(1, 2 * min(sides)))
    pairs = np.triu_indices(3, k=1)
    np.testing.assert_allclose(found.q_value[pairs], false_discovery_control(found.p_value[pairs]))
    np.testing.assert_array_equal(found.q_value, found.q_value.T)


def test_motifs_that_seek_and_shun_each_other():
    rows = [(example, name) for example in range(40) for name in (("first", "second") if example < 20 else ("third",))]
    hits = pd.DataFrame(rows, columns=["example", "motif"])
    found = co_occurrence(hits, motifs(), 80)
    assert found.log2_ratio[0, 1] == pytest.approx(2)
    assert found.log2_ratio[0, 2] == -np.inf
    assert found.p_value[0, 1] < 1e-15
    assert 1e-4 < found.p_value[0, 2] < 0.01
    table = found.to_frame()
    assert table[["first", "second"]].iloc[0].tolist() == ["first", "second"]
    assert table.p_value.is_monotonic_increasing
    assert len(table) == 3
    assert repr(found) == "CoOccurrence(3 motifs in 80 sequences)"


def test_motifs_without_hits_and_tables_without_rows():
    found = co_occurrence(some_hits(0), motifs((*NAMES, "absent")), 40)
    assert (found.together[3] == 0).all()
    assert np.isnan(found.log2_ratio[3]).all()
    np.testing.assert_array_equal(found.p_value[3, :3], 1)
    none = co_occurrence(some_hits(0).iloc[:0], motifs(("first",)), 10)
    assert none.together.tolist() == [[0]]
    assert none.to_frame().empty


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("first", "second"), [("first", "second"), ("second", "first"), ("first", "third")])
@pytest.mark.parametrize("most", [7, 30])
def test_distances(seed, first, second, most):
    hits = some_hits(seed)
    table = spacings(hits, first, second, most=most)
    known = Counter(pair for pair in naive.distances(hits, first, second) if abs(pair[0]) <= most)
    assert sum(known.values()) >= 4
    assert (table.same.sum(), table.opposite.sum()) == tuple(
        sum(count for (_, same), count in known.items() if same == way) for way in (True, False)
    )
    for row in table.itertuples():
        assert (row.same, row.opposite) == (known[row.distance, True], known[row.distance, False])
    np.testing.assert_allclose(np.diff(table.distance), 1)
    assert table.distance.abs().max() in (most, most - 0.5)


@pytest.mark.parametrize("seed", range(3))
def test_a_motif_with_itself_counts_every_pair_once(seed):
    hits = some_hits(seed)
    table = spacings(hits, "first", "first", most=60)
    known = naive.distances(hits, "first", "first")
    assert table.same.sum() + table.opposite.sum() == len(known) / 2
    for row in table.itertuples():
        whole = sum(same and abs(apart) == row.distance for apart, same in known)
        assert row.same == whole / 2
        assert row.opposite == sum(not same and apart == row.distance for apart, same in known) / 2


@pytest.mark.parametrize(
    ("strands", "column", "distance"),
    [("++", "same", 20.5), ("--", "same", -20.5), ("+-", "opposite", 20.5), ("-+", "opposite", -20.5)],
)
def test_the_sign_is_that_of_the_way_the_first_reads(strands, column, distance):
    hits = pd.DataFrame(
        {"example": 3, "start": [10, 29], "stop": [16, 38], "strand": list(strands), "motif": ["first", "second"]}
    )
    table = spacings(hits, "first", "second", most=25).set_index("distance")
    assert table.loc[distance, column] == 1
    assert table.to_numpy().sum() == 1
    assert spacings(hits, "first", "second", most=20)[["same", "opposite"]].to_numpy().sum() == 0
    turned = spacings(hits, "second", "first", most=25).set_index("distance")
    assert turned.loc[-distance if column == "same" else distance, column] == 1


def test_widths_that_differ_are_counted_by_halves():
    hits = pd.DataFrame(
        {
            "example": 0,
            "start": [0, 10, 20],
            "stop": [6, 16, 27],
            "strand": "+",
            "motif": ["first", "second", "second"],
        }
    )
    table = spacings(hits, "first", "second", most=25)
    np.testing.assert_allclose(np.diff(table.distance), 0.5)
    assert table[table.same == 1].distance.tolist() == [10, 20.5]


def test_nothing_to_count():
    table = spacings(some_hits(0), "first", "absent", most=3)
    assert table.distance.tolist() == [-3, -2, -1, 0, 1, 2, 3]
    assert not table[["same", "opposite"]].to_numpy().any()


def test_what_cannot_be_counted_is_refused():
    hits = some_hits(0)
    with pytest.raises(InputError, match="'third', which is none of those given"):
        co_occurrence(hits, motifs(NAMES[:2]), 40)
    with pytest.raises(InputError, match="but examples is 12"):
        co_occurrence(hits, motifs(), 12)
    with pytest.raises(InputError, match="two motifs are called first"):
        co_occurrence(hits, motifs(("first", "first")), 40)
    with pytest.raises(InputError, match="most must be 1 or more"):
        spacings(hits, "first", "second", most=0)
    with pytest.raises(InputError, match=r"some are on '\.'"):
        spacings(hits.assign(strand="."), "first", "second")
