"""The main job: train, then explain every side of the model, all into one folder."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import torch
import typer

from seqinterp.api import steps
from seqinterp.api.report import report
from seqinterp.api.train import Trained, train
from seqinterp.attribution.certificate import versions
from seqinterp.attribution.run import choose_device
from seqinterp.cli.data import database
from seqinterp.io.run_folder import REPORT, sha256, write_facts
from seqinterp.models.settings import TrainSettings
from seqinterp.sequence.examples import Examples


@dataclass(frozen=True)
class Job:
    """What was asked for."""

    title: str
    network: str = "default"
    recipe: TrainSettings | None = None
    folds: int | None = None
    by_chromosome: bool = False
    start_from: Path | None = None
    motifs: Path | None = None
    highlight: tuple[str, ...] = ()
    seed: int = 0
    device: str | None = None
    quiet: bool = False


def train_into(folder: Path, examples: Examples, source: Path, job: Job) -> Trained:
    """Train, and write the model with everything that says where it comes from."""
    folder.mkdir()
    start_from = None
    if job.start_from is not None:
        start_from = {motif.name: motif.pwm for motif in database(job.start_from)[0]}
    with said(f"training on {len(examples):,} sequences, {int(examples.labels.sum()):,} positive"):
        trained = train(
            examples,
            network=job.network,
            recipe=job.recipe,
            start_from=start_from,
            folds=job.folds,
            by_chromosome=job.by_chromosome,
            seed=job.seed,
            device=job.device,
            progress=not job.quiet,
        )
    steps.save_trained(folder, trained)
    write_facts(folder, _facts(examples, source, trained, job))
    for name, estimate in trained.metrics.estimates().items():
        say(f"  {name.replace('_', ' ')} {estimate}")
    return trained


def explain_into(folder: Path, examples: Examples, trained: Trained, job: Job) -> None:
    """Filters, saliency, mutagenesis, designs, planted truth, and the report."""
    model, device = trained.model, job.device
    logits = trained.predictions["logit"].to_numpy()
    best = steps.best_scoring(logits, 10, among=steps.held_out(trained))
    known, source = database(job.motifs)
    with said("naming filters"):
        inputs = examples.inputs[torch.from_numpy(steps.both_classes(examples.labels))]
        steps.name_filters(folder, model, inputs, known, source=source)
    with said("asking every base of the best-scoring sequences"):
        steps.explain_top(folder, model, examples, best, device=device)
        steps.mutate_top(folder, model, examples, best[:3], device=device)
    with said("optimising sequences"):
        length = len(examples.sequences[0])
        steps.design_sequences(folder, model, length=length, seed=job.seed, device=device)
    if steps.truth_is_known(examples):
        with said("comparing with the planted truth"):
            held = examples.take(steps.held_out(trained))
            steps.check_planted_truth(folder, model, held, seed=job.seed, device=device)
    with said("writing the report"):
        (folder / REPORT).write_text(report(folder), encoding="utf-8")


def _facts(examples: Examples, source: Path, trained: Trained, job: Job) -> dict[str, Any]:
    """Where the numbers of a run come from."""
    data_hash = sha256(source)
    recipe = {name: str(value) for name, value in asdict(trained.recipe).items()}
    settings = {name: str(value) for name, value in trained.settings.items() if name != "started_from"}
    return {
        "title": job.title,
        "run_id": steps.fingerprint(trained.model, data_hash, job.seed),
        "seed": job.seed,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": " ".join(["seqinterp", *sys.argv[1:]]),
        "versions": versions(),
        "data": {
            "file": source.name,
            "sha256": data_hash,
            "sequences": f"{len(examples):,}",
            "positives": f"{int(examples.labels.sum()):,}",
            "length": str(len(examples.sequences[0])),
            "groups of related sequences": f"{trained.predictions['group'].nunique():,}",
        },
        "settings": {
            "network": trained.network,
            "started from": "known matrices" if job.start_from else "random weights",
            **settings,
            **recipe,
            "device": str(choose_device(job.device)),
        },
        "split": trained.split_sentence,
        "metrics": {name: asdict(estimate) for name, estimate in trained.metrics.estimates().items()},
        "highlight": list(job.highlight),
        "notes": _notes(examples, trained),
    }


def _notes(examples: Examples, trained: Trained) -> list[str]:
    """What a reader should keep in mind about these data."""
    notes = []
    positives = int(trained.metrics.positives)
    if positives < 200:
        notes.append(f"Only {positives} positive examples were held out: look at the intervals before the numbers.")
    unknown = np.mean([sequence.count("N") / len(sequence) for sequence in examples.sequences])
    if unknown > 0.001:
        notes.append(f"{unknown:.1%} of all bases are N, which the model reads as zeros.")
    return notes


def say(sentence: str) -> None:
    """One line for the person, on stderr, so that stdout stays free for results."""
    typer.echo(sentence, err=True)


@contextmanager
def said(what: str) -> Iterator[None]:
    """Name a step when it starts and its seconds when it is done."""
    say(f"{what} ...")
    begun = perf_counter()
    yield
    say(f"  done in {perf_counter() - begun:.1f} s")
