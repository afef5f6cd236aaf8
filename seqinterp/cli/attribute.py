"""`seqinterp attribute`: what every base contributes."""

from typing import Any

import typer

from seqinterp.cli import options


def attribute(
    run: options.Run,
    data: options.Data,
    out: options.Out,
    method: options.Method = "gradient_times_input",
    baseline: options.Baseline = None,
    draws: options.Draws = None,
    target: options.Target = 0,
    top: options.Top = 0,
    seed: options.Seed = 0,
    device: options.Device = None,
    force: options.Force = False,
    quiet: options.Quiet = False,
) -> None:
    """Explain each sequence base by base; writes a table (.tsv, .tsv.gz, .csv) or arrays (.safetensors)."""
    from seqinterp.api.attribute import attribute as call
    from seqinterp.cli.data import best
    from seqinterp.cli.output import ARRAYS, TABLES, refuse_other_endings, write_result
    from seqinterp.io.atomic import written_whole
    from seqinterp.io.load_model import load_model
    from seqinterp.io.sequences import read_sequences

    refuse_other_endings(out, *TABLES, *ARRAYS)
    given: dict[str, Any] = {
        name: value for name, value in (("baseline", baseline), ("draws", draws)) if value is not None
    }
    with written_whole(out, force=force) as place:
        model = load_model(run)
        inputs = best(model, read_sequences(data), top, device).inputs
        found = call(model, inputs, method, target=target, seed=seed, device=device, progress=not quiet, **given)
        write_result(place, found)
    certificate = found.certificate
    typer.echo(f"{method}: {len(inputs)} sequences, output kind {certificate.output_kind}", err=True)
    if certificate.completeness_error is not None:
        typer.echo(f"  largest completeness error {certificate.completeness_error:.3g}", err=True)
    typer.echo(f"  verdict {certificate.verdict}", err=True)
    typer.echo(str(out.resolve()))
