"""The options that several verbs share, each said once."""

from pathlib import Path
from typing import Annotated

import typer

from seqinterp.cli.names import names_in

Run = Annotated[Path, typer.Argument(help="Folder of a run (or a DeepBind model file).", show_default=False)]
Data = Annotated[
    Path,
    typer.Argument(
        help="FASTA, or TSV or CSV with a column sequence (labels are not needed); .gz too.", show_default=False
    ),
]
Out = Annotated[Path, typer.Option("--out", "-o", help="Where to write.", show_default=False)]
MaybeOut = Annotated[
    Path | None, typer.Option("--out", "-o", help="Where to write; by default into the run.", show_default=False)
]
Seed = Annotated[int, typer.Option(help="Everything random follows from it.", min=0)]
Force = Annotated[bool, typer.Option("--force", help="Replace what is already there.")]
Device = Annotated[
    str | None, typer.Option(help="cpu, cuda ...; by default a GPU when there is one.", show_default=False)
]
Target = Annotated[int, typer.Option(help="Index of the output that is explained.", min=0)]
Top = Annotated[int, typer.Option(help="Only the N best-scoring sequences; 0 takes all.", min=0)]
Method = Annotated[str, typer.Option(help=f"One of {', '.join(names_in('catalogue', 'METHODS'))}.")]
Baseline = Annotated[
    str | None,
    typer.Option(
        help=f"What the score is compared with: {', '.join(names_in('shared/baseline', 'BASELINES'))}; by default what"
        " suits the method.",
        show_default=False,
    ),
]
Draws = Annotated[
    int | None,
    typer.Option(help="Number of shuffles, or of a method's own samples.", min=1, show_default=False),
]
Quiet = Annotated[bool, typer.Option("--quiet", help="No progress bars.")]
Motifs = Annotated[
    Path | None,
    typer.Option(
        "--motifs",
        help="Motif database (MEME, JASPAR, TRANSFAC); by default the JASPAR selection that comes along.",
        show_default=False,
    ),
]
