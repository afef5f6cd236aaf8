"""What a person sees while a network is trained."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import numpy as np

Row = Mapping[str, float | int]  # one epoch of the history
Report = Callable[[int, Row], None]


@contextmanager
def training_progress(members: int, epochs: int, *, progress: bool) -> Iterator[Report]:
    """A function to call with member and row of the history after each pass; it moves a bar on stderr if wanted."""
    if not progress:
        yield lambda member, row: None
        return
    from rich.console import Console  # rich costs a tenth of a second to import
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("training"), BarColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=members * epochs)

        def report(member: int, row: Row) -> None:
            # A member that stops early leaves passes undone; the next one starts at its own share of the bar.
            where = f"network {member + 1} of {members}, " if members > 1 else ""
            bar.update(task, completed=member * epochs + row["epoch"], description=where + _describe(row))

        yield report


def _describe(row: Row) -> str:
    """One pass in a few words."""
    words = f"epoch {row['epoch']:.0f}, loss {row['train_loss']:.3f}"
    return words if np.isnan(row["valid_loss"]) else f"{words}, validation {row['valid_loss']:.3f}"
