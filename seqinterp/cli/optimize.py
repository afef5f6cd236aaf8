"""`seqinterp optimize`: sequences that the model scores highly, within what can be built."""

from typing import Any

import typer

from seqinterp.cli import design_options as own, options


def optimize(
    run: options.Run,
    out: options.Out,
    config: own.Config = None,
    start: own.Start = None,
    length: own.Length = None,
    count: own.Count = None,
    method: own.Method = None,
    steps: own.Steps = None,
    kind: own.Kinds = None,
    prune: own.Prune = None,
    insert: own.Insert = None,
    target: own.Target = None,
    minimize: own.Minimize = False,
    reach: own.Reach = None,
    against: own.Against = None,
    ensemble: own.Ensemble = None,
    protect: own.Protect = None,
    edits: own.Edits = None,
    gc: own.Gc = None,
    gc_window: own.GcWindow = None,
    homopolymer: own.Homopolymer = None,
    forbid: own.Forbid = None,
    require: own.Require = None,
    keep_protein: own.KeepProtein = None,
    no_new_hits: own.NoNewHits = None,
    apart: own.Apart = None,
    seed: own.Seed = None,
    device: options.Device = None,
    force: options.Force = False,
    quiet: options.Quiet = False,
) -> None:
    """Edit sequences until the model likes them; the best first.

    Writes .tsv, .tsv.gz, .csv, .fasta, .gb or .safetensors. A search that is interrupted leaves a file beside the one
    that was to be written, and goes on from there when it is asked for again.
    """
    from seqinterp.api.optimize import optimize as call
    from seqinterp.cli.designs import arguments, searches, shares, spans, told
    from seqinterp.cli.output import ARRAYS, RECORDS, TABLES, refuse_other_endings, write_designs
    from seqinterp.io.atomic import written_whole
    from seqinterp.io.design_checkpoint import forget_walk

    refuse_other_endings(out, *TABLES, *RECORDS, *ARRAYS)
    given: dict[str, Any] = {"start": start, "length": length, "count": count, "method": method, "steps": steps}
    given |= {"kind": kind, "prune": prune, "insert": insert, "target": target, "ensemble": ensemble, "seed": seed}
    given |= {"device": device, "minimize": minimize or None, "reach": reach, "against": against}
    rules: dict[str, Any] = {"protect": spans(protect, "protect"), "edits": edits, "gc": shares(gc)}
    rules |= {"gc_window": gc_window, "homopolymer": homopolymer, "forbid": forbid, "require": require}
    rules |= {"keep_protein": spans(keep_protein, "keep-protein"), "no_new_hits": no_new_hits, "apart": apart}
    with written_whole(out, force=force) as place:
        positional, keyword = arguments(run, told(config, given, rules))
        checkpoint = out.with_name(f"{out.name}.unfinished")
        keyword |= searches(keyword, checkpoint, quiet=quiet)
        write_designs(place, call(*positional, **keyword))
    forget_walk(checkpoint)  # not before what was found is written
    typer.echo(str(out.resolve()))
