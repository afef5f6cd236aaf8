"""`seqinterp variants`: what variants would do."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seqinterp.cli import options

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd


Models = Annotated[
    str | None,
    typer.Option(
        help="Other runs, comma-separated, trained from other seeds: effects are then means over all, with"
        " their spread.",
        show_default=False,
    ),
]
Draws = Annotated[
    int | None,
    typer.Option(
        help="Of one run with dropout: effects are means over this many networks thinned by it, with their spread.",
        min=3,
        show_default=False,
    ),
]


def variants(
    run: options.Run,
    sequences: Annotated[Path, typer.Option(help="FASTA of chromosomes or other sequences.", show_default=False)],
    variants: Annotated[
        Path,
        typer.Option(
            help="TSV or CSV with the columns chromosome, position (0-based), reference, alternative.",
            show_default=False,
        ),
    ],
    out: options.Out,
    length: Annotated[
        int | None,
        typer.Option(
            help="Length of the model's inputs; by default the sequences are those inputs.", min=1, show_default=False
        ),
    ] = None,
    keep: Annotated[str, typer.Option(help="The end of the window that indels do not move: start or stop.")] = "start",
    models: Models = None,
    draws: Draws = None,
    seed: options.Seed = 0,
    target: options.Target = 0,
    device: options.Device = None,
    force: options.Force = False,
    quiet: options.Quiet = False,
) -> None:
    """Score the reference and the alternative allele of variants; writes a table (.tsv, .tsv.gz, .csv)."""
    from seqinterp.cli.output import TABLES, refuse_other_endings, write_frame
    from seqinterp.errors import InputError
    from seqinterp.io.atomic import written_whole
    from seqinterp.io.fasta import read_fasta

    refuse_other_endings(out, *TABLES)
    if models is not None and draws is not None:
        raise InputError("--draws thins the one run by its dropout, and --models are asked once each; leave one out")
    with written_whole(out, force=force) as place:
        names, letters = read_fasta(sequences)
        found = _asking(run, models, draws, seed)(
            dict(zip(names, letters, strict=True)),
            read_table(variants),
            target=target,
            length=length,
            keep=keep,
            device=device,
            progress=not quiet,
        )
        write_frame(place, found)
    typer.echo(str(out.resolve()))


def _asking(run: Path, models: str | None, draws: int | None, seed: int) -> "Callable[..., pd.DataFrame]":
    """What scores variants: the one run, all runs, or the one thinned by its dropout."""
    from functools import partial

    from seqinterp.api.variant_effects import variant_effects
    from seqinterp.api.variant_uncertainty import variant_uncertainty
    from seqinterp.cli.listed import listed
    from seqinterp.io.load_model import load_model

    others = [load_model(Path(path)) for path in listed(models)]
    own = load_model(run)
    if draws is not None:
        return partial(variant_uncertainty, own, draws=draws, seed=seed)
    return partial(variant_uncertainty, [own, *others]) if others else partial(variant_effects, own)


def read_table(path: Path) -> "pd.DataFrame":
    """A table of variants, text as it stands, positions as whole numbers.

    Raises:
        FileError: the file cannot be read, is VCF, or a position is no whole number, naming the line.
    """
    from io import StringIO

    import pandas as pd

    from seqinterp.errors import FileError
    from seqinterp.io.text import read_lines

    lines = read_lines(path)
    if lines[0].startswith("##fileformat=VCF"):
        raise FileError(
            f"{path} is VCF; give a table with the columns chromosome, position (POS less 1), reference, alternative"
        )
    separator = "\t" if "\t" in lines[0] else ","
    try:
        table = pd.read_csv(StringIO("\n".join(lines)), sep=separator, dtype=str, keep_default_na=False)
    except pd.errors.ParserError as error:
        raise FileError(f"{path}: not a table ({error}); every line needs the fields of the header") from error
    if "position" in table.columns:
        for line, text in enumerate(table["position"], start=2):
            if not text.removeprefix("-").isascii() or not text.removeprefix("-").isdigit():
                raise FileError(f"{path}, line {line}: position must be a whole number, 0-based, not {text!r}")
        table["position"] = table["position"].astype("int64")
    return table
