"""`seqinterp run`: the main job on labelled sequences."""

from typing import Annotated

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


def run(
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
    motifs: options.Motifs = None,
    highlight: Annotated[
        str | None, typer.Option(help="IUPAC words to mark in the designs, comma-separated.", show_default=False)
    ] = None,
    title: Annotated[str | None, typer.Option(help="Title of the report.", show_default=False)] = None,
    seed: options.Seed = 0,
    device: options.Device = None,
    force: options.Force = False,
    quiet: options.Quiet = False,
) -> None:
    """Train a model and report what it learned: filters, saliency, mutagenesis, designs, all on one page."""
    from seqinterp.cli.data import database, labelled
    from seqinterp.cli.job import explain_into, say, train_into
    from seqinterp.io.atomic import written_whole
    from seqinterp.io.run_folder import REPORT

    with written_whole(out, force=force) as folder:
        examples, source = labelled(data, positives, negatives, seed)
        job = make_job(
            title=title or source.title,
            network=network,
            members=members,
            epochs=epochs,
            folds=folds,
            start_from=start_from,
            by_chromosome=by_chromosome,
            motifs=database(motifs),
            highlight=highlight,
            seed=seed,
            device=device,
            quiet=quiet,
        )
        trained = train_into(folder, examples, source, job)
        explain_into(folder, examples, trained, job)
    say("the report is")
    typer.echo(str((out / REPORT).resolve()))
