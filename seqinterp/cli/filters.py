"""`seqinterp filters`: first-layer filters as motifs, with names."""

from typing import Annotated

import typer

from seqinterp.cli import options


def filters(
    run: options.Run,
    data: options.Data,
    out: options.Out,
    motifs: options.Motifs = None,
    layer: Annotated[str | None, typer.Option(help="Name of one convolution.", show_default=False)] = None,
    threshold: Annotated[float, typer.Option(help="Largest q-value that is a match.", min=0, max=1)] = 0.05,
    force: options.Force = False,
) -> None:
    """Write the motifs that activate the filters as MEME, and print the table of their names."""
    from seqinterp.api.filter_motifs import filter_motifs
    from seqinterp.cli.data import database
    from seqinterp.io.atomic import written_whole
    from seqinterp.io.load_model import load_model
    from seqinterp.io.sequences import read_sequences

    with written_whole(out, force=force) as place:
        known = database(motifs)
        inputs = read_sequences(data).inputs
        found = filter_motifs(load_model(run), inputs, database=known.motifs, layer=layer, threshold=threshold)
        found.save(place)
    typer.echo(f"{len(found)} filters, compared with {len(known.motifs)} matrices of {known.source}", err=True)
    typer.echo(found.to_frame().to_csv(sep="\t", index=False, float_format="%.4g"), nl=False)
