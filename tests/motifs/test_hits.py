"""Hits of motifs with contribution weights: planted sites are found, once, and little else."""

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.stats import genpareto

from seqinterp.errors import InputError
from seqinterp.io.bundled import bundled
from seqinterp.io.motif_files import read_motifs
from seqinterp.motifs.hit_null import Null, null_of, shuffled
from seqinterp.motifs.hit_templates import informative_columns, templates_of
from seqinterp.motifs.hits import COLUMNS, call_hits
from seqinterp.motifs.motif import Motif
from seqinterp.motifs.tracks import Tracks, as_tracks
from seqinterp.sequence.simulate import simulate

LENGTH = 200
DATABASE = {motif.label: motif for motif in read_motifs(bundled("jaspar_subset.meme"))}
FACTORS = ("CTCF", "JUND", "GABPA", "TEAD1", "SRF", "NFYA")


def site_weights(motif):
    """What each base contributes in a site: the log odds, scaled so that a mean site sums to 1."""
    return motif.pssm / (motif.pwm * motif.pssm).sum()


def with_cwm(label, sign=1):
    motif = DATABASE[label]
    return Motif(label, motif.pfm, cwm=sign * motif.pwm * site_weights(motif), sign=sign)


def planted(motifs, *, count=120, sigma=0.02, seed=0, sites=(1, 2)):
    """Sequences with sites, and contributions: of sites 0.5 to 1.5 times their weights, and noise everywhere."""
    generator = np.random.default_rng(seed)
    examples = simulate({m.name: m.pwm for m in motifs}, count=count, length=LENGTH, seed=seed, sites=sites)
    inputs, by_name = examples.inputs.numpy(), {motif.name: motif for motif in motifs}
    total, rows = generator.normal(0, sigma, (count, LENGTH)), []
    for example, own in enumerate(examples.sites):
        for site in own:
            motif = by_name[site.motif]
            weights = motif.sign * site_weights(motif)[:, :: -1 if site.strand == "-" else 1]
            weights = weights if site.strand == "+" else weights[::-1]
            size = generator.uniform(0.5, 1.5)
            total[example, site.start : site.stop] += size * (weights * inputs[example, :, site.start : site.stop]).sum(
                0
            )
            rows.append((example, site.start, site.stop, site.strand, site.motif, size))
    truth = pd.DataFrame(rows, columns=["example", "start", "stop", "strand", "motif", "size"])
    return as_tracks(inputs, (inputs * total[:, None]).astype(np.float32)), truth


def found_and_right(hits, truth):
    """Recall and precision: a hit is right that covers half of a site of its motif."""
    pairs = hits.reset_index().merge(truth.reset_index(), on=["example", "motif"], suffixes=("", "_true"))
    shared = np.minimum(pairs.stop, pairs.stop_true) - np.maximum(pairs.start, pairs.start_true)
    pairs = pairs[shared >= (pairs.stop - pairs.start) / 2]
    return pairs["index_true"].nunique() / len(truth), pairs["index"].nunique() / max(1, len(hits)), pairs


@pytest.mark.parametrize("labels", [FACTORS[:1], FACTORS[1:2], FACTORS], ids=["CTCF", "JUND", "six"])
@pytest.mark.parametrize(("sigma", "recall"), [(0.02, 0.97), (0.05, 0.9), (0.1, 0.6)])
def test_planted_sites_of_both_signs_are_found(labels, sigma, recall):
    motifs = [with_cwm(label, -1 if number % 3 == 2 else 1) for number, label in enumerate(labels)]
    tracks, truth = planted(motifs, sigma=sigma)
    hits = call_hits(tracks, motifs)
    found, right, pairs = found_and_right(hits, truth)
    assert found >= recall
    assert right >= 0.93
    assert (pairs.start == pairs.start_true).mean() > (0.93 if sigma == 0.1 else 0.97)
    assert (hits.q_value <= 0.05).all()
    assert (hits.stop - hits.start == hits.motif.map({motif.name: motif.width for motif in motifs})).all()


def test_the_coefficient_is_the_size_of_the_site_and_importance_has_the_sign():
    motifs = [with_cwm("GABPA"), with_cwm("TEAD1", -1)]
    tracks, truth = planted(motifs, sigma=1e-4)
    hits = call_hits(tracks, motifs)
    found, right, pairs = found_and_right(hits, truth)
    assert found >= 0.97 and right >= 0.95
    np.testing.assert_allclose(pairs.coefficient, pairs["size"], rtol=0.05)
    assert (pairs.strand == pairs.strand_true).mean() > 0.97
    assert pairs.similarity.min() > 0.95
    sums = [np.abs(tracks.total[row.example, row.start : row.stop]).sum() for row in hits.itertuples()]
    np.testing.assert_allclose(hits.importance, np.where(hits.motif == "TEAD1", -1, 1) * sums, rtol=1e-5)


def test_a_motif_without_a_sign_has_that_of_its_weights():
    motifs = [with_cwm("GABPA"), with_cwm("TEAD1", -1)]
    tracks, _ = planted(motifs)
    unsigned = [Motif(motif.name, motif.pfm, cwm=motif.cwm) for motif in motifs]
    pd.testing.assert_frame_equal(call_hits(tracks, unsigned), call_hits(tracks, motifs))


def test_columns_and_order():
    motifs = [with_cwm(label) for label in FACTORS[1:4]]
    tracks, _ = planted(motifs, sites=(2, 2))
    hits = call_hits(tracks, motifs)
    assert tuple(hits.columns) == COLUMNS
    assert hits[["example", "start"]].equals(hits[["example", "start"]].sort_values(["example", "start"]))
    assert hits.index.equals(pd.RangeIndex(len(hits)))
    empty = call_hits(tracks, [])
    assert tuple(empty.columns) == COLUMNS and len(empty) == 0


def test_no_position_counts_twice():
    """JUND, FOS and their like want the same places: each is given to one of them."""
    motifs = [with_cwm(label) for label in ("JUND", "FOS", "FOSL2", "JUNB") if label in DATABASE]
    assert len(motifs) >= 2
    tracks, truth = planted(motifs[:1])
    hits = call_hits(tracks, motifs)
    used = {motif.name: informative_columns(motif) for motif in motifs}
    width = {motif.name: motif.width for motif in motifs}
    taken = set()
    for row in hits.itertuples():
        columns = used[row.motif] if row.strand == "+" else width[row.motif] - 1 - used[row.motif]
        places = {(row.example, row.start + int(column)) for column in columns}
        assert not taken & places
        taken |= places
    assert len(truth) * 0.95 <= len(hits) <= len(truth) * 1.1


def test_palindromes_are_reported_once_and_on_the_plus_strand():
    half = np.array([[9.0, 1, 0, 0], [0, 0, 8, 2], [1, 7, 1, 1]]).T
    counts = np.concatenate([half, half[::-1, ::-1]], axis=1)
    motif = Motif("palindrome", counts, cwm=counts / 60, sign=1)
    generator = np.random.default_rng(0)
    inputs = np.eye(4, dtype=np.float32)[generator.integers(0, 4, (60, LENGTH))].swapaxes(1, 2).copy()
    size = generator.normal(0, 0.01, (60, LENGTH))
    inputs[:, :, 90:96] = np.eye(4)[counts.argmax(axis=0)].T
    size[:, 90:96] = 0.15
    hits = call_hits(as_tracks(inputs, (inputs * size[:, None]).astype(np.float32)), [motif])
    assert (hits.start == 90).sum() == 60
    assert len(hits) <= 63
    exact = as_tracks(inputs, (inputs * np.where(size == 0.15, 0.15, 0)[:, None]).astype(np.float32))
    assert set(call_hits(exact, [motif]).strand) == {"+"}


def test_the_other_strand_has_the_same_sites():
    motifs = [with_cwm(label) for label in FACTORS[1:4]]
    tracks, truth = planted(motifs, sigma=0.01)
    turned = Tracks(tracks.inputs[:, ::-1, ::-1], tracks.contributions[:, ::-1, ::-1])
    here, there = call_hits(tracks, motifs), call_hits(turned, motifs)
    there = there.assign(start=LENGTH - there.stop, strand=there.strand.map({"+": "-", "-": "+"}))
    both = here.merge(there, on=["example", "start", "motif", "strand"])
    assert len(both) >= 0.97 * max(len(here), len(there)) >= 0.9 * len(truth)
    np.testing.assert_allclose(both.similarity_x, both.similarity_y, rtol=1e-4)
    np.testing.assert_allclose(both.coefficient_x, both.coefficient_y, rtol=1e-4)


@pytest.mark.parametrize("count", [30, 2600], ids=["shuffled many times", "more than are shuffled"])
def test_the_order_of_examples_changes_nothing(count):
    motifs = [with_cwm("GABPA")]
    tracks, _ = planted(motifs, count=30)
    inputs = np.tile(tracks.inputs, (-(-count // 30), 1, 1))[:count]
    values = np.tile(tracks.contributions, (-(-count // 30), 1, 1))[:count]
    values *= np.linspace(1, 1.01, count, dtype=np.float32)[:, None, None]
    order = np.random.default_rng(0).permutation(count)
    usual = call_hits(as_tracks(inputs, values), motifs)
    mixed = call_hits(as_tracks(inputs[order], values[order]), motifs)
    usual = usual.assign(example=np.argsort(order)[usual.example])
    assert len(usual) >= count / 2
    pd.testing.assert_frame_equal(usual.sort_values(["example", "start"], kind="stable", ignore_index=True), mixed)


def test_the_scale_of_each_example_changes_its_coefficients_only():
    motifs = [with_cwm("GABPA"), with_cwm("SRF")]
    tracks, _ = planted(motifs, sigma=0.05)
    scale = np.random.default_rng(1).uniform(0.1, 10, len(tracks)).astype(np.float32)
    usual = call_hits(tracks, motifs)
    scaled = call_hits(as_tracks(tracks.inputs, tracks.contributions * scale[:, None, None]), motifs)
    both = scaled.merge(usual, on=["example", "start", "motif"])
    assert len(both) >= 0.95 * max(len(scaled), len(usual)) > 50
    np.testing.assert_allclose(both.coefficient_x, both.coefficient_y * scale[both.example], rtol=1e-4)
    np.testing.assert_allclose(both.similarity_x, both.similarity_y, rtol=1e-4)


def test_seed_and_threads():
    motifs = [with_cwm("GABPA"), with_cwm("SRF")]
    tracks, _ = planted(motifs, sigma=0.05)
    usual = call_hits(tracks, motifs)
    torch.set_num_threads(2)
    pd.testing.assert_frame_equal(usual, call_hits(tracks, motifs, progress=True))
    other = call_hits(tracks, motifs, seed=1)
    both = usual.merge(other, on=["example", "start", "motif"])
    assert len(both) >= 0.95 * max(len(usual), len(other))
    assert (both.p_value_x != both.p_value_y).any()


@pytest.mark.parametrize("noise", ["normal", "laplace"])
def test_noise_has_no_hits(noise):
    generator = np.random.default_rng(4)
    inputs = np.eye(4, dtype=np.float32)[generator.integers(0, 4, (200, LENGTH))].swapaxes(1, 2).copy()
    size = getattr(generator, noise)(0, 1, (200, LENGTH))
    tracks = as_tracks(inputs, (inputs * size[:, None]).astype(np.float32))
    assert len(call_hits(tracks, [with_cwm(label) for label in FACTORS[1:4]])) <= 2
    nothing = as_tracks(inputs, np.zeros_like(inputs))
    assert len(call_hits(nothing, [with_cwm("CTCF")], threshold=1.0)) == 0


def test_sites_without_contributions_are_no_hits():
    """Decoys for a scan of the sequence: the bases are those of sites, but the model does not care."""
    motifs = [with_cwm("GABPA")]
    tracks, truth = planted(motifs, sigma=0.02)
    silent = tracks.contributions.copy()
    dumb = truth.iloc[::2]
    for row in dumb.itertuples():
        silent[row.example, :, row.start : row.stop] = np.roll(silent[row.example], 100, axis=1)[
            :, row.start : row.stop
        ]
    silent = tracks.inputs * silent.sum(axis=1, keepdims=True)
    hits = call_hits(as_tracks(tracks.inputs, silent), motifs)
    assert found_and_right(hits, dumb)[0] < 0.1
    assert found_and_right(hits, truth.iloc[1::2])[0] > 0.9


def test_unknown_bases_stay_where_they_are_and_hold_no_hits():
    motifs = [with_cwm("GABPA")]
    tracks, truth = planted(motifs)
    inputs, values = tracks.inputs.copy(), tracks.contributions.copy()
    inputs[:, :, :60], values[:, :, :60] = 0, 0
    hits = call_hits(as_tracks(inputs, values), motifs)
    rest = truth[truth.start >= 60]
    assert found_and_right(hits, rest)[0] >= 0.95
    assert (hits.stop > 60).all()
    contributions, bases = shuffled(values, inputs, 0)
    assert not bases[:, :, :60].any() and not contributions[:, :, :60].any()
    assert (bases[:, :, 60:].sum(axis=1) == 1).all()


def test_shuffled_columns_are_those_of_the_example():
    motifs = [with_cwm("GABPA")]
    tracks, _ = planted(motifs, count=40)
    contributions, bases = shuffled(tracks.contributions, tracks.inputs, 0)
    assert len(bases) == 40 * -(-500_000 // (40 * LENGTH))
    known = {np.sort(example.sum(axis=0)).tobytes() for example in tracks.contributions}
    assert {np.sort(example.sum(axis=0)).tobytes() for example in contributions} == known
    np.testing.assert_array_equal(contributions * bases, contributions)
    again = shuffled(tracks.contributions[::-1], tracks.inputs[::-1], 0)[0]
    np.testing.assert_array_equal(contributions, again)  # in the order of their bytes, not of the batch
    assert not np.array_equal(contributions, shuffled(tracks.contributions, tracks.inputs, 1)[0])


def test_p_values_of_chance_are_uniform():
    """The share of new shuffles whose p-value is p or less is p, also where the tail is a fit."""
    motif = with_cwm("TEAD1")
    tracks, _ = planted([motif], sigma=0.05)
    templates = templates_of([motif], LENGTH)
    null = null_of(shuffled(tracks.contributions, tracks.inputs, 0), templates, 0, 0.01)
    other = null_of(shuffled(tracks.contributions, tracks.inputs, 1), templates, 0, 0.01)
    p_values = null.p_values(other.largest)
    for level, off in ((1e-3, 0.15), (1e-4, 0.4), (1e-5, 1.2)):
        assert (p_values <= level).sum() / other.count == pytest.approx(level, rel=off)


def test_p_values_count_the_windows_that_are_worth_as_much():
    null = Null(np.arange(1.0, 31.0), 1000)
    np.testing.assert_allclose(null.p_values(np.array([1.0, 1.5, 30.0, 31.0])), np.array([31, 30, 2, 1]) / 1001)
    assert null.limit(0.01) == 20
    assert null.limit(0.5) == 0
    assert Null(np.empty(0), 100).limit(0.01) == 0
    np.testing.assert_allclose(Null(np.empty(0), 99).p_values(np.array([0.1])), [0.01])


@pytest.mark.parametrize("shape", [-0.3, 0.0, 0.3])
def test_the_tail_is_that_of_the_distribution_or_heavier(shape):
    count = 500_000
    drawn = np.sort(genpareto.rvs(shape, size=count, random_state=2))
    null = Null(drawn[-5000:], count)
    points = genpareto.isf([1e-4, 1e-6, 1e-8], shape)
    p_values, exact = null.p_values(points), genpareto.sf(points, shape)
    assert (p_values >= exact / (1.2, 4, 30)).all()
    if shape >= 0:
        assert (p_values <= exact * (1.2, 4, 30)).all()
    assert (np.diff(null.p_values(np.linspace(drawn[-3000], drawn[-1] * 2, 10_000))) <= 0).all()


@pytest.mark.parametrize(
    ("motifs", "options", "message"),
    [
        ([Motif("bare", np.ones((4, 5)))], {}, "motif bare has no contribution weights"),
        ([Motif("flat", np.ones((4, 5)), cwm=np.zeros((4, 5)))], {}, "cwm of motif flat is zero"),
        ([Motif("wide", np.ones((4, 500)), cwm=np.ones((4, 500)))], {}, "motif wide is 500 wide"),
        ([with_cwm("CTCF"), with_cwm("CTCF", -1)], {}, "two motifs are called CTCF"),
        ([with_cwm("CTCF")], {"threshold": 0.0}, "threshold is a q-value"),
        ([with_cwm("CTCF")], {"threshold": 1.5}, "threshold is a q-value"),
        ([with_cwm("CTCF")], {"seed": -1}, "seed must be 0 or more"),
    ],
)
def test_what_cannot_be_used_is_refused(motifs, options, message):
    tracks, _ = planted([with_cwm("CTCF")], count=4)
    with pytest.raises(InputError, match=message):
        call_hits(tracks, motifs, **options)
