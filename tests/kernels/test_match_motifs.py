"""Windows and sites against the same, window by window in plain Python."""

import numpy as np
import pytest

from seqinterp.kernels.match_motifs import (
    COEFFICIENT,
    DOT,
    FIELDS,
    SIMILARITY,
    START,
    SUMS,
    TEMPLATE,
    WORTH,
    compare,
    correlate,
    match,
    worths,
)
from seqinterp.motifs.hit_templates import templates_of
from seqinterp.motifs.motif import Motif
from tests.naive import hits as naive

LENGTH = 36


def some_motif(name, generator, width):
    counts = generator.dirichlet(np.full(4, 0.4), size=width).T * 40
    size = generator.choice([0.1, 1.0], size=width, p=[0.3, 0.7])
    size[width // 2] = 1
    return Motif(name, counts, cwm=counts / 40 * size * generator.uniform(0.5, 1.5, width), sign=1)


def some_tracks(seed, motifs, *, sign=1, count=2):
    """Sequences with sites of the motifs, some of them overlapping, in noise; an N, and a mixture of two bases."""
    generator = np.random.default_rng(seed)
    inputs = np.eye(4, dtype=np.float32)[generator.integers(0, 4, (count, LENGTH))].swapaxes(1, 2).copy()
    size = generator.normal(0, 0.3, (count, LENGTH))
    for example in range(count):
        for motif in motifs:
            start = generator.integers(0, LENGTH - motif.width + 1)
            inputs[example, :, start : start + motif.width] = np.eye(4)[motif.pfm.argmax(axis=0)].T
            size[example, start : start + motif.width] += sign * motif.cwm.max(axis=0)
    inputs[0, :, 5], inputs[1, :, 7] = 0, [0.5, 0, 0.5, 0]
    return inputs, (inputs * size[:, None]).astype(np.float32)


CASES = [(seed, widths) for seed in range(2) for widths in ([6], [9, 5], [7, 8, 12])]


def made(seed, widths):
    generator = np.random.default_rng(100 + seed)
    motifs = [some_motif(f"motif {number}", generator, width) for number, width in enumerate(widths)]
    return motifs, *some_tracks(seed, motifs), templates_of(motifs, LENGTH)


@pytest.mark.parametrize(("seed", "widths"), CASES)
def test_windows(seed, widths):
    motifs, inputs, tracks, templates = made(seed, widths)
    sums, row = np.empty(SUMS), np.empty(LENGTH, np.float32)
    for motif, width in enumerate(widths):
        for turn, strand in enumerate("+-"):
            template = 2 * motif + turn
            assert correlate(tracks[1], templates.pattern, templates, template, row) == LENGTH - width + 1
            every, likely = (np.full((2, LENGTH), np.nan, np.float32) for _ in range(2))
            assert worths(tracks, inputs, templates, template, False, every) == LENGTH - width + 1
            assert worths(tracks, inputs, templates, template, True, likely) == LENGTH - width + 1
            for example in range(2):
                for start in range(LENGTH - width + 1):
                    known = naive.window(tracks[example], inputs[example], motifs[motif], strand, start)
                    worth = compare(tracks[example], inputs[example], templates, template, start, sums)
                    assert worth == pytest.approx(known.worth, rel=1e-4, abs=1e-6)
                    assert every[example, start] == pytest.approx(known.worth, rel=1e-4, abs=1e-6)
                    if abs(known.odds) > 1e-4:
                        assert likely[example, start] == (every[example, start] if known.odds > 0 else 0)
                    if known.worth > 0:
                        assert sums[DOT] > 0


@pytest.mark.parametrize(("seed", "widths"), CASES)
@pytest.mark.parametrize("limit", [0.2, 1.0])
def test_sites(seed, widths, limit):
    motifs, inputs, tracks, templates = made(seed, widths)
    limits = np.full(2 * len(motifs), limit)
    total = 0
    for contributions, bases in zip(tracks[:2], inputs[:2], strict=True):
        left, found = contributions.copy(), np.full((LENGTH, FIELDS), np.nan)
        count = match(left, bases, templates, limits, found)
        known = naive.sites(contributions, bases, motifs, np.full(len(motifs), limit))
        got = [(int(row[TEMPLATE]) // 2, "+-"[int(row[TEMPLATE]) % 2], int(row[START])) for row in found[:count]]
        assert got == [site[:3] for site in known]
        for row, site in zip(found[:count], known, strict=True):
            assert row[WORTH] == pytest.approx(site.worth, rel=1e-4)
            assert row[COEFFICIENT] == pytest.approx(site.coefficient, rel=1e-4)
            assert row[SIMILARITY] == pytest.approx(site.similarity, rel=1e-4)
        assert np.isnan(found[count:]).all()
        assert ((left == contributions) | (left == 0)).all()
        total += count
    if limit == 0.2:
        assert total >= len(motifs)


def test_no_more_sites_than_there_is_room_for():
    _, inputs, tracks, templates = made(0, [6])
    room = np.full((1, FIELDS), np.nan)
    assert match(tracks[0].copy(), inputs[0], templates, np.zeros(2), room) == 1
    full = np.full((LENGTH, FIELDS), np.nan)
    assert match(tracks[0].copy(), inputs[0], templates, np.zeros(2), full) > 1
    np.testing.assert_array_equal(room[0], full[0])


def test_sequences_without_contributions_or_shorter_than_the_motif():
    _, inputs, tracks, templates = made(0, [6])
    found = np.full((LENGTH, FIELDS), np.nan)
    assert match(np.zeros_like(tracks[0]), inputs[0], templates, np.zeros(2), found) == 0
    assert match(tracks[0, :, :5].copy(), inputs[0, :, :5].copy(), templates, np.zeros(2), found) == 0
