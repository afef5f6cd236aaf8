"""`seqinterp report`: the page of a run, drawn again from its files."""

import typer

from seqinterp.cli import options


def report(run: options.Run, out: options.MaybeOut = None, force: options.Force = False) -> None:
    """Draw the report of a run from the files in its folder, without training or explaining anything again."""
    from seqinterp.api.main_job.report import report as call
    from seqinterp.io.atomic import written_whole
    from seqinterp.io.run_folder import REPORT

    place = out or run / REPORT
    with written_whole(place, force=force) as whole:
        whole.write_text(call(run), encoding="utf-8")
    typer.echo(str(place.resolve()))
