"""The options of training, shared by `run` and `train`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from seqinterp.cli.job import Job

Network = Annotated[str, typer.Option(help="default, jund or deepbind.")]
Members = Annotated[int | None, typer.Option(help="Networks that answer together.", min=1, show_default=False)]
Epochs = Annotated[int | None, typer.Option(help="Most passes over the data.", min=1, show_default=False)]
Folds = Annotated[
    int | None,
    typer.Option(
        help="Cross-validate in this many folds; by default one split is held out.", min=2, show_default=False
    ),
]
StartFrom = Annotated[
    Path | None,
    typer.Option(
        help="Motif file whose matrices the first filters start from, or 'known' for the selection that comes along."
        " Helps when positives are few.",
        show_default=False,
    ),
]
GroupByChromosome = Annotated[
    bool, typer.Option("--by-chromosome", help="Keep whole chromosomes on one side of a split.")
]


def make_job(*, network: str, members: int | None, epochs: int | None, start_from: Path | None, **asked: Any) -> "Job":
    """The job that the options describe; what was not given keeps the value of the network's recipe.

    Raises:
        InputError: there is no such network, or a setting is out of range.
    """
    from dataclasses import replace

    from seqinterp.cli.job import Job
    from seqinterp.io.bundled import bundled
    from seqinterp.models.networks import network_class
    from seqinterp.models.recipes import recipe

    network_class(network)
    chosen = recipe(network, started=start_from is not None)
    given: dict[str, Any] = {"members": members, "epochs": epochs}
    chosen = replace(chosen, **{name: value for name, value in given.items() if value is not None})
    if str(start_from) == "known":
        start_from = bundled("jaspar_subset.meme")
    return Job(network=network, recipe=chosen, start_from=start_from, **asked)
