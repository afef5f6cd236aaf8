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
    """Score every single-base edit; writes a TSV table (example, base, position, effect) or safetensors."""
    from seqinterp.api.mutate import mutate as call
    from seqinterp.cli.data import best, sequences
    from seqinterp.io.atomic import written_whole
    from seqinterp.io.load_model import load_model
    from seqinterp.io.run_folder import write_table

    with written_whole(out, force=force) as place:
        model = load_model(run)
        inputs = best(model, sequences(data), top, device).inputs
        found = call(model, inputs, target=target, start=start, stop=stop, device=device, progress=not quiet)
        if out.suffix == ".tsv":
            write_table(place, found.to_frame())
        else:
            found.save(place)
    typer.echo(str(out.resolve()))
