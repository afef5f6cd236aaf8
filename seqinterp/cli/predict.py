"""`seqinterp predict`: the model's logit for each sequence."""

import typer

from seqinterp.cli import options


def predict(
    run: options.Run,
    data: options.Data,
    out: options.Out,
    device: options.Device = None,
    force: options.Force = False,
) -> None:
    """Write name, logit and probability of each sequence as a table (.tsv, .tsv.gz, .csv)."""
    import pandas as pd

    from seqinterp.cli.output import TABLES, refuse_other_endings, write_frame
    from seqinterp.io.atomic import written_whole
    from seqinterp.io.load_model import load_model
    from seqinterp.io.sequences import read_sequences
    from seqinterp.models.predict import predict_logits, probabilities

    refuse_other_endings(out, *TABLES)
    with written_whole(out, force=force) as place:
        found = read_sequences(data)
        logits = predict_logits(load_model(run), found.inputs, device=device)
        table = {"name": found.names, "logit": logits, "probability": probabilities(logits)}
        write_frame(place, pd.DataFrame(table))
    typer.echo(str(out.resolve()))
