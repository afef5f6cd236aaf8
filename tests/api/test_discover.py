"""`discover`: motifs with names, tables with places in the genome, and words about what cannot be done."""

from functools import cache

import numpy as np
import pandas as pd
import pytest
import torch

import seqinterp as si
from naive import discovery as naive
from planted import Simulation, sharp, simulated
from seqinterp.api.discover import RATES
from seqinterp.errors import FileError, InputError, ShapeError
from seqinterp.io.bundled import bundled
from seqinterp.io.motif_files import read_motifs
from seqinterp.motifs.discovery import discover_motifs
from seqinterp.motifs.motif import Motif
from seqinterp.motifs.seqlets import candidate_seqlets
from seqinterp.sequence.examples import Locus
from seqinterp.sequence.onehot import decode
from seqinterp.sequence.strand import reverse_complement

WORDS = ("GTAAACAGATTC", "CCGGAAGTGACA")
KNOWN = [Motif(name, 100 * sharp(word)) for name, word in zip(("first", "second"), WORDS, strict=True)]
DECOYS = [
    Motif(f"decoy_{seed}", 100 * np.random.default_rng(seed).dirichlet([0.3] * 4, 10).T.copy()) for seed in range(60)
]
LENGTH = 100
TABLES = ["seqlets", "hits", "curve"]


@cache
def planted() -> Simulation:
    return simulated([sharp(word) for word in WORDS], sites=30, per=1, length=LENGTH, signs=(1, -1), noise=0.03)


@cache
def found():
    sim = planted()
    return si.discover(sim.inputs, sim.hypothetical, database=[*KNOWN, *DECOYS])


def same(one, other, *, tables=TABLES):
    assert [motif.name for motif in one] == [motif.name for motif in other]
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a.pfm, b.pfm)
        np.testing.assert_array_equal(a.cwm, b.cwm)
    for table in tables:
        pd.testing.assert_frame_equal(getattr(one, table), getattr(other, table))


def test_motifs_are_found_and_named():
    motifs = found()
    assert [motif.name for motif in motifs] == ["pos_patterns.pattern_0", "neg_patterns.pattern_0"]
    assert [motif.match.name for motif in motifs] == ["first", "second"]
    assert [motif.sign for motif in motifs] == [1, -1]
    for motif, word in zip(motifs, WORDS, strict=True):
        start = motif.match.offset
        read = motif.consensus
        placed = reverse_complement(word) if motif.match.reverse else word
        assert read[max(0, start) :].startswith(placed[max(0, -start) :])
    assert (motifs.database, motifs.database_size) == ("the motifs given", 62)


def test_motifs_are_those_of_the_search():
    sim, motifs = planted(), found()
    candidates = candidate_seqlets(sim.tracks.total)
    seqlets = candidates.take(np.flatnonzero(candidates.q_value <= 0.2))
    expected = discover_motifs(sim.tracks, seqlets)
    for motif, one in zip(motifs, expected.found, strict=True):
        np.testing.assert_array_equal(motif.pfm, one.motif.pfm)
    pd.testing.assert_frame_equal(motifs.seqlets, expected.seqlets)


def test_a_motif_that_resembles_none_has_no_name():
    sim = planted()
    assert [motif.match for motif in si.discover(sim.inputs, sim.hypothetical, database=DECOYS)] == [None, None]


def test_names_come_from_the_motifs_that_are_bundled():
    known = {motif.label or motif.name: motif for motif in read_motifs(bundled("jaspar_subset.meme"))}
    chosen = max(known.values(), key=lambda motif: motif.information_content)
    sim = simulated([chosen.pwm], sites=40, per=1, length=LENGTH)
    (motif,) = si.discover(sim.inputs, sim.hypothetical)
    assert chosen.label in (motif.match.label, *motif.match.also)


def test_places_of_sites_are_found_again():
    sim, motifs = planted(), found()
    for number, motif in enumerate(motifs):
        for table in (motifs.seqlets, motifs.hits):
            rows = table[table.motif == motif.name]
            assert (rows.stop - rows.start == motif.width).all()
            sites = [site for site in sim.sites if site.motif == number]
            near = sum(
                any(
                    row.example == site.example and abs(row.start - site.start) <= motif.width
                    for row in rows.itertuples()
                )
                for site in sites
            )
            assert near >= 0.8 * len(sites)
            assert len(rows) <= 1.1 * len(sites)


def test_the_curve_counts_calls():
    candidates, curve = candidate_seqlets(planted().tracks.total), found().curve
    assert curve.rate.tolist() == list(RATES)
    for row in curve.itertuples():
        good = candidates.q_value <= row.rate
        assert (row.calls, row.positive) == (good.sum(), (good & (candidates.sign == 1)).sum())
        assert row.calls == row.positive + row.negative
        assert row.false == pytest.approx(row.rate * row.calls)
    assert (np.diff(curve.calls) >= 0).all()


@pytest.mark.parametrize("threshold", [0.01, 0.2, 1.0])
def test_seqlets_are_called_at_the_threshold(threshold):
    sim = planted()
    motifs = si.discover(sim.inputs[:20], sim.hypothetical[:20], threshold=threshold, database=KNOWN)
    candidates = candidate_seqlets(sim.tracks.total[:20])
    assert len(motifs.seqlets) == (candidates.q_value <= threshold).sum()
    assert motifs.seqlets.q_value.max() <= threshold


def genome_of(inputs, seed=0):
    """A genome that the sequences are in, every other one on the minus strand, and the loci."""
    generator = np.random.default_rng(seed)
    chromosomes, loci = {"chr1": "", "chrX": ""}, []
    for number, sequence in enumerate(decode(torch.from_numpy(inputs))):
        name, strand = ("chr1", "chrX")[number % 3 == 0], "+-"[number % 2]
        chromosomes[name] += "".join(generator.choice(list("ACGT"), int(generator.integers(1, 50))))
        start = len(chromosomes[name])
        chromosomes[name] += sequence if strand == "+" else reverse_complement(sequence)
        loci.append(Locus(name, start, start + len(sequence), strand))
    return chromosomes, loci


@pytest.mark.parametrize("written", [False, True])
def test_places_in_the_genome_hold_what_was_found(written):
    sim = planted()
    genome, loci = genome_of(sim.inputs)
    motifs = si.discover(
        sim.inputs, sim.hypothetical, database=KNOWN, loci=[str(one) for one in loci] if written else loci
    )
    same(motifs, si.discover(sim.inputs, sim.hypothetical, database=KNOWN), tables=["curve"])
    for table in (motifs.seqlets, motifs.hits):
        for row in table.itertuples():
            cut = genome[row.chromosome][row.chromosome_start : row.chromosome_stop]
            inside = decode(torch.from_numpy(sim.inputs[row.example : row.example + 1, :, row.start : row.stop]))[0]
            assert cut in (inside, reverse_complement(inside))
            if row.strand != ".":
                read = [
                    reverse_complement(cut) if row.chromosome_strand == "-" else cut,
                    reverse_complement(inside) if row.strand == "-" else inside,
                ]
                assert read[0] == read[1]
    for motif in motifs:  # the motif can be counted from the genome alone
        counts = np.zeros_like(motif.pfm)
        for row in motifs.seqlets[motifs.seqlets.motif == motif.name].itertuples():
            cut = genome[row.chromosome][row.chromosome_start : row.chromosome_stop]
            for column, base in enumerate(reverse_complement(cut) if row.chromosome_strand == "-" else cut):
                counts["ACGT".index(base), column] += 1
        np.testing.assert_array_equal(motif.pfm, counts)


def test_some_loci_may_be_unknown():
    sim = planted()
    _, loci = genome_of(sim.inputs)
    motifs = si.discover(sim.inputs, sim.hypothetical, database=KNOWN, loci=[None, *loci[1:]])
    assert set(motifs.seqlets[motifs.seqlets.example == 0].chromosome) == {""}
    assert "" not in set(motifs.seqlets[motifs.seqlets.example > 0].chromosome)
    assert "chromosome" not in found().seqlets.columns


def test_counts_are_those_of_the_table():
    sim, motifs = planted(), found()
    for motif in motifs:
        rows = motifs.seqlets[motifs.seqlets.motif == motif.name]
        windows = [naive.site(sim.inputs[row.example], row.start, row.stop, row.strand) for row in rows.itertuples()]
        np.testing.assert_array_equal(motif.pfm, np.sum(windows, axis=0))
        assert motif.hits == len(windows)


def test_tensors_are_taken_as_arrays_are():
    sim = planted()
    inputs, values = torch.from_numpy(sim.inputs), torch.from_numpy(sim.hypothetical)
    held = inputs.clone(), values.clone()
    same(si.discover(inputs.int(), values.double().requires_grad_(), database=[*KNOWN, *DECOYS]), found())
    same(si.discover(inputs, values, database=[*KNOWN, *DECOYS]), found())
    assert torch.equal(inputs, held[0]) and torch.equal(values, held[1])


def test_an_attribution_is_taken_as_what_it_holds():
    model = torch.nn.Sequential(torch.nn.Conv1d(4, 3, 12), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.Linear(267, 1))
    with torch.no_grad():
        model[0].weight[:] = 0
        model[0].weight[0] = torch.from_numpy(np.log2(sharp(WORDS[0]) / 0.25)).float()
        model[0].bias[:] = -8
        model[3].weight[:] = 1
    inputs = torch.from_numpy(planted().inputs)
    attribution = si.attribute(model, inputs, "deeplift", baseline="zeros")
    whole = si.discover(inputs, attribution, database=KNOWN)
    assert attribution.hypothetical is not None
    np.testing.assert_allclose(whole.discovered.tracks.total, attribution.values.sum(dim=1).numpy(), atol=1e-6)
    assert [motif.match.name for motif in whole] == ["first"]
    same(whole, si.discover(inputs, attribution.values, database=KNOWN), tables=["seqlets", "curve"])


def test_attributions_of_positions_are_enough():
    sim = planted()
    motifs = si.discover(sim.inputs, sim.contributions.sum(axis=1), database=[*KNOWN, *DECOYS])
    assert [motif.match.name for motif in motifs] == ["first", "second"]


def test_the_same_call_gives_the_same_and_touches_no_random_state():
    sim, state = planted(), torch.get_rng_state()
    same(si.discover(sim.inputs, sim.hypothetical, database=[*KNOWN, *DECOYS]), found())
    assert torch.equal(torch.get_rng_state(), state)


def test_the_seed_is_of_the_hits_alone():
    sim = planted()
    other = si.discover(sim.inputs, sim.hypothetical, database=[*KNOWN, *DECOYS], seed=5)
    same(other, found(), tables=["seqlets", "curve"])


def test_where_nothing_is_there_is_nothing_to_find():
    sim = planted()
    noise = np.random.default_rng(0).normal(size=sim.hypothetical.shape).astype(np.float32)
    for values in (np.zeros_like(noise), noise):
        motifs = si.discover(sim.inputs, values, database=KNOWN)
        assert len(motifs) == 0
        assert list(motifs.seqlets.columns) == list(found().seqlets.columns)
        assert list(motifs.hits.columns) == list(found().hits.columns)
        assert len(motifs.hits) == 0
        assert len(motifs.to_frame()) == 0


@pytest.mark.parametrize("shape", ["positions", "bases"])
def test_seqlets_are_called_against_a_control(shape):
    sim = planted()
    control = simulated([sharp(WORDS[0])], sites=60, per=1, length=LENGTH, noise=0.03, seed=1)
    background = control.contributions.copy()
    for site in control.sites:
        background[site.example, :, site.start : site.stop] = 0
    given = background if shape == "bases" else torch.from_numpy(background.sum(axis=1))
    motifs = si.discover(sim.inputs, sim.hypothetical, database=KNOWN, control=given)
    assert [motif.match.name for motif in motifs] == ["first", "second"]
    itself = si.discover(sim.inputs, sim.hypothetical, database=KNOWN, control=sim.contributions)
    assert len(itself) == 0 and len(itself.seqlets) == 0


class Interruption(Exception):
    """Somebody stopped the search."""


def test_an_interrupted_search_goes_on_where_it_was(tmp_path, monkeypatch):
    sim, path = planted(), tmp_path / "search.safetensors"
    import seqinterp.api.discover as module

    saved = module.save_search

    def interrupted(*arguments):
        saved(*arguments)
        raise Interruption

    monkeypatch.setattr(module, "save_search", interrupted)
    with pytest.raises(Interruption):
        si.discover(sim.inputs, sim.hypothetical, database=KNOWN, checkpoint=path)
    assert path.exists()
    monkeypatch.setattr(module, "save_search", saved)
    with pytest.raises(FileError, match="belongs to a search of other inputs or with other options"):
        si.discover(sim.inputs[1:], sim.hypothetical[1:], database=KNOWN, checkpoint=path)
    with pytest.raises(FileError, match="belongs to a search of other inputs or with other options"):
        si.discover(sim.inputs, sim.hypothetical, database=KNOWN, checkpoint=path, least=9)
    same(
        si.discover(sim.inputs, sim.hypothetical, database=KNOWN, checkpoint=path),
        si.discover(sim.inputs, sim.hypothetical, database=KNOWN),
    )
    assert not path.exists()


def test_progress_is_told_on_the_terminal_alone(capsys):
    sim = planted()
    si.discover(sim.inputs, sim.hypothetical, database=KNOWN)
    assert capsys.readouterr() == ("", "")
    si.discover(sim.inputs, sim.hypothetical, database=KNOWN, progress=True)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("threshold", [0.0, -0.1, 1.5, float("nan")])
def test_a_threshold_that_is_no_rate_is_refused(threshold):
    sim = planted()
    with pytest.raises(InputError, match="threshold must be a false discovery rate above 0 and up to 1, not"):
        si.discover(sim.inputs, sim.hypothetical, threshold=threshold)


@pytest.mark.parametrize("least", [2, 0, -3])
def test_a_motif_of_two_seqlets_is_refused(least):
    sim = planted()
    with pytest.raises(InputError, match=f"3 seqlets.*{least}"):
        si.discover(sim.inputs, sim.hypothetical, least=least)


@pytest.mark.parametrize(
    ("loci", "words"),
    [
        (["chr1:0-100"], "60 examples need as many loci, but 1 came"),
        (["chr1:0-100"] * 61, "60 examples need as many loci, but 61 came"),
        (["chr1:0-100"] * 59 + ["chr2:5-104"], "locus 59, chr2:5-104, is 99 long, but its example has 100 positions"),
        (["chr1:0-100"] * 59 + ["chr2"], "a locus is written chr22:10-111"),
        ([], "60 examples need as many loci, but 0 came"),
    ],
)
def test_loci_that_do_not_fit_are_refused(loci, words):
    sim = planted()
    with pytest.raises(InputError, match=words):
        si.discover(sim.inputs, sim.hypothetical, loci=loci)


@pytest.mark.parametrize("shape", [(5, 4, 99), (5, 99), (0, 4, 100), (100,), (5, 4, 100, 1), (5, 100, 4), (5, 3, 100)])
def test_a_control_of_another_shape_is_refused(shape):
    sim = planted()
    with pytest.raises(InputError, match="the control must be contributions of sequences of 100 positions, but it is"):
        si.discover(sim.inputs, sim.hypothetical, control=np.zeros(shape, np.float32))


def test_numbers_that_are_none_are_refused():
    sim = planted()
    values, control = sim.hypothetical.copy(), np.zeros((5, LENGTH), np.float32)
    values[7, 2, 3] = control[2, 4] = np.nan
    with pytest.raises(InputError, match="the attributions of example 7 hold NaN"):
        si.discover(sim.inputs, values)
    with pytest.raises(InputError, match="the control of example 2 hold"):
        si.discover(sim.inputs, sim.hypothetical, control=control)


def test_arrays_of_another_shape_are_refused():
    sim = planted()
    with pytest.raises(ShapeError, match="the inputs must be one-hot DNA"):
        si.discover(sim.inputs[0], sim.hypothetical[0])
    with pytest.raises(ShapeError, match="the attributions must be"):
        si.discover(sim.inputs, sim.hypothetical[:, :, 1:])
    with pytest.raises(ShapeError, match="the inputs must be one-hot DNA"):
        si.discover(sim.inputs.transpose(0, 2, 1), sim.hypothetical.transpose(0, 2, 1))


def test_sequences_too_short_for_a_seqlet_are_refused():
    sim = planted()
    with pytest.raises(InputError, match="seqlets need sequences at least twice as long as a window"):
        si.discover(sim.inputs[:, :, :13], sim.hypothetical[:, :, :13])


def test_a_database_that_is_not_there_or_empty_is_refused(tmp_path):
    sim = planted()
    with pytest.raises(FileError):
        si.discover(sim.inputs, sim.hypothetical, database=tmp_path / "none.meme")
    with pytest.raises(InputError, match="the motif database is empty"):
        si.discover(sim.inputs, sim.hypothetical, database=[])
