"""`seqinterp methods`: the attribution methods, what they need, promise and cost, and where they fail."""

from typing import Annotated

import typer


def methods(
    name: Annotated[
        str | None, typer.Argument(help="One method, with all that is known of it.", show_default=False)
    ] = None,
    tsv: Annotated[bool, typer.Option("--tsv", help="As a table with tabs.")] = False,
) -> None:
    """List the attribution methods: what each needs, what it promises and costs, and where it fails."""
    from seqinterp.api.catalogue import find_method
    from seqinterp.api.methods import methods as call

    table = call()
    if name is not None:
        find_method(name)
        table = table[table["method"] == name]
    if tsv:
        typer.echo(table.to_csv(sep="\t", index=False), nl=False)
        return
    for row in table.to_dict("records"):
        typer.echo(f"{row['method']} ({row['paper']})")
        typer.echo(f"  needs {row['needs']}; costs {row['cost']} passes; adds up: {row['adds_up']}")
        typer.echo(f"  AUROC on the leaderboard of motif grammars: {row['leaderboard']:.3f}")
        typer.echo(f"  options: {row['options'] or 'none'}")
        typer.echo(f"  fails: {row['fails']}")
