"""Motifs of networks trained on real data: `python benchmarks/real_motifs.py [factor ...] [--modisco]`.

Every network is trained on bound sequences against their dinucleotide shuffles (CTCF against PU.1, JUND against the
rest of its chromosome), from random filters. Its positives, at most 1,500, are attributed by DeepLIFT against
dinucleotide shuffles, and motifs discovered in that; `--modisco` also runs modisco-lite on the same attributions.
`gata` are the attributions of six loci that come with tangermeme's tests, `talgata` scores of a gapped k-mer machine on
simulated TAL1 and GATA1 sites. Data are looked for as in real_data.py.
"""

import argparse
import csv
import gzip
import json
import time
from collections.abc import Callable

import numpy as np
import torch
from measure import write_results
from real_data import DATA, FACTORS, JASPAR

import seqinterp as si
from seqinterp.io.fasta import examples_from_fasta
from seqinterp.io.tables import read_examples
from seqinterp.models.split import grouped_split
from seqinterp.models.train import fit
from seqinterp.motifs.compare import best_matches
from seqinterp.motifs.motif import Motif
from seqinterp.sequence.examples import Examples
from seqinterp.sequence.groups import related_groups
from seqinterp.sequence.shuffle import dinucleotide_shuffle

MOST_TRAINED, MOST_ATTRIBUTED = 6000, 1500
Given = tuple[np.ndarray, np.ndarray]  # inputs and hypothetical contributions


def trained_on(data: Examples, groups: np.ndarray) -> Given:
    """Train a network, and attribute its positives."""
    training, valid, _ = grouped_split(groups, data.labels, fractions=(0.8, 0.1, 0.1), seed=0)
    inputs, labels = data.inputs, data.labels
    checked = (inputs[valid], labels[valid])
    fitted = fit("default", {}, inputs[training], labels[training], valid=checked, device="cpu", seed=0)
    shown = inputs[np.flatnonzero(labels == 1)[:MOST_ATTRIBUTED]]
    found = si.attribute(fitted.model, shown, "deeplift", baseline="dinucleotide_shuffle", device="cpu")
    assert found.hypothetical is not None
    return shown.numpy(), found.hypothetical.numpy()


def encode(factor: str) -> Given:
    """A set of DeepBind's."""
    bound = read_examples(DATA / f"deepbind_encode/{FACTORS[factor][0]}_AC.seq.gz")
    bound = bound.take(np.arange(min(len(bound), MOST_TRAINED)))
    shuffled = [draws[0] for draws in dinucleotide_shuffle(list(bound.sequences))]
    data = Examples.of([*bound.sequences, *shuffled], [1] * len(bound) + [0] * len(bound))
    return trained_on(data, np.tile(related_groups(bound), 2))


def ctcf() -> Given:
    """CTCF peaks against those of PU.1."""
    examples = examples_from_fasta(DATA / "ctcf_pu1/ctcf.fa.gz", DATA / "ctcf_pu1/pu1.fa.gz")
    some = examples.take(np.arange(0, len(examples), max(1, len(examples) // (2 * MOST_TRAINED))))
    return trained_on(some, related_groups(some))


def jund() -> Given:
    """JUND windows of chromosome 22: 146 positives."""
    examples = read_examples(DATA / "jund_deepchem/jund_valid.tsv.gz")
    return trained_on(examples, related_groups(examples))


def gata() -> Given:
    """Six loci of tangermeme's tests."""
    inputs, values = (torch.load(DATA / f"tangermeme_tests/{name}.torch") for name in ("X_gata", "X_gata_attr"))
    return inputs.float().numpy(), values.float().numpy()


def talgata() -> Given:
    """In-silico mutagenesis of 400 simulated sequences that hold GATA1 and TAL1 sites."""
    with gzip.open(DATA / "talgata_sim/sequences.simdata.gz", "rt") as file:
        rows = [row for row in csv.DictReader(file, delimiter="\t") if row["task1"] == "1"][::5]
    scores = np.load(DATA / "talgata_sim/ism_imp_scores.npy").transpose(0, 2, 1)
    return si.one_hot([row["sequence"] for row in rows]).numpy(), scores


# factor -> the names that are right, and the data
SETS: dict[str, tuple[tuple[str, ...], Callable[[], Given]]] = {
    "JUND": (("JUND", "FOS::JUND", "FOSL2::JUND", "FOSL1::JUND", "JUN", "FOS::JUN", "JUNB", "FOS"), jund),
    "USF1": (("USF1", "USF2"), lambda: encode("USF1")),
    "REST": (("REST",), lambda: encode("REST")),
    "GABPA": (("GABPA",), lambda: encode("GABPA")),
    "CTCF": (("CTCF",), ctcf),
    "gata": (("GATA1", "GATA2", "GATA3", "GATA4", "GATA5", "GATA6", "TRPS1"), gata),
    "talgata": (("GATA1", "GATA4", "TAL1::TCF3", "GATA1::TAL1"), talgata),
}


def measured(factor: str, known: list[Motif], modisco: bool) -> dict[str, object]:
    """What is found on one set, and how long that takes."""
    right, load = SETS[factor]
    inputs, attributions = load()
    begun = time.perf_counter()
    found = si.discover(inputs, attributions, database=known)
    seconds = time.perf_counter() - begun
    rows = [_described(motif) for motif in found]
    names = {name.upper() for name in right}
    places = [place for place, motif in enumerate(found) if names & _names(motif)]
    figures: dict[str, object] = {
        "examples": len(inputs),
        "seqlets": len(found.seqlets),
        "motifs": rows,
        "first_motif_of_the_factor": places[0] if places else None,
        "hits": len(found.hits),
        "seconds_with_names_and_hits": round(seconds, 2),
    }
    return figures | ({"modisco-lite": _of_modisco(inputs, attributions, known, names)} if modisco else {})


def _of_modisco(inputs: np.ndarray, attributions: np.ndarray, known: list[Motif], names: set[str]) -> dict[str, object]:
    """The same of modisco-lite, named by the same Tomtom."""
    from modiscolite.tfmodisco import TFMoDISco

    begun = time.perf_counter()
    given = [held.transpose(0, 2, 1).astype(np.float32) for held in (inputs, attributions)]
    groups = TFMoDISco(one_hot=given[0], hypothetical_contribs=given[1])
    seconds = time.perf_counter() - begun
    patterns = [pattern for group in groups for pattern in group or []]
    motifs = [
        Motif(f"pattern_{i}", np.asarray(one.sequence, np.float64).T * len(one.seqlets), hits=len(one.seqlets)).trim()
        for i, one in enumerate(patterns)
    ]
    matches = best_matches(motifs, known) if motifs else []
    rows = [
        {"consensus": motif.consensus, "seqlets": motif.hits, **_name(match)}
        for motif, match in zip(motifs, matches, strict=True)
    ]
    places = [i for i, match in enumerate(matches) if match and names & {n.upper() for n in (match.label, *match.also)}]
    return {"motifs": rows, "first_motif_of_the_factor": places[0] if places else None, "seconds": round(seconds, 2)}


def _names(motif: Motif) -> set[str]:
    """The first name of a motif and those that fit about as well."""
    return {label.upper() for label in (motif.match.label, *motif.match.also)} if motif.match else set()


def _described(motif: Motif) -> dict[str, object]:
    row = {"consensus": motif.consensus, "sign": motif.sign, "seqlets": motif.hits, "note": motif.note}
    return {**row, **_name(motif.match)}


def _name(match) -> dict[str, object]:
    return {"name": match.label, "also": list(match.also), "q_value": match.q_value} if match else {"name": "unknown"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("factors", nargs="*", default=list(SETS))
    parser.add_argument("--modisco", action="store_true", help="beside modisco-lite")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    known = si.read_motifs(DATA / JASPAR)
    figures = {}
    for factor in options.factors:
        figures[factor] = measured(factor, known, options.modisco)
        print(factor, json.dumps(figures[factor]), flush=True)
    print("written to", write_results("real_motifs", figures))


if __name__ == "__main__":
    main()
