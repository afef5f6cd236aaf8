"""`seqinterp verify`: what other tools make of the same model and sequences."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seqinterp.cli import options

if TYPE_CHECKING:
    from rich.console import Console

    from seqinterp.api.results.verification import Verification

ENDINGS = (".tsv", ".csv", ".json")
WIDTH = 100  # columns of a terminal that the table needs


def verify(
    run: options.Run,
    data: options.Data,
    against: Annotated[
        str, typer.Option(help="Tools, with commas between; those that are not installed are named as such.")
    ] = "captum,shap,tangermeme",
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Where to write the table, too (.tsv, .csv, .json).", show_default=False),
    ] = None,
    baseline: options.Baseline = None,
    draws: options.Draws = None,
    target: options.Target = 0,
    top: options.Top = 10,
    seed: options.Seed = 0,
    device: options.Device = None,
    force: options.Force = False,
    quiet: options.Quiet = False,
) -> None:
    """Ask other tools the same question: do they add up, does the batch matter, do they agree, and how long do they
    take; prints a table.
    """
    from contextlib import nullcontext

    from seqinterp.api.verify import verify as call
    from seqinterp.cli.data import best
    from seqinterp.cli.output import refuse_other_endings
    from seqinterp.io.atomic import written_whole
    from seqinterp.io.load_model import load_model
    from seqinterp.io.sequences import read_sequences

    if out is not None:
        refuse_other_endings(out, *ENDINGS)
    with written_whole(out, force=force) if out else nullcontext() as place:
        model = load_model(run)
        inputs = best(model, read_sequences(data), top, device).inputs
        found = call(
            model,
            inputs,
            against.split(","),
            target=target,
            baseline=baseline,
            draws=draws,
            device=device,
            seed=seed,
            progress=not quiet,
        )
        if place is not None:
            found.save(place)
    _show(found)
    if out is not None:
        typer.echo(str(out.resolve()), err=True)


def _show(found: "Verification") -> None:
    """A table with colours for a person at a terminal that is wide enough, else plain text."""
    from rich.console import Console

    console = Console(highlight=False)
    if console.is_terminal and console.width >= WIDTH:
        _in_colours(console, found)
    else:
        sys.stdout.write(f"{found}\n")


def _in_colours(console: "Console", found: "Verification") -> None:
    """The same table, drawn by rich; what is suspect in red."""
    from rich.table import Table
    from rich.text import Text

    from seqinterp.api.results.verification import HEADER, NUMBERS

    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in HEADER:
        table.add_column(name, justify="right" if name in NUMBERS else "left", no_wrap=True)
    for index, cells in enumerate(found.lines()):
        if index and cells[0]:
            table.add_row()
        table.add_row(*(Text(cell, style="red" if cell.endswith("!") else "") for cell in cells))
    console.print(found.title, style="bold", markup=False)
    console.print()
    console.print(table)
    for line in found.below:
        console.print(line, style="dim", markup=False, soft_wrap=True)
