"""Scans of sequences against windows scored one by one, with p-values from the distribution of all scores."""

import numpy as np
import pytest
import torch

from seqinterp.errors import InputError, ShapeError
from seqinterp.io.bundled import bundled
from seqinterp.io.motif_files import read_motifs
from seqinterp.motifs.motif import Motif
from seqinterp.motifs.scan import COLUMNS, scan_sequences, survival
from seqinterp.sequence.onehot import one_hot
from tests.naive import hits as naive

DATABASE = {motif.label: motif for motif in read_motifs(bundled("jaspar_subset.meme"))}


def sequences(seed, count=6, length=60, letters="ACGT"):
    generator = np.random.default_rng(seed)
    return ["".join(generator.choice(list(letters), length)) for _ in range(count)]


def scanned(texts, motifs, **options):
    return scan_sequences(one_hot(texts).numpy(), motifs, **options)


def random_motif(name, width, seed, **options):
    return Motif(name, np.random.default_rng(seed).dirichlet(np.full(4, 0.3), size=width).T * 20, **options)


def as_rows(table):
    return sorted((*row[:5], round(row[5], 2)) for row in table.itertuples(index=False))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("threshold", [1e-3, 0.02, 0.3])
def test_every_window_below_the_threshold_with_its_exact_p_value(seed, threshold):
    motifs = [random_motif(f"motif {width}", width, seed + width) for width in (5, 8, 13)]
    motifs.append(random_motif("another background", 7, seed, background=(0.3, 0.2, 0.2, 0.3)))
    motifs.append(random_motif("impossible bases", 6, seed, pseudocount=0.0))
    texts = sequences(seed, letters="ACGT" if seed % 2 else "ACGT" * 10 + "NR")
    kept = [motif for motif in motifs if 4.0**-motif.width * 4 < threshold]
    known, tests = naive.fimo(texts, kept, threshold)
    found = scanned(texts, kept, threshold=threshold)
    assert len(known) > 0
    assert as_rows(found) == sorted((*row[:5], round(row[5], 2)) for row in known)
    exact = {row[:5]: row[6] for row in known}
    p_values = [exact[row[:5]] for row in found.itertuples(index=False, name=None)]
    np.testing.assert_allclose(found.p_value, p_values, rtol=1e-9)
    for motif in kept:
        mine = found[found.motif == motif.name]
        q_values = naive.benjamini_hochberg(list(mine.p_value), tests[motif.name])
        np.testing.assert_allclose(mine.q_value, q_values, rtol=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_the_distribution_is_that_of_all_sequences(seed):
    scores = np.random.default_rng(seed).integers(-30, 20, (4, 6)).astype(float)
    known, found = naive.tail_by_listing(scores), survival(scores)
    lowest = int(scores.min(axis=0).sum())
    assert len(found) == max(known) - lowest + 1
    for total, chance in known.items():
        assert found[total - lowest] == pytest.approx(chance, rel=1e-12)
    assert naive.tail_by_programming(scores) == pytest.approx(known)


@pytest.mark.parametrize("label", ["CTCF", "REST", "GABPA"])
@pytest.mark.parametrize("strand", ["+", "-"])
def test_the_best_site_is_found_on_its_strand(label, strand):
    motif = DATABASE[label]
    site = "".join("ACGT"[base] for base in motif.pssm.argmax(axis=0))
    if strand == "-":
        site = site[::-1].translate(str.maketrans("ACGT", "TGCA"))
    text = "T" * 20 + site + "T" * 30
    found = scanned(["A" * len(text), text], [motif], threshold=1e-6)
    best = found.loc[found.score.idxmax()]
    assert (best.example, best.start, best.stop, best.strand) == (1, 20, 20 + motif.width, strand)
    assert best.score == pytest.approx(motif.pssm.max(axis=0).sum(), abs=0.01 * motif.width)
    assert best.p_value == pytest.approx(4.0**-motif.width, rel=1e-6)


def test_windows_with_unknown_bases_are_not_looked_at():
    motif = Motif("GATTACA", np.eye(4)[[2, 0, 3, 3, 0, 1, 0]].T * 100)
    clear = scanned(["CCGATTACACC"], [motif], threshold=1e-3)
    assert clear[["start", "stop", "strand"]].to_numpy().tolist() == [[2, 9, "+"]]
    for text in ("CCGATTNCACC", "CCGATTRCACC", "N" * 30):
        assert len(scanned([text], [motif], threshold=0.9).query("start <= 6 < stop")) == 0
    padded = scanned(["N" * 50 + "CCGATTACACC" + "N" * 50], [motif], threshold=1e-3)
    assert padded.q_value.tolist() == clear.q_value.tolist()


def test_columns_and_empty_answers():
    motif = DATABASE["CTCF"]
    for table in (scanned(["A" * 40], [motif]), scanned(["A" * 40], [])):
        assert tuple(table.columns) == COLUMNS
        assert len(table) == 0
    found = scanned(sequences(0, count=20), list(DATABASE.values())[:30], threshold=1e-3)
    order = found[["example", "start"]]
    assert order.equals(order.sort_values(["example", "start"], kind="stable"))
    assert found[["example", "start", "stop"]].dtypes.tolist() == [np.dtype(np.int64)] * 3


def test_inputs_and_threads_are_left_alone():
    inputs = one_hot(sequences(1)).numpy()
    before = inputs.copy()
    scan_sequences(inputs, [DATABASE["GABPA"]])
    np.testing.assert_array_equal(inputs, before)
    assert torch.get_num_threads() == 1


@pytest.mark.parametrize(
    ("motifs", "threshold", "message"),
    [
        ([Motif("flat", np.ones((4, 12)))], 1e-4, "motif flat .12 wide, 0.0 bits. says too little"),
        ([Motif("short", np.eye(4) * 50)], 1e-4, "motif short .* best match has a p-value of 0.0039"),
        ([Motif("wide", np.eye(4)[[0] * 70].T)], 1e-4, "motif wide is 70 wide"),
        ([DATABASE["CTCF"]] * 2, 1e-4, "two motifs are called"),
        ([DATABASE["CTCF"]], 0.0, "threshold is a p-value"),
        ([DATABASE["CTCF"]], 1.0, "threshold is a p-value"),
    ],
)
def test_what_cannot_match_is_refused_by_name(motifs, threshold, message):
    with pytest.raises(InputError, match=message):
        scanned(["ACGT" * 15], motifs, threshold=threshold)


@pytest.mark.parametrize("shape", [(2, 5, 10), (4, 10), (0, 4, 10)])
def test_inputs_that_are_not_dna_are_refused(shape):
    with pytest.raises(ShapeError, match="one-hot DNA"):
        scan_sequences(np.zeros(shape), [DATABASE["CTCF"]])
