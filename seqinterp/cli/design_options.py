"""What `seqinterp optimize` is told."""

from pathlib import Path
from typing import Annotated

import typer

from seqinterp.cli.names import names_in

RULES = "What every design must keep"
GOAL = "What is raised"

Config = Annotated[
    Path | None,
    typer.Option(
        help="TOML with what the options here say, by the same names, and tables [constraints], [penalties] and"
        " [options]; an option given here goes before it.",
        show_default=False,
    ),
]
Start = Annotated[Path | None, typer.Option(help="Sequences to start from.", show_default=False)]
Length = Annotated[int | None, typer.Option(help="Length of random starts.", min=1, show_default=False)]
Count = Annotated[int | None, typer.Option(help="Number of random starts; 10 by default.", min=1, show_default=False)]
Method = Annotated[
    str | None,
    typer.Option(
        help=f"One of {', '.join(names_in('design_parts/methods', 'DESIGN_METHODS'))}; hill_climb by default.",
        show_default=False,
    ),
]
Steps = Annotated[int | None, typer.Option(help="Rounds at most; the method has its own number.", show_default=False)]
Kinds = Annotated[
    list[str] | None,
    typer.Option("--kind", help="substitution, insertion, deletion; may be repeated.", show_default=False),
]
Prune = Annotated[
    float | None,
    typer.Option(help="Undo edits, losing at most this share of the gain.", min=0, max=1, show_default=False),
]
Insert = Annotated[
    Path | None, typer.Option(help="Motifs that insert_motifs puts in (MEME, JASPAR).", show_default=False)
]
Seed = Annotated[
    int | None, typer.Option(help="Everything random follows from it; 0 by default.", min=0, show_default=False)
]
Target = Annotated[
    int | None, typer.Option(help="Index of the output; 0 by default.", min=0, show_default=False, rich_help_panel=GOAL)
]
Minimize = Annotated[bool, typer.Option("--minimize", help="Less of it is better.", rich_help_panel=GOAL)]
Reach = Annotated[float | None, typer.Option(help="It should be this value.", show_default=False, rich_help_panel=GOAL)]
Against = Annotated[
    list[int] | None,
    typer.Option(
        help="Outputs whose mean is taken off it: on in one task, off in others; may be repeated.",
        show_default=False,
        rich_help_panel=GOAL,
    ),
]
Ensemble = Annotated[
    list[Path] | None,
    typer.Option(help="More models of an ensemble; may be repeated.", show_default=False, rich_help_panel=GOAL),
]
Protect = Annotated[
    list[str] | None,
    typer.Option(help="START:STOP, 0-based, half-open; may be repeated.", show_default=False, rich_help_panel=RULES),
]
Edits = Annotated[int | None, typer.Option(help="Edits at most.", min=0, show_default=False, rich_help_panel=RULES)]
Gc = Annotated[
    str | None, typer.Option(help="LOWEST:HIGHEST share of G and C.", show_default=False, rich_help_panel=RULES)
]
GcWindow = Annotated[
    int | None, typer.Option(help="In every window of so many bases.", show_default=False, rich_help_panel=RULES)
]
Homopolymer = Annotated[
    int | None, typer.Option(help="Longest run of one base.", show_default=False, rich_help_panel=RULES)
]
Forbid = Annotated[
    list[str] | None,
    typer.Option(
        help="An IUPAC word or a restriction enzyme, on neither strand; may be repeated.",
        show_default=False,
        rich_help_panel=RULES,
    ),
]
Require = Annotated[
    list[str] | None,
    typer.Option(
        help="An IUPAC word or enzyme, on either strand; may be repeated.", show_default=False, rich_help_panel=RULES
    ),
]
KeepProtein = Annotated[
    list[str] | None,
    typer.Option(
        help="START:STOP or START:STOP:-, whose codons keep their meaning; may be repeated.",
        show_default=False,
        rich_help_panel=RULES,
    ),
]
NoNewHits = Annotated[
    Path | None,
    typer.Option(help="Motifs that may not occur where they did not.", show_default=False, rich_help_panel=RULES),
]
Apart = Annotated[
    int | None, typer.Option(help="Least distance of two edits.", show_default=False, rich_help_panel=RULES)
]
