"""`seqinterp demo`: the main job on the data that come along."""

from pathlib import Path
from typing import Annotated

import typer

from seqinterp.cli import options

AP1 = ("TGACTCA", "TGAGTCA", "TGACGTCA")


def demo(
    out: Annotated[Path, typer.Option("--out", "-o", help="Where to write the run.")] = Path("runs/demo"),
    seed: options.Seed = 0,
    device: options.Device = None,
    force: options.Force = False,
    quiet: options.Quiet = False,
) -> None:
    """Train on simulated AP-1 sites, explain the model, compare with what was planted, and report."""
    from dataclasses import replace

    from seqinterp.cli.asked import Job
    from seqinterp.cli.data import database, labelled
    from seqinterp.cli.job import explain_into, say, train_into
    from seqinterp.io.atomic import written_whole
    from seqinterp.io.bundled import bundled
    from seqinterp.io.run_folder import REPORT
    from seqinterp.models.recipes import recipe

    job = Job(
        title="AP-1 sites, simulated",
        recipe=replace(recipe("default"), members=3),
        motifs=database(None),
        highlight=AP1,
        seed=seed,
        device=device,
        quiet=quiet,
    )
    with written_whole(out, force=force) as folder:
        examples, source = labelled(bundled("ap1_demo.tsv.gz"), None, None, seed)
        trained = train_into(folder, examples, source, job)
        explain_into(folder, examples, trained, job)
    say("the report is")
    typer.echo(str((out / REPORT).resolve()))
