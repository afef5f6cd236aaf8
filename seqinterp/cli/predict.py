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
    """Write name, logit and probability of each sequence as TSV."""
    import pandas as pd

    from seqinterp.cli.data import sequences
    from seqinterp.io.atomic import written_whole
    from seqinterp.io.load_model import load_model
    from seqinterp.io.run_folder import write_table
    from seqinterp.models.predict import predict_logits, probabilities

    with written_whole(out, force=force) as place:
        found = sequences(data)
        logits = predict_logits(load_model(run), found.inputs, device=device)
        table = {"name": found.names, "logit": logits, "probability": probabilities(logits)}
        write_table(place, pd.DataFrame(table))
    typer.echo(str(out.resolve()))
