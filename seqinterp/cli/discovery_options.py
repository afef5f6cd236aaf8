"""What `seqinterp discover` is told."""

from pathlib import Path
from typing import Annotated

import typer

Inputs = Annotated[
    Path,
    typer.Argument(
        help="One-hot sequences (batch, 4, position), .npz or .npy; or one file that holds the attributions too:"
        " .safetensors of `seqinterp attribute`, or .h5.",
        show_default=False,
    ),
]
Attributions = Annotated[
    Path | None,
    typer.Argument(
        help="Their attributions, of the same shape (hypothetical, or of the bases that are there), or (batch,"
        " position).",
        show_default=False,
    ),
]
Folder = Annotated[
    Path, typer.Option("--out", "--output", "-o", help="Folder to write, which is made.", show_default=False)
]
Loci = Annotated[
    Path | None, typer.Option(help="BED of where the sequences lie, one line each, in their order.", show_default=False)
]
Filters = Annotated[
    Path | None,
    typer.Option(help="Motifs of filters (of `seqinterp filters`) to compare with.", show_default=False),
]
Threshold = Annotated[float, typer.Option(help="False discovery rate of the seqlets.", min=0, max=1)]
Least = Annotated[int, typer.Option(help="Seqlets of a motif, at least.", min=3)]
Finemo = Annotated[bool, typer.Option("--finemo", help="Write the files of Fi-NeMo as well.")]
Title = Annotated[str | None, typer.Option(help="Title of the report.", show_default=False)]
