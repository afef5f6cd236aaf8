"""`seqinterp mutate`: what every edit would do."""

from pathlib import Path
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
    plot: Annotated[
        Path | None, typer.Option(help="Folder for heat maps with logos, as pictures.", show_default=False)
    ] = None,
    plots: Annotated[int, typer.Option(help="Heat maps of the first N sequences.", min=1)] = 10,
    device: options.Device = None,
    force: options.Force = False,
    quiet: options.Quiet = False,
) -> None:
    """Score every single-base edit; writes a table (.tsv, .tsv.gz, .csv) or arrays (.npz, .h5, .safetensors)."""
    from seqinterp.api.mutate import mutate as call
    from seqinterp.cli import output
    from seqinterp.cli.data import best
    from seqinterp.io.atomic import written_whole
    from seqinterp.io.load_model import load_model
    from seqinterp.io.sequences import read_sequences

    output.refuse_other_endings(out, *output.TABLES, *output.OTHER_ARRAYS, *output.ARRAYS)
    if plot is not None:
        output.refuse_full_folder(plot, force=force)
    with written_whole(out, force=force) as place:
        model = load_model(run)
        examples = best(model, read_sequences(data), top, device)
        found = call(model, examples.inputs, target=target, start=start, stop=stop, device=device, progress=not quiet)
        output.write_mutagenesis(place, found)
        if plot is not None:
            output.write_maps(plot, found, examples.names, plots)
    typer.echo(str(out.resolve()))
