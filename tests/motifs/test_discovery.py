"""Planted motifs are found, once each and whole; what is not there is not; and nothing that does not matter matters."""

from collections import Counter
from functools import cache

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter1d

from naive import discovery as naive
from planted import Simulation, sharp, simulated
from seqinterp.errors import InputError
from seqinterp.motifs.discovery import Watch, discover_motifs
from seqinterp.motifs.seqlets import candidate_seqlets
from seqinterp.motifs.tracks import as_tracks

THREE = ("GTAAACAGATTC", "CCGGAAGTGACA", "TGACCTTTGGC")
REST = "TTCAGCACCATGGACAGCGCC"
HALF, BOTH = "TGACCTTT", "TGACCTTTGCGTTGCAA"


def called(tracks, threshold=0.2):
    found = candidate_seqlets(tracks.total)
    return found.take(np.flatnonzero(found.q_value <= threshold))


def discovered(tracks, **options):
    return discover_motifs(tracks, called(tracks), **options)


@cache
def planted(words, *, signs=None, **options):
    """A simulation of some words and what is discovered in it."""
    sim = simulated([sharp(word) for word in words], signs=signs, **options)
    return sim, discovered(sim.tracks)


def site_of(sim, row):
    """The planted site that a row of the table covers most of, None where it covers less than half of one."""
    shared = [
        (min(site.stop, row.stop) - max(site.start, row.start), site)
        for site in sim.sites
        if site.example == row.example
    ]
    overlap, site = max(shared, key=lambda pair: pair[0], default=(0, None))
    return site if site is not None and 2 * overlap >= site.stop - site.start else None


def sites_of(sim, found):
    """For each motif found: how often its rows lie on a site of each planted motif, turned or not, and how far off."""
    result = {}
    for one in found.found:
        rows, counts = found.seqlets[found.seqlets.motif == one.motif.name], Counter()
        for row in rows.itertuples():
            site = site_of(sim, row)
            if site is None:
                counts["nothing"] += 1
            else:
                offset = row.start - site.start if row.strand == "+" else site.stop - row.stop
                counts[(site.motif, row.strand == site.strand, offset)] += 1
        result[one.motif.name] = counts
    return result


def check(sim, found, *, share=0.95, sites=0.7):
    """Each planted motif is found once and nothing else, its windows at the same place of each site, on its strand."""
    owners = []
    for name, counts in sites_of(sim, found).items():
        most, times = counts.most_common(1)[0]
        assert most != "nothing", name
        assert times >= share * counts.total(), (name, counts)
        assert times >= sites * sum(site.motif == most[0] for site in sim.sites), (name, counts)
        owners.append(most[0])
    assert sorted(owners) == sorted({site.motif for site in sim.sites})


def same(one, other, *, exactly=True):
    """Two discoveries hold the same motifs, sites counted."""
    assert [motif.name for motif in motifs(one)] == [motif.name for motif in motifs(other)]
    for a, b in zip(motifs(one), motifs(other), strict=True):
        np.testing.assert_array_equal(a.pfm, b.pfm)
        for cwm in ("cwm", "hypothetical_cwm"):
            if exactly:
                np.testing.assert_array_equal(getattr(a, cwm), getattr(b, cwm))
            else:
                np.testing.assert_allclose(getattr(a, cwm), getattr(b, cwm), atol=1e-6)


def motifs(found):
    return [one.motif for one in found.found]


def cores(found):
    """The consensus of each motif, on whichever strand comes first in the alphabet, without what says nothing."""
    return [min(m.consensus.strip("N"), m.reverse_complement().consensus.strip("N")) for m in motifs(found)]


@pytest.mark.parametrize("seed", range(3))
def test_what_is_planted_is_found_once_each_and_nothing_else(seed):
    sim, found = planted(THREE, noise=0.03, seed=seed, length=150)
    check(sim, found)
    for motif in motifs(found):
        assert any(word in motif.consensus or word in motif.reverse_complement().consensus for word in THREE)
        assert motif.sign == 1


@pytest.mark.parametrize("seed", range(2))
def test_what_is_planted_is_found_under_noise(seed):
    """A base of a site contributes no more here than the noise of every position does."""
    sim, found = planted(THREE, noise=0.1, seed=seed, length=200)
    check(sim, found, share=0.85, sites=0.2)


@pytest.mark.parametrize("signs", [(1, -1, 1), (-1, -1, -1)])
def test_both_signs_are_found(signs):
    sim, found = planted(THREE, noise=0.03, signs=signs, length=150)
    check(sim, found)
    for one, counts in zip(found.found, sites_of(sim, found).values(), strict=True):
        sign = signs[counts.most_common(1)[0][0][0]]
        assert one.motif.sign == sign
        assert one.motif.name.startswith("pos_" if sign > 0 else "neg_")
        assert np.sign(one.motif.cwm.sum()) == sign
        rows = found.seqlets[found.seqlets.motif == one.motif.name]
        assert (rows.sign == sign).all() and (np.sign(rows.attribution) == sign).all()


@pytest.mark.parametrize("noise", [0.0, 0.03])
def test_one_motif_in_few_sequences(noise):
    sim, found = planted(THREE[:1], sites=20, per=1, noise=noise, seed=2, length=150)
    check(sim, found)


@pytest.mark.parametrize("seed", range(2))
def test_few_sites_of_each(seed):
    sim, found = planted(THREE, sites=30, per=1, noise=0.03, seed=seed, length=150)
    check(sim, found, sites=0.6)


@pytest.mark.parametrize("noise", [0.0, 0.05])
@pytest.mark.parametrize("seed", range(2))
def test_a_long_motif_is_found_whole(seed, noise):
    sim, found = planted((REST,), per=1, noise=noise, seed=seed, length=150)
    check(sim, found, sites=0.5)
    (motif,) = motifs(found)
    assert REST in motif.consensus or REST in motif.reverse_complement().consensus
    assert motif.width <= len(REST) + 8


@pytest.mark.parametrize("seed", range(2))
def test_a_motif_and_its_half_are_two(seed):
    sim, found = planted((HALF, BOTH), per=1, noise=0.03, seed=seed, length=150)
    check(sim, found, share=0.9)
    assert sorted(cores(found)) == sorted([min(BOTH, "TTGCAACGCAAAGGTCA"), min(HALF, "AAAGGTCA")])


def test_a_palindrome_is_one_motif():
    _, found = planted(("ATGACGTCAT",), per=1, noise=0.03, length=150)
    assert cores(found) == ["ATGACGTCAT"]
    assert len(found.found[0].index) >= 50


def noise(count, length, spread, seed):
    generator = np.random.default_rng(seed)
    inputs = np.eye(4, dtype=np.float32)[generator.integers(0, 4, (count, length))].transpose(0, 2, 1).copy()
    values = generator.normal(size=inputs.shape)
    return as_tracks(inputs, (gaussian_filter1d(values, spread, axis=2) if spread else values).astype(np.float32))


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("spread", [0, 1, 3])
def test_there_are_no_motifs_in_noise(spread, seed):
    tracks = noise(50, 150, spread, seed)
    seqlets = candidate_seqlets(tracks.total)
    best = seqlets.take(
        np.argsort(seqlets.p_value, kind="stable")[:120]
    )  # though none is called where there is no spread
    assert discover_motifs(tracks, best).found == []


def test_there_are_no_motifs_where_a_base_contributes_wherever_it_is():
    tracks = noise(60, 150, 0, 0)
    values = 0.3 * tracks.hypothetical + np.array([1.0, 0.0, -1.0, 0.2], np.float32)[:, None]
    assert discovered(as_tracks(tracks.inputs, values)).found == []


def test_the_order_of_the_examples_changes_nothing():
    sim, found = planted(THREE, noise=0.06, signs=(1, -1, 1), length=100)
    order = np.random.default_rng(0).permutation(len(sim.inputs))
    permuted = discovered(as_tracks(sim.inputs[order], sim.hypothetical[order]))
    same(found, permuted)
    rows = permuted.seqlets.assign(example=order[permuted.seqlets.example])
    keys = ["example", "start", "stop", "sign", "attribution"]
    for column in rows.columns:
        held, expected = (table.sort_values(keys)[column].tolist() for table in (rows, found.seqlets))
        assert held == (pytest.approx(expected) if column == "attribution" else expected)


@pytest.mark.parametrize("unit", ["A", "CA", "GGAA", "AT", "CAG"])
def test_repeats_that_contribute_are_called_repeats(unit):
    """Or are not reported at all."""
    _, found = planted((unit * (16 // len(unit)),), per=1, noise=0.02, length=150)
    assert all(motif.note.startswith("low complexity: repeats ") for motif in motifs(found))
    assert len(found.found) <= 1


def test_the_order_of_the_seqlets_changes_nothing():
    sim, found = planted(THREE, noise=0.06, signs=(1, -1, 1), length=100)
    seqlets = called(sim.tracks)
    same(found, discover_motifs(sim.tracks, seqlets.take(np.random.default_rng(0).permutation(len(seqlets)))))


def test_the_same_call_gives_the_same_bytes():
    sim, found = planted(THREE, noise=0.06, signs=(1, -1, 1), length=100)
    again = discovered(sim.tracks)
    same(found, again)
    assert found.seqlets.equals(again.seqlets)


def test_two_threads_give_what_one_gives():
    sim, found = planted(THREE, noise=0.06, signs=(1, -1, 1), length=100)
    torch.set_num_threads(2)
    same(found, discovered(sim.tracks))


def test_examples_that_come_twice_count_twice():
    sim, found = planted(THREE, noise=0.03, length=150)
    twice = discovered(as_tracks(*(np.tile(values, (2, 1, 1)) for values in (sim.inputs, sim.hypothetical))))
    assert sorted(cores(twice)) == sorted(cores(found))
    for one, other in zip(found.found, twice.found, strict=True):
        assert abs(len(other.index) - 2 * len(one.index)) <= 6


def test_the_other_strand_has_the_same_motifs():
    sim, found = planted(THREE, noise=0.03, signs=(1, -1, 1), length=150)
    turned_sim = Simulation(sim.inputs[:, ::-1, ::-1].copy(), sim.hypothetical[:, ::-1, ::-1].copy(), sim.sites)
    turned = discovered(turned_sim.tracks)
    assert sorted(cores(turned)) == sorted(cores(found))
    length = sim.inputs.shape[2]
    of_core = dict(zip(cores(turned), turned.found, strict=True))
    for core, one in zip(cores(found), found.found, strict=True):
        other = of_core[core]
        assert other.motif.sign == one.motif.sign
        assert abs(len(other.index) - len(one.index)) <= 4
        if other.motif.width == one.motif.width:
            rows, mirrored = (t.seqlets[t.seqlets.motif == o.motif.name] for t, o in ((found, one), (turned, other)))
            places = {*zip(rows.example, rows.start, strict=True)}
            other_places = {*zip(mirrored.example, length - mirrored.stop, strict=True)}
            assert len(places & other_places) >= 0.9 * len(places)


def between(sim, space=40, seed=9):
    """The same with sequence on either side that contributes nothing, so that no frame reaches beyond."""
    count, _, length = sim.inputs.shape
    codes = np.random.default_rng(seed).integers(0, 4, (count, length + 2 * space))
    inputs = np.eye(4, dtype=np.float32)[codes].transpose(0, 2, 1).copy()
    inputs[:, :, space:-space] = sim.inputs
    return inputs, np.pad(sim.hypothetical, ((0, 0), (0, 0), (space, space)))


def test_negated_attributions_swap_the_signs():
    sim, _ = planted(THREE, noise=0.06, signs=(1, -1, 1), length=100)
    inputs, values = between(sim)
    found, negated = discovered(as_tracks(inputs, values)), discovered(as_tracks(inputs, -values))
    assert len(found.found) >= 3
    for sign, group in ((1, "neg_patterns"), (-1, "pos_patterns")):
        mine = [motif for motif in motifs(found) if motif.sign == sign]
        theirs = [motif for motif in motifs(negated) if motif.sign == -sign]
        assert [motif.name for motif in theirs] == [f"{group}.pattern_{number}" for number in range(len(mine))]
        for one, other in zip(mine, theirs, strict=True):
            np.testing.assert_array_equal(one.pfm, other.pfm)
            np.testing.assert_array_equal(one.cwm, -other.cwm)


@pytest.mark.parametrize("factor", [1e-7, 1e7])
def test_the_scale_of_the_attributions_changes_no_motif(factor):
    sim, found = planted(THREE, noise=0.03, length=150)
    scaled = discovered(as_tracks(sim.inputs, (sim.hypothetical * factor).astype(np.float32)))
    check(sim, scaled)
    assert sorted(cores(scaled)) == sorted(cores(found))
    for one, other in zip(found.found, scaled.found, strict=True):
        assert abs(len(one.index) - len(other.index)) <= 3


def test_contributions_alone_give_the_same_motifs():
    sim, found = planted(THREE, noise=0.03, length=150)
    alone = discovered(as_tracks(sim.inputs, sim.contributions))
    assert [len(one.index) for one in alone.found] == [len(one.index) for one in found.found]
    for one, other in zip(motifs(found), motifs(alone), strict=True):
        np.testing.assert_array_equal(one.pfm, other.pfm)
        np.testing.assert_array_equal(one.cwm, other.cwm)
        np.testing.assert_array_equal(other.hypothetical_cwm, other.cwm)


MANY = [
    ((*THREE,), {"noise": 0.06, "signs": (1, -1, 1), "length": 100}),
    ((*THREE,), {"noise": 0.1, "length": 200}),
    ((*THREE,), {"noise": 0.03, "length": 150}),
    ((REST,), {"per": 1, "noise": 0.05, "length": 150}),
    ((HALF, BOTH), {"per": 1, "noise": 0.03, "length": 150}),
    (("ATGACGTCAT",), {"per": 1, "noise": 0.03, "length": 150}),
    (("CACACACACACACACA",), {"per": 1, "noise": 0.03, "length": 60}),
]


@pytest.mark.parametrize(
    ("words", "options"), MANY, ids=lambda value: "-".join(value) if isinstance(value, tuple) else ""
)
def test_motifs_are_recounted_from_the_table_of_seqlets(words, options):
    sim, found = planted(words, **options)
    assert found.found
    length = sim.inputs.shape[2]
    for motif in motifs(found):
        rows = found.seqlets[found.seqlets.motif == motif.name]
        assert motif.hits == len(rows)
        assert (rows.stop - rows.start == motif.width).all()
        assert rows.start.min() >= 0 and rows.stop.max() <= length
        assert not rows.duplicated(["example", "start"]).any()
        assert (rows.sign == motif.sign).all()
        counted, contributed, asked = (np.zeros((4, motif.width)) for _ in range(3))
        for row in rows.itertuples():
            for total, values in ((counted, sim.inputs), (contributed, sim.contributions), (asked, sim.hypothetical)):
                total += naive.site(values[row.example], row.start, row.stop, row.strand)
        np.testing.assert_array_equal(motif.pfm, counted)
        np.testing.assert_allclose(motif.cwm, contributed / len(rows), atol=1e-6)
        np.testing.assert_allclose(motif.hypothetical_cwm, asked / len(rows), atol=1e-6)


@pytest.mark.parametrize(("words", "options"), MANY[:3], ids=["both_signs", "noise", "plain"])
def test_the_table_holds_every_seqlet_once(words, options):
    sim, found = planted(words, **options)
    table, seqlets = found.seqlets, called(sim.tracks)
    assert len(table) == len(seqlets)
    assert sorted(table.p_value) == sorted(seqlets.p_value)
    for row in table.itertuples():
        assert row.attribution == pytest.approx(sim.contributions[row.example, :, row.start : row.stop].sum(), abs=1e-5)
    assert ((table.motif == "") == (table.strand == ".")).all()
    assert set(table.motif) - {""} == {motif.name for motif in motifs(found)}
    keys = list(zip(table.example, table.start, table.stop, strict=True))
    assert keys == sorted(keys)
    free = table[table.motif == ""]
    begun = {*zip(seqlets.example, seqlets.start, seqlets.stop, seqlets.sign, strict=True)}
    assert {*zip(free.example, free.start, free.stop, free.sign, strict=True)} <= begun


def test_motifs_are_numbered_by_their_support():
    _, found = planted(THREE, noise=0.06, signs=(1, -1, 1), length=100)
    for group in ("pos_patterns", "neg_patterns"):
        mine = [one for one in found.found if one.motif.name.startswith(group)]
        assert [one.motif.name for one in mine] == [f"{group}.pattern_{number}" for number in range(len(mine))]
        assert [len(one.index) for one in mine] == sorted((len(one.index) for one in mine), reverse=True)
    assert [one.motif.sign for one in found.found] == sorted((one.motif.sign for one in found.found), reverse=True)


@pytest.mark.parametrize("least", [2, 0, -1])
def test_a_motif_of_two_seqlets_is_refused(least):
    sim, _ = planted(THREE, noise=0.03, length=150)
    with pytest.raises(InputError, match=f"3 seqlets.*{least}"):
        discover_motifs(sim.tracks, called(sim.tracks), least=least)


def test_more_seqlets_may_be_asked_for_than_there_are():
    sim, _ = planted(THREE, noise=0.03, length=150)
    seqlets = called(sim.tracks)
    assert discover_motifs(sim.tracks, seqlets, least=len(seqlets)).found == []


@pytest.mark.parametrize("count", [0, 1, 7, 8])
def test_too_few_seqlets_make_no_motif(count):
    sim, _ = planted(THREE[:1], sites=20, per=1, noise=0.0, seed=2, length=150)
    found = discover_motifs(sim.tracks, called(sim.tracks).take(np.arange(count)))
    assert found.found == []
    assert len(found.seqlets) == count


def test_a_search_that_was_interrupted_comes_to_the_same_end():
    sim, found = planted((HALF, BOTH, THREE[1]), sites=30, per=1, noise=0.06, signs=(1, 1, -1), length=80)
    said, states = [], []
    watch = Watch(said.append, lambda sign, patterns: states.append((sign, list(patterns))))
    same(found, discover_motifs(sim.tracks, called(sim.tracks), watch=watch))
    assert len(said) == 2 and "raise" in said[0] and "lower" in said[1]
    assert {sign for sign, _ in states} == {1, -1}
    for number in {1, len(states)}:
        begun = dict(states[:number])
        again = discover_motifs(sim.tracks, called(sim.tracks), watch=Watch(begun=begun))
        same(found, again)
