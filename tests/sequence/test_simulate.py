from itertools import pairwise

import numpy as np
import pytest

from seqinterp.errors import AlphabetError, InputError
from seqinterp.sequence.markov import UNIFORM, Background
from seqinterp.sequence.simulate import simulate
from seqinterp.sequence.strand import reverse_complement
from tests.naive import sequence as naive


def one_hot_motif(consensus, certainty=1.0):
    pwm = np.full((4, len(consensus)), (1 - certainty) / 3)
    for column, base in enumerate(consensus):
        pwm[:, column] = 0.25 if base == "N" else pwm[:, column]
        if base != "N":
            pwm["ACGT".index(base), column] = certainty
    return pwm


EXACT = {"ap1": one_hot_motif("NTGACTCAN"), "cre": one_hot_motif("TGACGTCA")}
SOFT = {"ap1": one_hot_motif("TGACTCA", 0.85), "cre": one_hot_motif("TGACGTCA", 0.85)}
OPTIONS = {"count": 300, "length": 80, "seed": 5, "decoys": ("TGAC",), "decoy_copies": (1, 2), "broken": 0.5}


@pytest.fixture(scope="module")
def exact():
    return simulate(EXACT, **OPTIONS)


def written(sequence, site):
    text = sequence[site.start : site.stop]
    return text if site.strand == "+" else reverse_complement(text)


def test_every_second_example_is_positive_and_holds_the_sites_it_says(exact):
    assert exact.labels.tolist() == [0, 1] * 150
    counts = [sum(site.kind == "site" for site in sites) for sites in exact.sites]
    assert set(counts[::2]) == {0} and set(counts[1::2]) == {1, 2}
    consensus = {"ap1": "TGACTCA", "cre": "TGACGTCA"}
    for sequence, sites in zip(exact.sequences, exact.sites, strict=True):
        for site in sites:
            if site.kind == "site":
                text = written(sequence, site)
                assert (text[1:-1] if site.motif == "ap1" else text) == consensus[site.motif]


def test_both_strands_both_motifs_and_all_places_occur(exact):
    sites = [site for planted in exact.sites for site in planted if site.kind == "site"]
    assert {(site.motif, site.strand) for site in sites} == {(m, s) for m in EXACT for s in "+-"}
    starts = np.array([site.start for site in sites])
    assert starts.min() < 8 and starts.max() > 63 and 30 < starts.mean() < 42


def test_the_truth_is_the_informative_columns(exact):
    for sites, row in zip(exact.sites, exact.truth(), strict=True):
        expected = set()
        for site in sites:
            if site.kind == "site":
                expected |= set(range(site.start + (site.motif == "ap1"), site.stop - (site.motif == "ap1")))
        assert set(row.nonzero().flatten().tolist()) == expected


def test_informative_columns_turn_with_the_strand():
    pwm = one_hot_motif("TGACTCNN")
    planted = [site for sites in simulate({"m": pwm}, count=60, length=60, seed=0).sites for site in sites]
    assert {site.strand for site in planted} == {"+", "-"}
    for site in planted:
        offset = 0 if site.strand == "+" else 2
        assert site.informative == tuple(range(site.start + offset, site.start + offset + 6))


def test_both_classes_have_decoys_and_negatives_have_broken_sites(exact):
    decoys = [[site for site in sites if site.motif == "TGAC"] for sites in exact.sites]
    assert {len(sites) for sites in decoys[::2]} == {len(sites) for sites in decoys[1::2]} == {1, 2}
    assert all(written(s, site) == "TGAC" for s, sites in zip(exact.sequences, decoys, strict=True) for site in sites)
    broken = [[site for site in sites if site.kind == "decoy" and site.motif in EXACT] for sites in exact.sites]
    assert not any(broken[1::2])
    assert 0.35 < np.mean([bool(sites) for sites in broken[::2]]) < 0.65
    for sequence, sites in zip(exact.sequences, broken, strict=True):
        for site in sites:
            text = written(sequence, site)
            core, consensus = (text[1:-1], "TGACTCA") if site.motif == "ap1" else (text, "TGACGTCA")
            assert sum(a != b for a, b in zip(core, consensus, strict=True)) == 2


def test_nothing_planted_overlaps(exact):
    for sites in exact.sites:
        assert all(a.stop <= b.start for a, b in pairwise(sites))


@pytest.mark.parametrize("ceiling", [0.6, 0.85])
def test_negatives_hold_no_accidental_site(ceiling):
    examples = simulate(SOFT, **{**OPTIONS, "count": 200}, ceiling=ceiling)
    shares = [max(naive.best_share(s, pwm.tolist()) for pwm in SOFT.values()) for s in examples.sequences[::2]]
    assert max(shares) < ceiling


def test_accidental_sites_would_be_there_otherwise():
    draws = UNIFORM.sample(80, count=100)
    assert max(max(naive.best_share(s, pwm.tolist()) for pwm in SOFT.values()) for s in draws) > 0.6


def test_sites_are_sampled_base_by_base():
    pwm = np.array([[0.7, 0.0], [0.1, 0.5], [0.1, 0.5], [0.1, 0.0]])
    only_t = Background(np.ones(1), np.array([[0.0, 0.0, 0.0, 1.0]]))  # holds no accidental site
    examples = simulate({"m": pwm}, count=4000, length=20, seed=0, sites=(1, 1), background=only_t)
    texts = [written(s, sites[0]) for s, sites in zip(examples.sequences, examples.sites, strict=True) if sites]
    found = [[np.mean([text[k] == base for text in texts]) for k in range(2)] for base in "ACGT"]
    np.testing.assert_allclose(found, pwm, atol=0.035)


def test_example_i_depends_on_seed_and_i_alone():
    many, few = simulate(SOFT, **OPTIONS), simulate(SOFT, **{**OPTIONS, "count": 30})
    assert many.sequences[:30] == few.sequences and many.sites[:30] == few.sites
    assert simulate(SOFT, **{**OPTIONS, "seed": 6}).sequences[0] != few.sequences[0]


def test_the_classes_differ_little_in_gc(exact):
    gc = np.array([sum(base in "GC" for base in s) / len(s) for s in exact.sequences])
    assert abs(gc[1::2].mean() - gc[::2].mean()) < 0.03


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"motifs": {}}, "at least one motif"),
        ({"motifs": {"m": one_hot_motif("ACGT") * 2}}, "motif m must be probabilities"),
        ({"count": 0}, "count must be 1 or more"),
        ({"seed": -1}, "seed 0 or more"),
        ({"length": 30}, "too short to plant"),
        ({"sites": (2, 1)}, "sites must be"),
        ({"broken": 1.5}, "broken must be in 0..1"),
        ({"decoys": ("TGNC",)}, "a decoy is a string of A, C, G and T"),
        ({"motifs": {"m": one_hot_motif("AC")}, "ceiling": 0.5, "count": 2}, "accidental site .* raise ceiling"),
    ],
)
def test_settings_that_cannot_be_met_are_refused(changes, message):
    options = {"motifs": EXACT, **OPTIONS, **changes}
    with pytest.raises(InputError, match=message):
        simulate(options.pop("motifs"), **options)


def test_a_decoy_of_rna_is_refused():
    with pytest.raises(AlphabetError, match="replace U by T"):
        simulate(EXACT, **{**OPTIONS, "decoys": ("UGAC",)})
