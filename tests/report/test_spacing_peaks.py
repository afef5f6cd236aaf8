"""Distances that stand out: held against the ones beside them, whatever the slope or the edge."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

from discoveries import EXAMPLES, motifs_of, sites_of
from seqinterp.motifs.co_occurrence import co_occurrence
from seqinterp.report.spacing_peaks import BESIDE, FAR, GUARD, clearest_spacings, peak_p_values


def slow(counts: np.ndarray, place: int) -> float:
    """The same number from the definition."""
    held = dict(enumerate(counts))
    sides = [sum(held.get(place + way * step, 0) for step in range(GUARD + 1, GUARD + 1 + BESIDE)) for way in (-1, 1)]
    trials = int(counts[place] + max(sides))
    if counts[place] == 0:
        return 1.0
    return binomtest(int(counts[place]), trials, 1 / (1 + BESIDE), alternative="greater").pvalue


@pytest.mark.parametrize("seed", range(3))
def test_p_values_are_binomial(seed):
    counts = np.random.default_rng(seed).poisson(1.5, 60).astype(float)
    counts[20] = 14
    found = peak_p_values(counts)
    np.testing.assert_allclose(found, [slow(counts, place) for place in range(60)], rtol=1e-9)
    assert found.argmin() == 20


def test_neither_an_edge_nor_a_slope_is_a_peak():
    edge = np.concatenate([np.zeros(15), np.full(60, 20.0)])
    slope = np.linspace(0, 60, 120).round()
    for counts in (edge, slope):
        assert peak_p_values(counts).min() > 0.05 / len(counts)


@pytest.mark.parametrize("level", [0.3, 2, 20])
def test_chance_seldom_makes_a_peak(level):
    rng = np.random.default_rng(0)
    least = [peak_p_values(rng.poisson(level, 200).astype(float)).min() for _ in range(200)]
    assert np.mean(np.array(least) * 200 <= 0.05) <= 0.05


def spaced(distance: int, turned: bool, *, pairs: int = 40) -> tuple:
    """Hits at random, and so many of the first two motifs at one distance between their starts."""
    motifs = motifs_of(4)
    one, other = motifs[:2]
    rows = []
    for example in range(pairs):
        start = 10 + example
        rows.append((example, start, start + one.width, "+", one.name))
        rows.append((example, start + distance, start + distance + other.width, "-" if turned else "+", other.name))
    columns = ["example", "start", "stop", "strand", "motif"]
    hits = pd.concat([sites_of(motifs)[columns], pd.DataFrame(rows, columns=columns)], ignore_index=True)
    return hits, motifs


@pytest.mark.parametrize(("distance", "turned"), [(25, False), (40, True)])
def test_a_planted_distance_comes_first(distance, turned):
    hits, motifs = spaced(distance, turned)
    first, *rest = clearest_spacings(hits, motifs, co_occurrence(hits, motifs, EXAMPLES), most=3)
    one, other = motifs[:2]
    assert (first.first.name, first.second.name) == (one.name, other.name)
    assert first.distance == distance + (other.width - one.width) / 2
    assert first.way == ("opposite" if turned else "same")
    assert 40 <= first.count <= 45
    assert first.p_value < 1e-12
    assert [spacing.p_value for spacing in rest] == sorted(spacing.p_value for spacing in rest)
    assert all(spacing.p_value > 1e-4 for spacing in rest)
    assert abs(first.table["distance"]).max() <= FAR


def test_hits_at_random_have_no_distance():
    motifs = motifs_of(5)
    hits = sites_of(motifs, each=60, seed=4)
    found = clearest_spacings(hits, motifs, co_occurrence(hits, motifs, EXAMPLES), most=50)
    assert 0 < len(found) <= 15
    assert min(spacing.p_value for spacing in found) > 0.01


def test_too_few_hits_have_no_spacing():
    motifs = motifs_of(2)
    hits = sites_of(motifs, each=3)
    assert clearest_spacings(hits, motifs, co_occurrence(hits, motifs, EXAMPLES), most=3) == []
