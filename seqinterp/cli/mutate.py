"""`seqinterp mutate`: what every edit would do."""

from typing import Annotated

import typer

from seqinterp.cli import options


def mutate(
    run: options.Run,
    data: options.Data,
    out: options.Out,
    target: options.Target = 0,
    start: Annotated[int, typer.Option(help="First position edited, 0-based.", min=0)] = 0,
    stop: Annotated[int | None, typer.Option(help="One past the last position edited.", show_default=False)] = None,
    top: options.Top = 0,
    device: options.Device = None,
    force: options.Force = False,
    quiet: options.Quiet = False,
) -> None:
    """Score every single-base edit; writes a table (.tsv, .tsv.gz, .csv) or arrays (.safetensors)."""
    from seqinterp.api.mutate import mutate as call
    from seqinterp.cli.data import best
    from seqinterp.cli.output import ARRAYS, TABLES, refuse_other_endings, write_result
    from seqinterp.io.atomic import written_whole
    from seqinterp.io.load_model import load_model
    from seqinterp.io.sequences import read_sequences

    refuse_other_endings(out, *TABLES, *ARRAYS)
    with written_whole(out, force=force) as place:
        model = load_model(run)
        inputs = best(model, read_sequences(data), top, device).inputs
        found = call(model, inputs, target=target, start=start, stop=stop, device=device, progress=not quiet)
        write_result(place, found)
    typer.echo(str(out.resolve()))
