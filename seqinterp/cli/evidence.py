"""`seqinterp evidence`: why should one prediction be believed?"""

from pathlib import Path
from typing import Annotated

import typer

from seqinterp.cli import options

Name = Annotated[str | None, typer.Option(help="The name of the sequence.", show_default=False)]
Row = Annotated[int | None, typer.Option(help="Its number, from 0, instead of its name.", min=0, show_default=False)]
Training = Annotated[
    Path | None,
    typer.Option(
        help="Table of what the model was trained on; DATA itself where the run was trained on it.", show_default=False
    ),
]
Models = Annotated[
    str | None,
    typer.Option(help="Other runs, comma-separated, trained from other seeds: how sure they are.", show_default=False),
]
Methods = Annotated[
    str | None, typer.Option(help="Names, comma-separated; by default three quick ones.", show_default=False)
]
Threshold = Annotated[
    float | None,
    typer.Option(help="The score from which a site is called; by default 0 for logits, 0.5 for probabilities."),
]
Trial = Annotated[bool, typer.Option("--trial/--no-trial", help="Whether the methods themselves are put on trial.")]


def evidence(
    model: options.Run,
    data: options.Data,
    out: options.Out,
    name: Name = None,
    row: Row = None,
    training: Training = None,
    models: Models = None,
    methods: Methods = None,
    motifs: options.Motifs = None,
    target: options.Target = 0,
    threshold: Threshold = None,
    trial: Trial = True,
    seed: options.Seed = 0,
    device: options.Device = None,
    force: options.Force = False,
    quiet: options.Quiet = False,
) -> None:
    """Gather what speaks for and against one prediction; writes a page (.html) or arrays (.safetensors), and prints the
    reasons to doubt it.
    """
    from seqinterp.cli.evidenced import Asked, gather
    from seqinterp.cli.output import refuse_other_endings
    from seqinterp.io.atomic import written_whole

    refuse_other_endings(out, ".html", ".safetensors")
    asked = Asked(
        model=model,
        data=data,
        name=name,
        row=row,
        training=training,
        models=models,
        methods=methods,
        motifs=motifs,
        target=target,
        threshold=threshold,
        trial=trial,
        seed=seed,
        device=device,
        progress=not quiet,
    )
    with written_whole(out, force=force) as place:
        found = gather(asked)
        if out.suffix == ".html":
            found.to_html(place, force=True)
        else:
            found.save(place)
    typer.echo(f"written to {out.resolve()}", err=True)
    typer.echo(str(found))
