"""The options of training, shared by `run` and `train`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from seqinterp.cli.asked import Job

Labelled = Annotated[
    Path | None,
    typer.Argument(help="TSV or CSV with columns sequence,label[,locus]; .gz too.", show_default=False),
]
Positives = Annotated[Path | None, typer.Option(help="FASTA of bound sequences.", show_default=False)]
Negatives = Annotated[
    str | None,
    typer.Option(help="FASTA of unbound sequences, or 'shuffle' for dinucleotide shuffles.", show_default=False),
]
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


def make_job(
    *,
    network: str,
    members: int | None,
    epochs: int | None,
    start_from: Path | None,
    highlight: str | None = None,
    **asked: Any,
) -> "Job":
    """The job that the options describe; what was not given keeps the value of the network's recipe.

    Raises:
        InputError: there is no such network, or a setting is out of range.
        AlphabetError: a word to highlight is not IUPAC.
        FileError: the file of start matrices cannot be read.
    """
    from dataclasses import replace

    from seqinterp.cli.asked import Job
    from seqinterp.cli.data import database
    from seqinterp.models.networks import network_class
    from seqinterp.models.recipes import recipe

    network_class(network)
    chosen = recipe(network, started=start_from is not None)
    given: dict[str, Any] = {"members": members, "epochs": epochs}
    chosen = replace(chosen, **{name: value for name, value in given.items() if value is not None})
    matrices = None if start_from is None else database(start_from)
    return Job(network=network, recipe=chosen, start_from=matrices, highlight=_words(highlight or ""), **asked)


def _words(text: str) -> tuple[str, ...]:
    """IUPAC words, parted by commas, in upper case."""
    from seqinterp.sequence.alphabet import letter_codes

    words = tuple(word.strip().upper() for word in text.split(",") if word.strip())
    for word in words:
        letter_codes(word, f"the word {word!r} of --highlight")
    return words
