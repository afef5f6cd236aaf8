"""`seqinterp train`: a model and its evidence, without the explanations."""

import typer

from seqinterp.cli import options
from seqinterp.cli.training_options import Epochs, Folds, GroupByChromosome, Members, Network, StartFrom, make_job


def train(
    data: options.Data,
    out: options.Out,
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
    from seqinterp.cli.job import train_into
    from seqinterp.io.atomic import written_whole
    from seqinterp.io.tables import read_examples

    with written_whole(out, force=force) as folder:
        job = make_job(
            title=data.name.split(".")[0],
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
        train_into(folder, read_examples(data), data, job)
    typer.echo(str(out.resolve()))
