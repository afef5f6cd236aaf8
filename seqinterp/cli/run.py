"""`seqinterp run`: the main job on labelled sequences."""

from pathlib import Path
from typing import Annotated

import typer

from seqinterp.cli import options
from seqinterp.cli.training_options import Epochs, Folds, GroupByChromosome, Members, Network, StartFrom, make_job

PositiveFasta = Annotated[Path | None, typer.Option(help="FASTA of bound sequences.", show_default=False)]
NegativeFasta = Annotated[
    str | None,
    typer.Option(help="FASTA of unbound sequences, or 'shuffle' for dinucleotide shuffles.", show_default=False),
]


def run(
    out: options.Out,
    data: Annotated[
        Path | None,
        typer.Argument(help="TSV or CSV with columns sequence,label[,locus]; .gz too.", show_default=False),
    ] = None,
    positives: PositiveFasta = None,
    negatives: NegativeFasta = None,
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
    from seqinterp.cli.data import labelled
    from seqinterp.cli.job import explain_into, say, train_into
    from seqinterp.io.atomic import written_whole
    from seqinterp.io.run_folder import REPORT

    with written_whole(out, force=force) as folder:
        examples, source = labelled(data, positives, negatives, seed)
        job = make_job(
            title=title or source.name.split(".")[0],
            network=network,
            members=members,
            epochs=epochs,
            folds=folds,
            start_from=start_from,
            by_chromosome=by_chromosome,
            motifs=motifs,
            highlight=tuple(word.strip().upper() for word in (highlight or "").split(",") if word.strip()),
            seed=seed,
            device=device,
            quiet=quiet,
        )
        trained = train_into(folder, examples, source, job)
        explain_into(folder, examples, trained, job)
    say("the report is")
    typer.echo(str((out / REPORT).resolve()))
