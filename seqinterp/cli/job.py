"""The main job: train, then explain every side of the model, all into one folder."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter

import torch
import typer

from seqinterp.api.main_job import steps
from seqinterp.api.main_job.held_out_trial import evaluate_held_out
from seqinterp.api.main_job.report import report
from seqinterp.api.train import Trained, train
from seqinterp.cli.asked import Job
from seqinterp.cli.data import Source, database
from seqinterp.cli.facts import facts
from seqinterp.io.run_folder import REPORT, write_facts
from seqinterp.sequence.examples import Examples


def train_into(folder: Path, examples: Examples, source: Source, job: Job) -> Trained:
    """Train, and write the model with everything that says where it comes from."""
    folder.mkdir()
    start_from = None if job.start_from is None else {motif.name: motif.pwm for motif in job.start_from.motifs}
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
    steps.save_trained(folder, trained, data_sha256=source.sha256)
    write_facts(folder, facts(examples, source, trained, job))
    for name, estimate in trained.metrics.estimates().items():
        say(f"  {name.replace('_', ' ')} {estimate}")
    return trained


def explain_into(folder: Path, examples: Examples, trained: Trained, job: Job) -> None:
    """Filters, saliency, mutagenesis, designs, planted truth, a scorecard, and the report."""
    model, device = trained.model, job.device
    logits = trained.predictions["logit"].to_numpy()
    best = steps.best_scoring(logits, 10, among=steps.held_out(trained))
    known = job.motifs or database(None)
    with said("naming filters"):
        inputs = examples.inputs[torch.from_numpy(steps.both_classes(examples.labels))]
        steps.name_filters(folder, model, inputs, known.motifs, source=known.source)
    with said("asking every base of the best-scoring sequences"):
        steps.explain_top(folder, model, examples, best, device=device)
        steps.mutate_top(folder, model, examples, best[:3], device=device)
    with said("optimising sequences"):
        length = len(examples.sequences[0])
        steps.design_sequences(folder, model, length=length, seed=job.seed, device=device)
    held = examples.take(steps.held_out(trained))
    if steps.truth_is_known(held):
        with said("comparing with the planted truth"):
            steps.check_planted_truth(folder, model, held, seed=job.seed, device=device)
    with said("putting explanations on trial"):
        evaluate_held_out(folder, model, held, seed=job.seed, device=device)
    with said("writing the report"):
        (folder / REPORT).write_text(report(folder), encoding="utf-8")


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
