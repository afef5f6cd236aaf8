"""`seqinterp optimize`: sequences that the model scores highly."""

from pathlib import Path
from typing import Annotated

import typer

from seqinterp.cli import options


def optimize(
    run: options.Run,
    out: options.Out,
    start: Annotated[Path | None, typer.Option(help="Sequences to start from.", show_default=False)] = None,
    length: Annotated[int | None, typer.Option(help="Length of random starts.", min=1, show_default=False)] = None,
    count: Annotated[int, typer.Option(help="Number of random starts.", min=1)] = 10,
    method: Annotated[str, typer.Option(help="hill_climb or greedy.")] = "hill_climb",
    steps: Annotated[int | None, typer.Option(help="1000 for hill_climb, 20 for greedy.", show_default=False)] = None,
    target: options.Target = 0,
    seed: options.Seed = 0,
    device: options.Device = None,
    force: options.Force = False,
) -> None:
    """Edit sequences until the model likes them; the best first; writes .tsv, .tsv.gz, .csv or .safetensors."""
    from seqinterp.api.optimize import optimize as call
    from seqinterp.cli.output import ARRAYS, TABLES, refuse_other_endings, write_result
    from seqinterp.io.atomic import written_whole
    from seqinterp.io.load_model import load_model
    from seqinterp.io.sequences import read_sequences

    refuse_other_endings(out, *TABLES, *ARRAYS)
    with written_whole(out, force=force) as place:
        model = load_model(run)
        begin = None if start is None else list(read_sequences(start).sequences)
        found = call(
            model,
            begin,
            length=length,
            count=count,
            target=target,
            method=method,
            steps=steps,
            seed=seed,
            device=device,
        )
        write_result(place, found)
    typer.echo(str(out.resolve()))
