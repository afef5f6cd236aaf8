"""Designs of networks trained on real data: `python benchmarks/real_designs.py [factor ...]`.

USF1: two networks are trained on disjoint halves of the data, in groups of related sequences: one that designs are made
with, and one that they are shown to afterwards. JUND, which has 146 positives: one network is trained, its filters
started from known matrices, and the one that judges is DeepBind's, of another experiment. Ten sequences are designed by
every method from the same random starts; counted is in how many of them each form of the factor's site stands, on
either strand, and with one form forbidden, how many hold another. Data are looked for as in real_data.py.
"""

import argparse
import json
import re
import time

import numpy as np
import torch
from measure import write_results
from real_data import DATA, FACTORS

import seqinterp as si
from seqinterp.io.bundled import bundled
from seqinterp.io.tables import read_examples
from seqinterp.models.split import grouped_split
from seqinterp.models.train import fit
from seqinterp.sequence.examples import Examples
from seqinterp.sequence.groups import related_groups
from seqinterp.sequence.shuffle import dinucleotide_shuffle
from seqinterp.sequence.strand import reverse_complement

MOST_TRAINED = 6000
METHODS = {
    "hill_climb": {},
    "greedy": {},
    "beam": {},
    "anneal": {"steps": 2000},
    "evolve": {},
    "straight_through": {},
    "seq_prop": {},
    "screen": {},
}
# factor -> forms of its site; the first one is forbidden in the last search
SITES = {"JUND": ("TGACTCA", "TGACGTCA", "TGACGCAA"), "USF1": ("CACGTG", "CACGCG", "CATGTG")}


def data_of(factor: str) -> tuple[Examples, np.ndarray]:
    """Labelled sequences and their groups."""
    if factor == "JUND":
        examples = read_examples(DATA / "jund_deepchem/jund_valid.tsv.gz")
        return examples, related_groups(examples)
    bound = read_examples(DATA / f"deepbind_encode/{FACTORS[factor][0]}_AC.seq.gz")
    bound = bound.take(np.arange(min(len(bound), MOST_TRAINED)))
    shuffled = [draws[0] for draws in dinucleotide_shuffle(list(bound.sequences))]
    data = Examples.of([*bound.sequences, *shuffled], [1] * len(bound) + [0] * len(bound))
    return data, np.tile(related_groups(bound), 2)


def networks(factor: str) -> tuple[torch.nn.Module, torch.nn.Module, list[str]]:
    """The network for designs, the one that judges them, and natural positives."""
    data, groups = data_of(factor)
    inputs, labels = data.inputs, data.labels
    natural = [data.sequences[i] for i in np.flatnonzero(labels == 1)]
    if factor == "JUND":
        known = {motif.name: motif.pwm for motif in si.read_motifs(bundled("jaspar_subset.meme"))}
        trained = fit("default", {}, inputs, labels, start_from=known, device="cpu", seed=0).model
        released = si.load_model(DATA / "deepbind_params/params/D00776.005.txt")
        return trained, released, natural
    ours, theirs, valid = grouped_split(groups, labels, fractions=(0.45, 0.45, 0.1), seed=0)
    checked = (inputs[valid], labels[valid])
    made = [
        fit("default", {}, inputs[part], labels[part], valid=checked, device="cpu", seed=seed).model
        for seed, part in enumerate((ours, theirs))
    ]
    return made[0], made[1], natural


def holding(sequences: list[str], site: str) -> int:
    """How many sequences hold a word on either strand."""
    either = re.compile(f"{site}|{reverse_complement(site)}")
    return sum(either.search(sequence) is not None for sequence in sequences)


def measured(factor: str) -> dict[str, object]:
    """All methods on one factor."""
    model, judge, natural = networks(factor)
    length = len(natural[0])
    with torch.no_grad():
        seen = judge.eval()(si.one_hot(natural[:1000]))[:, 0]
    rows: dict[str, object] = {"natural positives: mean logit of the judge": float(seen.mean())}
    for method, options in METHODS.items():
        rows[method] = designed(factor, model, judge, length, method=method, **options)
        print(factor, method, rows[method], flush=True)
    rows["hill_climb, first form forbidden"] = designed(
        factor, model, judge, length, method="hill_climb", constraints=si.Constraints(forbid=[SITES[factor][0]])
    )
    return rows


def designed(
    factor: str, model: torch.nn.Module, judge: torch.nn.Module, length: int, **options: object
) -> dict[str, object]:
    """Ten designs of one method."""
    begun = time.perf_counter()
    found = si.optimize(model, length=length, count=10, seed=1, device="cpu", **options)
    seconds = time.perf_counter() - begun
    with torch.no_grad():
        judged = judge.eval()(si.one_hot(found.sequences))[:, 0]
    scores = torch.tensor([design.score for design in found])
    forms = {site: holding(found.sequences, site) for site in SITES[factor]}
    any_form = "|".join(f"{site}|{reverse_complement(site)}" for site in SITES[factor])
    return {
        "seconds": round(seconds, 2),
        "lowest probability": float(torch.sigmoid(scores).min()),
        "mean logit": float(scores.mean()),
        "mean logit of the judge": float(judged.mean()),
        "designs with": forms,
        "designs with any": sum(re.search(any_form, sequence) is not None for sequence in found.sequences),
    }


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("factor", nargs="*", default=list(SITES))
    figures = {factor: measured(factor) for factor in parser.parse_args().factor}
    print(json.dumps(figures, indent=2))
    print(write_results("real_designs", figures))


if __name__ == "__main__":
    main()
