"""`seqinterp train`: a model and its evidence, without the explanations."""

import typer

from seqinterp.cli import options
from seqinterp.cli.training_options import (
    Epochs,
    Folds,
    GroupByChromosome,
    Labelled,
    Members,
    Negatives,
    Network,
    Positives,
    StartFrom,
    make_job,
)


def train(
    out: options.Out,
    data: Labelled = None,
    positives: Positives = None,
    negatives: Negatives = None,
    network: Network = "default",
    members: Members = None,
    epochs: Epochs = None,
    folds: Folds = None,
    start_from: StartFrom = None,
    by_chromosome: GroupByChromosome = False,
    seed: options.Seed = 0,
    device: options.Device = None,
    force: options.Force = False,
    quiet: options.Quiet = False,
) -> None:
    """Train a model on labelled sequences and judge it on held-out ones."""
    from seqinterp.cli.data import labelled
    from seqinterp.cli.job import train_into
    from seqinterp.io.atomic import written_whole

    with written_whole(out, force=force) as folder:
        examples, source = labelled(data, positives, negatives, seed)
        job = make_job(
            title=source.title,
            network=network,
            members=members,
            epochs=epochs,
            folds=folds,
            start_from=start_from,
            by_chromosome=by_chromosome,
            seed=seed,
            device=device,
            quiet=quiet,
        )
        train_into(folder, examples, source, job)
    typer.echo(str(out.resolve()))
