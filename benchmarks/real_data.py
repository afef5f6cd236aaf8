"""The figures of the README on real ChIP-seq data: `python benchmarks/real_data.py [suite ...]`.

Reads the data sets from a `shared/data` folder beside the repository (or the folder named by SEQINTERP_DATA); a suite
whose data are not there is left out and said. Figures are written to `benchmarks/results/`.
"""

import os
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from measure import write_results

import seqinterp as si
from seqinterp.api.train import train
from seqinterp.io.bundled import bundled
from seqinterp.io.fasta import examples_from_fasta
from seqinterp.io.motif_files import read_motifs
from seqinterp.io.tables import read_examples
from seqinterp.models.metrics import evaluate_predictions
from seqinterp.models.predict import predict_logits
from seqinterp.models.recipes import recipe
from seqinterp.models.split import grouped_split
from seqinterp.models.train import fit
from seqinterp.sequence.examples import Examples
from seqinterp.sequence.groups import related_groups
from seqinterp.sequence.shuffle import dinucleotide_shuffle

DATA = Path(os.environ.get("SEQINTERP_DATA", Path(__file__).parents[2] / "shared" / "data"))
JASPAR = "jaspar/JASPAR2024_CORE_vertebrates_non-redundant_pfms_transfac.txt"
FACTORS = {
    "USF1": ("USF1_HepG2_USF-1_HudsonAlpha", ("USF1", "USF2")),
    "REST": ("REST_GM12878_NRSF_HudsonAlpha", ("REST",)),
    "GABPA": ("GABPA_GM12878_GABP_HudsonAlpha", ("GABPA",)),
    "CTCFL": ("CTCFL_K562_CTCFL_(SC-98982)_HudsonAlpha", ("CTCFL", "CTCF")),
    "MYC": ("MYC_H1-hESC_c-Myc_Stanford", ("MYC", "MAX", "MAX::MYC")),
}


def encode() -> list[dict[str, object]]:
    """Train on bound sequences against their dinucleotide shuffles; test on the held-out file, real negatives."""
    known = read_motifs(DATA / JASPAR)
    rows = []
    for factor, (name, accepted) in FACTORS.items():
        begun = time.perf_counter()
        bound = read_examples(DATA / f"deepbind_encode/{name}_AC.seq.gz")
        shuffled = [draws[0] for draws in dinucleotide_shuffle(list(bound.sequences))]
        data = Examples.of([*bound.sequences, *shuffled], [1] * len(bound) + [0] * len(bound))
        # a sequence and its shuffle have one composition: they stay together
        pairs = np.tile(related_groups(bound), 2)
        training, valid, rest = grouped_split(pairs, data.labels, fractions=(0.8, 0.1, 0.1), seed=0)
        training = np.concatenate([training, rest])
        inputs, labels = data.inputs, data.labels
        fitted = fit(
            "default",
            {},
            inputs[training],
            labels[training],
            valid=(inputs[valid], labels[valid]),
            device="cpu",
            seed=0,
        )
        seconds = time.perf_counter() - begun
        test = read_examples(DATA / f"deepbind_encode/{name}_B.seq.gz")
        metrics = evaluate_predictions(predict_logits(fitted.model, test.inputs, device="cpu"), test.labels)
        motifs = si.filter_motifs(fitted.model, bound.inputs[:5000], database=known)
        named = [motif for motif in motifs if motif.match]
        fitting = [motif for motif in named if _names(motif) & set(accepted)]
        rows.append(
            {
                "factor": factor,
                "positives": len(bound),
                "auroc": _interval(metrics.auroc),
                "average_precision": _interval(metrics.average_precision),
                "most_important_named_filter": _described(named[0]),
                "lowest_q_of_a_filter_that_fits_the_factor": _described(min(fitting, key=lambda m: m.match.q_value))
                if fitting
                else None,
                "filters_that_fit_the_factor": len(fitting),
                "filters_named_first_as_the_factor": sum(m.match.label.upper() in accepted for m in named),
                "seconds": round(seconds, 1),
            }
        )
        print(rows[-1], flush=True)
    return rows


def _names(motif) -> set[str]:
    """The first name of a filter and those that fit about as well."""
    return {label.upper() for label in (motif.match.label, *motif.match.also)}


def _described(motif) -> dict[str, object]:
    return {
        "consensus": motif.consensus,
        "name": motif.match.label,
        "also": list(motif.match.also),
        "q_value": motif.match.q_value,
    }


def ctcf_pu1() -> dict[str, object]:
    """CTCF against PU.1 peaks, whole chromosomes kept together."""
    examples = examples_from_fasta(DATA / "ctcf_pu1/ctcf.fa.gz", DATA / "ctcf_pu1/pu1.fa.gz")
    begun = time.perf_counter()
    trained = train(examples, by_chromosome=True, device="cpu", seed=0)
    seconds = time.perf_counter() - begun
    motifs = si.filter_motifs(
        trained.model, examples.take(np.arange(0, len(examples), 10)).inputs, database=DATA / JASPAR
    )
    labels = [m.match.label for m in motifs if m.match and m.match.q_value < 0.01]
    return {
        "auroc": _interval(trained.metrics.auroc),
        "average_precision": _interval(trained.metrics.average_precision),
        "test_examples": trained.metrics.examples,
        "filters_named": {name: labels.count(name) for name in sorted(set(labels))},
        "seconds": round(seconds, 1),
    }


def jund() -> list[dict[str, object]]:
    """Grouped 5-fold cross-validation on JUND windows of chromosome 22, 146 of 34,527 bound."""
    examples = read_examples(DATA / "jund_deepchem/jund_valid.tsv.gz")
    known = {motif.name: motif.pwm for motif in read_motifs(bundled("jaspar_subset.meme"))}
    started = recipe("default", started=True)
    plans: list[tuple[str, tuple[int, ...], dict[str, object]]] = [
        ("classic (three convolutions, flatten)", (0,), {"network": "jund"}),
        ("DeepBind-like", (0,), {"network": "deepbind"}),
        ("default, random filters", (0,), {}),
        ("default, filters started from matrices", (0, 1, 2), {"start_from": known}),
        ("the same, 5 members", (0, 1), {"start_from": known, "recipe": replace(started, members=5)}),
    ]
    rows = []
    for name, seeds, plan in plans:
        for seed in seeds:
            begun = time.perf_counter()
            trained = train(examples, folds=5, device="cpu", seed=seed, **plan)
            rows.append(
                {
                    "model": name,
                    "seed": seed,
                    "auroc_pooled": _interval(trained.metrics.auroc),
                    "average_precision_pooled": _interval(trained.metrics.average_precision),
                    **_by_fold(trained),
                    "seconds": round(time.perf_counter() - begun, 1),
                }
            )
            print(rows[-1], flush=True)
    return rows


def _by_fold(trained) -> dict[str, list[float]]:
    """Mean and spread over folds, each judged by itself."""
    frame = trained.predictions
    folds = [
        evaluate_predictions(part["logit"].to_numpy(), part["label"].to_numpy(float), draws=20)
        for _, part in frame.groupby("fold")
    ]
    figures = {"auroc": [m.auroc.value for m in folds], "average_precision": [m.average_precision.value for m in folds]}
    return {f"{name}_folds_mean_sd": [float(np.mean(v)), float(np.std(v, ddof=1))] for name, v in figures.items()}


def _interval(estimate) -> list[float]:
    return [estimate.value, estimate.low, estimate.high]


SUITES: dict[str, tuple[str, Callable[[], object]]] = {
    "encode": ("deepbind_encode", encode),
    "ctcf_pu1": ("ctcf_pu1", ctcf_pu1),
    "jund": ("jund_deepchem", jund),
}


def main() -> None:
    for suite in sys.argv[1:] or SUITES:
        folder, measure = SUITES[suite]
        if not (DATA / folder).is_dir():
            print(f"{suite}: left out, {DATA / folder} is not there")
            continue
        figures = measure()
        print(suite, figures)
        print("written to", write_results(f"real_data_{suite}", figures))


if __name__ == "__main__":
    main()
