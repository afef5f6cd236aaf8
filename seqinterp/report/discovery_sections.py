"""The sections of a discovery's page beside the table of motifs: calls, hits, caveats, and where the numbers come from.

Each has what `sections` says of a section.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from seqinterp.motifs.motif import Motif
from seqinterp.plot.seqlet_calls import calls_figure
from seqinterp.report.discovery_contents import DiscoveryContents, anchor, full_name, known_name
from seqinterp.report.discovery_motifs import FEW, is_palindrome
from seqinterp.report.images import embedded
from seqinterp.report.numbers import count, number, percent

Section = dict[str, Any]


def summary(contents: DiscoveryContents) -> list[dict[str, str]]:
    """Give the few numbers that head the page."""
    named = sum(motif.match is not None for motif in contents.motifs)
    inside = int((contents.seqlets["motif"] != "").sum())
    facts = [
        ("motifs", f"{len(contents.motifs)}", f"{named} named, {len(contents.motifs) - named} unknown"),
        ("seqlets", f"{len(contents.seqlets):,}", f"{inside:,} of them in motifs"),
        ("hits of motifs", f"{len(contents.hits):,}", f"in {contents.hits['example'].nunique():,} sequences"),
        ("sequences", f"{contents.examples:,}", f"of {count(contents.length, 'position')}"),
    ]
    best = min((m for m in contents.motifs if m.match), key=lambda m: m.match.q_value if m.match else 1.0, default=None)
    if best is not None and best.match is not None:
        facts.append(("best-matched motif", known_name(best), f"q = {number(best.match.q_value, digits=2)}"))
    return [{"name": name, "value": value, "note": note} for name, value, note in facts]


def calls(contents: DiscoveryContents) -> Section:
    """Give how many seqlets are called at each threshold."""
    table, curve = contents.seqlets, contents.curve
    image = None
    if len(curve):
        last = curve.iloc[-1]
        image = embedded(
            calls_figure(curve, threshold=contents.threshold),
            f"Seqlets called against the false discovery rate: {int(curve['calls'].iloc[0]):,} at"
            f" {curve['rate'].iloc[0]:g}, {int(last['calls']):,} at {last['rate']:g}.",
        )
    return {
        "id": "calls",
        "short": "Seqlets",
        "title": "Seqlets against the threshold",
        "lead": "A seqlet is a stretch whose contributions add up to more than those of positions drawn at random from"
        f" the same sequence. They were called at a false discovery rate of {contents.threshold:g}: of the"
        f" {len(table):,} called, up to {round(contents.threshold * len(table)):,} are expected to be chance. That is"
        " meant to be liberal, because what is false makes no pattern. Where the curve has flattened, a more liberal"
        " threshold adds little but chance; where it still rises well above the grey area, it would add seqlets.",
        "empty": "" if image else "The discovery came without a curve.",
        "image": image,
        "rows": [
            {
                "rate": f"{row['rate']:g}",
                "calls": f"{int(row['calls']):,}",
                "positive": f"{int(row['positive']):,}",
                "negative": f"{int(row['negative']):,}",
                "false": f"{row['false']:,.0f}" if row["false"] >= 10 else f"{row['false']:.1f}",
            }
            for row in curve.to_dict("records")
        ],
    }


def hits(contents: DiscoveryContents) -> Section:
    """Give the occurrences of each motif in numbers."""
    by_motif = {str(name): table for name, table in contents.hits.groupby("motif", sort=False)}
    return {
        "id": "hits",
        "short": "Hits",
        "title": "Where the motifs occur",
        "lead": "Hits are looked for in the contributions of all sequences with the motifs that were found, and held"
        " against shuffled ones, for each motif by itself; so they may be more or fewer than the seqlets that a motif"
        " was made of. Overlapping motifs compete, and a site goes to the one that explains most of it. Found again is"
        " the share of a motif's seqlets that a hit of the same motif overlaps: where it is low, another motif takes"
        " the sites, or they are weak. Similarity (1 is the same shape) is between a hit's contributions and what the"
        " motif leads one to expect; importance is the sum of its absolute contributions, with the motif's sign.",
        "empty": "" if len(contents.hits) else "No motif has a hit in these sequences.",
        "rows": [_hit_row(motif, by_motif.get(motif.name), contents) for motif in contents.motifs],
    }


def _hit_row(motif: Motif, table: pd.DataFrame | None, contents: DiscoveryContents) -> dict[str, str]:
    """Give the hits of one motif."""
    own = contents.seqlets[contents.seqlets["motif"] == motif.name]
    row = {"anchor": anchor(motif), "name": full_name(motif), "hits": "0", "sequences": "0"}
    if table is None or table.empty:
        return row | {
            "each": "–",
            "forward": "–",
            "again": percent(0.0) if len(own) else "–",
            "similarity": "–",
            "strength": "–",
        }
    holding = table["example"].nunique()

    def mean(column: str) -> str:
        return number(float(table[column].mean())) if column in table and table[column].notna().any() else "–"

    return row | {
        "hits": f"{len(table):,}",
        "sequences": f"{holding:,} ({percent(holding / contents.examples)})",
        "each": f"{len(table) / holding:.2f}",
        "forward": percent(float((table["strand"] == "+").mean())),
        "again": percent(found_again(own, table)) if len(own) else "–",
        "similarity": mean("similarity"),
        "strength": mean("importance"),
    }


def found_again(seqlets: pd.DataFrame, hits: pd.DataFrame) -> float:
    """The share of seqlets that a hit overlaps, in the same example."""
    both = seqlets.reset_index(names="row").merge(
        hits[["example", "start", "stop"]], on="example", suffixes=("", "_hit")
    )
    over = both[(both["start"] < both["stop_hit"]) & (both["start_hit"] < both["stop"])]
    return over["row"].nunique() / len(seqlets)


def notes(contents: DiscoveryContents) -> Section:
    """Say how far the numbers can be trusted."""
    return {
        "id": "notes",
        "short": "Caveats",
        "title": "How far to trust this",
        "lead": "What the numbers mean, and what they do not.",
        "empty": "",
        "items": [*_of_names(contents), *_of_numbers(contents), *_of_motifs(contents)],
    }


def _of_names(contents: DiscoveryContents) -> list[str]:
    """Caveats of the names."""
    return [
        "These motifs are what the model reads, as its attributions tell it; they are not evidence that a protein"
        " binds. A model may read a pattern that merely goes along with what it was trained on.",
        f"Names are Tomtom matches among the {contents.database_size:,} matrices of {contents.database}. Their q-values"
        " are over those matrices, for each motif by itself, and do not correct for the number of motifs. A factor"
        " that is not in the database cannot be named: unknown means that nothing in it is similar enough (q above"
        " 0.05, or another shape of logo), not that the motif is new.",
    ]


def _of_numbers(contents: DiscoveryContents) -> list[str]:
    """Caveats of the calls."""
    outside = int((contents.seqlets["motif"] == "").sum())
    items = [
        "A seqlet's p-value depends on its own sequence alone; its q-value is a false discovery rate over all windows"
        " of all sequences, so it depends on what else was given.",
        "Mean importance is the sum of the contributions of a seqlet, averaged over the motif's seqlets, in units of"
        " the explained score. Seqlets are chosen for being strong, so it is above that of all sites of the motif.",
        "Coordinates are 0-based and half-open, in the genome where the sequences had loci, else in the sequence. A"
        " plus sign means that the site reads as the logo does.",
    ]
    if outside:
        items.append(
            f"In no motif: {outside:,} of {count(len(contents.seqlets), 'seqlet')}. They are chance, sites of motifs"
            " too rare to be told from it, or sites too weak to be told apart; seqlets.tsv has them, without a motif."
        )
    return items


def _of_motifs(contents: DiscoveryContents) -> list[str]:
    """Caveats of single motifs."""
    items = []
    few = [motif for motif in contents.motifs if motif.hits < FEW]
    if few:
        error = 0.5 / np.sqrt(max(1, min(motif.hits for motif in few)))
        items.append(
            f"{_listed(few)}: fewer than {FEW} seqlets. Frequencies of a logo of so few sites are rough (the standard"
            f" error of a frequency of 50 % is {percent(error)} at the least support), and names rest on them."
        )
    noted = [motif for motif in contents.motifs if motif.note]
    items += [
        f"{full_name(motif)}: {motif.note}. Repeats are shared by many sequences for reasons that need not be sites of"
        " proteins."
        for motif in noted
    ]
    turned = [motif for motif in contents.motifs if is_palindrome(motif)]
    if turned:
        items.append(
            f"{_listed(turned)}: read the same or nearly so on both strands, so that the strand of a site means little."
        )
    if any(motif.sign < 0 for motif in contents.motifs):
        items.append(
            "That a motif lowers the score is relative to the baseline of the attributions: with another baseline the"
            " same bases may matter less, or not at all."
        )
    return items


def _listed(motifs: Sequence[Motif], *, most: int = 12) -> str:
    """Write some names, and how many more there are."""
    names = ", ".join(full_name(motif) for motif in motifs[:most])
    return names + (f" and {len(motifs) - most} more" if len(motifs) > most else "")


def provenance(contents: DiscoveryContents) -> Section:
    """Give where every number comes from."""
    run = [("run id", contents.run_id), ("seed", str(contents.seed)), ("created", contents.created)]
    return {
        "id": "provenance",
        "short": "Provenance",
        "title": "Where the numbers come from",
        "lead": "With these files, settings, seed and versions the command gives these numbers again, on the same kind "
        "of machine; the order of the sequences does not matter.",
        "empty": "",
        "tables": [
            {"name": "Run", "rows": run},
            {"name": "Data", "rows": list(contents.data.items())},
            {"name": "Settings", "rows": list(contents.settings.items())},
            {"name": "Versions", "rows": list(contents.versions.items())},
        ],
        "command": contents.command,
    }
