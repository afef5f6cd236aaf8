"""`seqinterp discover`: from attributions to motifs, seqlets and hits."""

import typer

from seqinterp.cli import discovery_options as own, options


def discover(
    inputs: own.Inputs,
    out: own.Folder,
    attributions: own.Attributions = None,
    motifs: options.Motifs = None,
    loci: own.Loci = None,
    filters: own.Filters = None,
    threshold: own.Threshold = 0.2,
    least: own.Least = 8,
    finemo: own.Finemo = False,
    title: own.Title = None,
    seed: options.Seed = 0,
    force: options.Force = False,
    quiet: options.Quiet = False,
) -> None:
    """Find the motifs that attributions point at: motifs, seqlets, hits, logos and a report into one folder; prints the
    table of motifs.
    """
    from seqinterp.cli.data import database
    from seqinterp.cli.discovered import Asked, discover_into
    from seqinterp.io.atomic import written_whole
    from seqinterp.io.loci import read_loci
    from seqinterp.io.motif_files import read_motifs
    from seqinterp.io.run_folder import REPORT

    given = {"inputs": inputs, "attributions": attributions, "loci": loci, "filters": filters}
    with written_whole(out, force=force) as folder:
        asked = Asked(
            title=title or f"Motifs in {(attributions or inputs).name.split('.')[0]}",
            files={what: path for what, path in given.items() if path is not None},
            known=database(motifs),
            loci=None if loci is None else read_loci(loci),
            filters=() if filters is None else tuple(read_motifs(filters)),
            threshold=threshold,
            least=least,
            seed=seed,
            finemo=finemo,
        )
        found = discover_into(folder, asked, progress=not quiet)
    named = sum(motif.match is not None for motif in found)
    typer.echo(
        f"{len(found)} motifs, {named} named from {len(asked.known.motifs)} matrices of {asked.known.source};"
        f" {len(found.seqlets):,} seqlets, {len(found.hits):,} hits",
        err=True,
    )
    typer.echo(f"the report is {(out / REPORT).resolve()}", err=True)
    typer.echo(found.to_frame().to_csv(sep="\t", index=False, float_format="%.4g"), nl=False)
