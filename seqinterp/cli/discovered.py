"""The folder of a discovery: motifs and tables for other programs, logos, and the page."""

import json
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256 as sha256_of
from pathlib import Path

from seqinterp.api.discover import discover
from seqinterp.api.results.motifs import Motifs
from seqinterp.attribution.evidence import versions
from seqinterp.cli.data import Database
from seqinterp.cli.output import write_frame
from seqinterp.io.attribution_pairs import load_pair, load_scores
from seqinterp.io.bed import write_bed
from seqinterp.io.finemo import write_hits, write_regions
from seqinterp.io.run_folder import REPORT, sha256
from seqinterp.motifs.motif import Motif
from seqinterp.plot.motif_logos import save_logos
from seqinterp.report.discovery import discovery_page
from seqinterp.report.discovery_contents import DiscoveryContents
from seqinterp.sequence.examples import Locus

FACTS = "discovery.json"
MEME, TABLE, MODISCO, LOGOS, FINEMO = "motifs.meme", "motifs.tsv", "modisco.h5", "logos", "finemo"


@dataclass(frozen=True)
class Asked:
    """What was asked for, every file of it already read but those of sequences and attributions.

    files: "inputs", "attributions" (or none, where one file holds both), "loci" and "filters", as far as given.
    """

    title: str
    files: Mapping[str, Path]
    known: Database
    loci: Sequence[Locus] | None
    filters: tuple[Motif, ...]
    threshold: float
    least: int
    seed: int
    finemo: bool


def discover_into(folder: Path, asked: Asked, *, progress: bool) -> Motifs:
    """Read the sequences and attributions, find the motifs, and write the folder."""
    inputs, attributions = asked.files["inputs"], asked.files.get("attributions")
    shown, values = load_scores(inputs) if attributions is None else load_pair(inputs, attributions)
    found = discover(
        shown,
        values,
        database=asked.known.motifs,
        loci=asked.loci,
        threshold=asked.threshold,
        least=asked.least,
        seed=asked.seed,
        progress=progress,
    )
    write_discovery(folder, found, asked)
    return found


def write_discovery(folder: Path, found: Motifs, asked: Asked) -> None:
    """Make the folder and write everything into it."""
    assert found.discovered is not None
    contents = page_contents(found, asked)
    folder.mkdir()
    if len(found):
        found.save(folder / MEME)  # a MEME file holds at least one motif
        save_logos(folder / LOGOS, found)
    found.save(folder / MODISCO)
    write_frame(folder / TABLE, found.to_frame())
    for name, table in (("seqlets", found.seqlets), ("hits", found.hits)):
        write_frame(folder / f"{name}.tsv", table)
        write_bed(folder / f"{name}.bed", table)
    if asked.finemo:
        (folder / FINEMO).mkdir()
        write_regions(folder / FINEMO / "regions.npz", found.discovered.tracks, asked.loci)
        write_hits(folder / FINEMO / "hits.tsv", found.hits, found)
    (folder / REPORT).write_text(discovery_page(contents), encoding="utf-8")
    _write_facts(folder / FACTS, contents)


def page_contents(found: Motifs, asked: Asked) -> DiscoveryContents:
    """What the page says, and discovery.json with it."""
    assert found.discovered is not None
    tracks = found.discovered.tracks
    hashes = {what: sha256(path) for what, path in asked.files.items()}
    data: dict[str, str] = {}
    for what, path in asked.files.items():
        data |= {what: path.name, f"{what} sha256": hashes[what]}
    kind = "of the bases that are there" if tracks.hypothetical is None else "hypothetical: of every base"
    data |= {"sequences": f"{len(tracks):,}", "length": f"{tracks.length:,}", "contributions": kind}
    settings = {
        "false discovery rate of seqlets": f"{asked.threshold:g}",
        "seqlets of a motif, at least": f"{asked.least}",
        "motif database": asked.known.file,
        "motif database sha256": asked.known.sha256,
    }
    matched = {motif.match.name for motif in found if motif.match is not None}
    digest = sha256_of("\n".join([*hashes.values(), *settings.values()]).encode()).hexdigest()
    return DiscoveryContents(
        title=asked.title,
        run_id=f"{digest[:8]}-s{asked.seed}",
        seed=asked.seed,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        command=shlex.join(["seqinterp", *sys.argv[1:]]),
        versions=versions(),
        data=data,
        settings=settings,
        motifs=tuple(found),
        seqlets=found.seqlets,
        hits=found.hits,
        curve=found.curve,
        examples=len(tracks),
        length=tracks.length,
        threshold=asked.threshold,
        database=asked.known.source,
        database_size=len(asked.known.motifs),
        known=tuple(motif for motif in asked.known.motifs if motif.name in matched),
        filters=asked.filters,
    )


def _write_facts(path: Path, contents: DiscoveryContents) -> None:
    """Where every number comes from, for programs."""
    facts = {
        name: getattr(contents, name)
        for name in ("title", "run_id", "seed", "created", "command", "versions", "data", "settings")
    }
    counts = {"motifs": len(contents.motifs), "seqlets": len(contents.seqlets), "hits": len(contents.hits)}
    path.write_text(json.dumps(facts | counts, indent=2, default=dict, allow_nan=False) + "\n", encoding="utf-8")
