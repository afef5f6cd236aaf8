"""`seqinterp evaluate`: do explanations of this model deserve belief?"""

from pathlib import Path
from typing import Annotated

import typer

from seqinterp.cli import options

Methods = Annotated[
    str | None,
    typer.Option(help="Names, comma-separated; by default every method that suits the model.", show_default=False),
]
Count = Annotated[
    int, typer.Option("--examples", help="How many are used, as many of either label as there are.", min=8)
]
Region = Annotated[
    str | None,
    typer.Option(
        help="Where the model may look: start-stop, 0-based and half-open, in every sequence.", show_default=False
    ),
]
Labels = Annotated[bool, typer.Option("--labels/--no-labels", help="Whether the scores should follow the labels.")]
Checkpoint = Annotated[
    Path | None,
    typer.Option(help="Folder that keeps finished methods, so that an interrupted trial goes on.", show_default=False),
]
Gate = Annotated[bool, typer.Option("--gate", help="Exit code 1 when no explanation of the model deserves belief.")]


def evaluate(
    run: options.Run,
    data: options.Data,
    out: options.Out,
    methods: Methods = None,
    examples: Count = 48,
    target: options.Target = 0,
    labels: Labels = True,
    region: Region = None,
    checkpoint: Checkpoint = None,
    gate: Gate = False,
    seed: options.Seed = 0,
    device: options.Device = None,
    force: options.Force = False,
    quiet: options.Quiet = False,
) -> None:
    """Put attribution methods on trial on sequences that the model was not trained on; writes a folder with all numbers
    and a page, and prints the verdicts. Labels and planted sites are used where the table has them.
    """
    from seqinterp.cli.evaluated import Asked, evaluate_into
    from seqinterp.evaluation.scorecard.verdicts import AVOID
    from seqinterp.io.atomic import written_whole

    asked = Asked(
        run=run,
        data=data,
        methods=methods,
        examples=examples,
        target=target,
        labels=labels,
        region=region,
        checkpoint=checkpoint,
        seed=seed,
        device=device,
        progress=not quiet,
    )
    with written_whole(out, force=force) as folder:
        card, page = evaluate_into(folder, asked)
    typer.echo(f"the page is {(out / page).resolve()}", err=True)
    rows = [("the model", card.model.decision, "; ".join(card.model.reasons))]
    told = card.table()[["method", "verdict", "reasons"]]
    rows += [(str(name), str(said), str(why)) for name, said, why in told.itertuples(index=False)]
    for row in (("method", "verdict", "reasons"), *rows):
        typer.echo("\t".join(row))
    if gate and card.model.decision == AVOID:
        raise typer.Exit(1)
