"""The application: its verbs, and what a person reads when something goes wrong."""

import sys
from typing import Annotated

import typer

from seqinterp.cli.attribute import attribute
from seqinterp.cli.demo import demo
from seqinterp.cli.discover import discover
from seqinterp.cli.evaluate import evaluate
from seqinterp.cli.evidence import evidence
from seqinterp.cli.filters import filters
from seqinterp.cli.images import app as images
from seqinterp.cli.methods import methods
from seqinterp.cli.mutate import mutate
from seqinterp.cli.optimize import optimize
from seqinterp.cli.predict import predict
from seqinterp.cli.report import report
from seqinterp.cli.run import run
from seqinterp.cli.train import train
from seqinterp.cli.variants import variants
from seqinterp.cli.verify import verify
from seqinterp.errors import SeqinterpError

app = typer.Typer(
    name="seqinterp",
    help="Interpret models that read DNA: train, name filters, explain bases, design sequences, and report.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

INTERRUPTED = 130  # what Typer makes of Ctrl-C


def _say_version(wanted: bool | None) -> None:
    """Print the version and stop."""
    if wanted:
        from seqinterp import __version__

        typer.echo(f"seqinterp {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool | None, typer.Option("--version", callback=_say_version, is_eager=True, help="Print the version.")
    ] = None,
) -> None:
    """Interpret models that read DNA: train, name filters, explain bases, design sequences, and report."""


for verb in (
    demo,
    run,
    train,
    predict,
    attribute,
    mutate,
    variants,
    filters,
    discover,
    optimize,
    evaluate,
    evidence,
    verify,
    methods,
    report,
):
    app.command()(verb)
app.add_typer(images, name="images")


def main() -> None:
    """Run a command; a mistake is one sentence on stderr and exit code 1, an interruption exit code 130."""
    try:
        app(standalone_mode=True)
    except SeqinterpError as error:
        sentence = str(error).rstrip(".")
        sys.stderr.write(f"error: {sentence}\n")
        raise SystemExit(1) from None
    except SystemExit as stopped:
        if stopped.code == INTERRUPTED:
            sys.stderr.write("interrupted: nothing was left half-written\n")
        raise
