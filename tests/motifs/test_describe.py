"""A pattern as a motif: every count, contribution and window against the sites one by one."""

import numpy as np
import pytest

from naive import discovery as naive
from planted import Planted, sharp, simulated
from seqinterp.motifs.assign import Members
from seqinterp.motifs.describe import FLANK, describe, windows_of
from seqinterp.motifs.frames import COLUMNS, MIDDLE
from seqinterp.motifs.seqlets import Seqlets
from seqinterp.motifs.tracks import as_tracks

WORD = "GTAAACAGATTC"


def pattern(sim, sites=None, jitter=0, sign=1):
    """Seqlets at the sites, up to `jitter` beside them, and the pattern that knows where the sites are."""
    sites = sim.sites if sites is None else sites
    example, start, stop = np.array([(site.example, site.start, site.stop) for site in sites]).T.copy()
    moved = np.random.default_rng(1).integers(-jitter, jitter + 1, len(sites))
    reverse = np.array([site.strand == "-" for site in sites])
    begun, ended = start + moved, stop + moved
    nothing = np.zeros(len(sites))
    seqlets = Seqlets(example, begun, ended, np.full(len(sites), sign), nothing, nothing, nothing)
    first = start - (COLUMNS - len(WORD)) // 2 - reverse * ((COLUMNS - len(WORD)) % 2)  # turned, it begins elsewhere
    shift = first - ((begun + ended) // 2 - MIDDLE)
    return seqlets, Members(np.zeros((COLUMNS, 4), np.float32), np.arange(len(sites)), shift, reverse)


def inner(sim, space=16):
    """Sites so far from the ends that a template about them stays within."""
    length = sim.inputs.shape[2]
    return [site for site in sim.sites if site.start >= space and site.stop <= length - space]


def recounted(values, described, tracks):
    """The windows of a described motif, one by one."""
    width, held = described.motif.width, zip(described.index, described.start, described.reverse, strict=True)
    return [
        naive.site(values[tracks[index]], start, start + width, "-" if reverse else "+")
        for index, start, reverse in held
    ]


@pytest.mark.parametrize("noise", [0.0, 0.05, 0.2])
@pytest.mark.parametrize("jitter", [0, 5])
def test_counts_and_contributions_are_those_of_its_sites(jitter, noise):
    sim = simulated([sharp(WORD)], per=1, noise=noise, seed=3)
    sites = inner(sim)
    seqlets, members = pattern(sim, sites, jitter)
    found = describe(sim.tracks, seqlets, members, "pos_patterns.pattern_0")
    motif, width = found.motif, found.motif.width
    assert (motif.name, motif.hits) == ("pos_patterns.pattern_0", len(sites))
    np.testing.assert_array_equal(found.index, np.arange(len(sites)))
    place = max(motif.consensus.find(WORD), motif.consensus.find("GAATCTGTTTAC"))
    assert 0 <= place <= width - len(WORD)
    assert width == len(WORD) or noise > 0  # under noise a column beside it may seem to say something
    for site, start, reverse in zip(sites, found.start.tolist(), found.reverse.tolist(), strict=True):
        assert start == site.start - (width - len(WORD) - place if reverse else place)
    turned = {(site.strand == "-") != reverse for site, reverse in zip(sites, found.reverse.tolist(), strict=True)}
    assert len(turned) == 1
    assert 2 * found.reverse.sum() <= len(sites)
    for values, shown in (
        (sim.contributions, found.motif.cwm),
        (sim.hypothetical, found.motif.hypothetical_cwm),
        (sim.inputs, found.motif.pfm / len(sites)),
    ):
        windows = recounted(values, found, seqlets.example)
        np.testing.assert_allclose(shown, np.mean(windows, axis=0), atol=1e-6)
    assert found.motif.pfm.sum(axis=0).tolist() == [len(sites)] * width


@pytest.mark.parametrize("strands", ["+", "-", "+-"])
def test_a_motif_is_read_on_the_strand_of_most_of_its_seqlets(strands):
    sim = simulated([sharp(WORD)], per=1, strands=strands, seed=1)
    sites = inner(sim)
    found = describe(sim.tracks, *pattern(sim, sites), "a")
    most = max("+-", key=lambda strand: sum(site.strand == strand for site in sites))
    assert (WORD if most == "+" else "GAATCTGTTTAC") in found.motif.consensus
    assert found.reverse.tolist() == [site.strand != most for site in sites]


@pytest.mark.parametrize("cut", [-2, -1, 0, 1])
def test_seqlets_whose_window_would_leave_the_sequence_are_left_out(cut):
    """The first five sites begin so far from where their sequence begins, the next five end so far from its end."""
    sim = simulated([sharp(WORD)], per=1, noise=0.0, seed=2)
    inputs, hypothetical, sites = sim.inputs.copy(), sim.hypothetical.copy(), []
    for number, site in enumerate(inner(sim)):
        length = inputs.shape[2]
        move = cut - site.start if number < 5 else length - cut - site.stop if number < 10 else 0
        for values in (inputs, hypothetical):
            values[site.example] = np.roll(values[site.example], move, axis=1)
        sites.append(Planted(site.example, site.start + move, site.stop + move, site.strand, site.motif))
    found = describe(as_tracks(inputs, hypothetical), *pattern(sim, sites), "a")
    left_out = 10 if cut < 0 else 0
    assert found.index.tolist() == list(range(left_out, len(sites)))
    assert found.motif.hits == len(sites) - left_out == found.motif.pfm.sum(axis=0)[0]
    assert found.start.min() >= 0 and found.start.max() + found.motif.width <= inputs.shape[2]


def test_a_pattern_of_which_nothing_is_left_is_no_motif():
    """Every site is cut off, at the one end of its sequence or at the other, so that most columns are there of most."""
    sim = simulated([sharp(WORD)], per=1, sites=20, noise=0.0, strands="+")
    inputs, values, sites = np.zeros_like(sim.inputs), np.zeros_like(sim.hypothetical), []
    for site in sim.sites:
        move = (-6 if site.example % 2 else 120 - 6) - site.start
        for held, whole in ((inputs, sim.inputs), (values, sim.hypothetical)):
            shifted = np.pad(whole[site.example], ((0, 0), (120, 120)))[:, 120 - move : 240 - move]
            held[site.example] = shifted
        sites.append(Planted(site.example, site.start + move, site.stop + move, "+", 0))
    assert describe(as_tracks(inputs, values), *pattern(sim, sites), "a") is None


def test_one_site_is_counted_once():
    sim = simulated([sharp(WORD)], per=1, seed=5)
    sites = inner(sim)
    seqlets, members = pattern(sim, [*sites, *sites[:9]], jitter=4)
    found = describe(sim.tracks, seqlets, members, "a")
    assert found.motif.hits == len(sites)
    assert len({*zip(seqlets.example[found.index], found.start, strict=True)}) == len(sites)


def test_unknown_bases_are_not_counted():
    sim = simulated([sharp(WORD)], per=1, noise=0.0, seed=2)
    sites = inner(sim)
    inputs = sim.inputs.copy()
    for site in sites[:7]:
        inputs[site.example, :, site.start + 3 if site.strand == "+" else site.stop - 4] = 0
    found = describe(as_tracks(inputs, sim.hypothetical), *pattern(sim, sites), "a")
    place = 3 if found.motif.consensus == WORD else len(WORD) - 4
    expected = np.full(len(WORD), len(sites))
    expected[place] -= 7
    assert found.motif.pfm.sum(axis=0).tolist() == expected.tolist()


@pytest.mark.parametrize("sign", [1, -1])
def test_the_sign_is_that_of_the_seqlets(sign):
    sim = simulated([sharp(WORD)], per=1, signs=[sign])
    found = describe(sim.tracks, *pattern(sim, inner(sim), sign=sign), "a")
    assert found.motif.sign == sign
    assert np.sign(found.motif.cwm.sum()) == sign


def test_without_hypothetical_contributions_the_actual_ones_stand_for_them():
    sim = simulated([sharp(WORD)], per=1)
    found = describe(as_tracks(sim.inputs, sim.contributions), *pattern(sim, inner(sim)), "a")
    np.testing.assert_array_equal(found.motif.hypothetical_cwm, found.motif.cwm)


@pytest.mark.parametrize("word", [WORD, "CACACACACACACACACACA"])
def test_repeats_are_noted(word):
    sim = simulated([sharp(word)], per=1, noise=0.0, strands="+")
    sites = [site for site in sim.sites if 12 <= site.start <= 80]
    found = describe(sim.tracks, *pattern(sim, sites), "a")
    assert found.motif.note.startswith("low complexity: repeats") == (word != WORD)


@pytest.mark.parametrize(("copies", "noted"), [(1, False), (2, True), (3, True)])
def test_sites_in_copies_of_one_another_are_noted(copies, noted):
    sim = simulated([sharp(WORD)], per=1, noise=0.0, seed=4)
    count, inputs, values = len(sim.inputs), np.tile(sim.inputs, (3, 1, 1)), np.tile(sim.hypothetical, (3, 1, 1))
    sites = [
        Planted(site.example + copy * count, site.start, site.stop, site.strand, 0)
        for copy in range(copies)
        for site in inner(sim)
    ]
    note = describe(as_tracks(inputs, values), *pattern(sim, sites), "a").motif.note
    different = len(sites) // copies
    assert note == (f"{len(sites)} sites, of which {different} in different sequences" if noted else "")


def test_the_wider_motif_has_what_is_beside_it():
    sim = simulated([sharp(WORD)], per=1, noise=0.0, seed=4)
    sites = inner(sim)
    seqlets, members = pattern(sim, sites)
    found = describe(sim.tracks, seqlets, members, "a")
    width = found.motif.width
    np.testing.assert_array_equal(found.wide.pfm[:, found.beside : found.beside + width], found.motif.pfm)
    assert found.wide.width == width + 2 * found.beside
    windows = [
        naive.site(sim.inputs[site.example], start - FLANK, start + width + FLANK, "-" if reverse else "+")
        for site, start, reverse in zip(sites, found.start.tolist(), found.reverse.tolist(), strict=True)
    ]
    np.testing.assert_array_equal(found.wide.pfm, np.sum(windows, axis=0))


def test_windows_are_zero_beyond_the_sequence():
    values = np.random.default_rng(0).normal(size=(2, 4, 20))
    windows = windows_of(values, np.array([0, 1, 1]), np.array([-3, 15, 4]), np.array([False, True, True]), 8)
    padded = np.pad(values, ((0, 0), (0, 0), (8, 8)))
    for window, (example, start, strand) in zip(windows, [(0, -3, "+"), (1, 15, "-"), (1, 4, "-")], strict=True):
        np.testing.assert_array_equal(window, naive.site(padded[example], start + 8, start + 16, strand).T)
