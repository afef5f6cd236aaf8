"""The table of motifs: logos, names, support, strands, importance, examples and places."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from seqinterp.motifs.motif import Motif
from seqinterp.plot.motif_logos import motif_drawing
from seqinterp.plot.position_bars import position_bars
from seqinterp.report.discovery_contents import DiscoveryContents, anchor, known_name, short_name
from seqinterp.report.images import drawn
from seqinterp.report.numbers import count, number, percent

FEW = 20  # seqlets below which the frequencies of a logo are rough: their error is above 11 points at 50 %
ALIKE = 0.9  # cosine of a logo with its own reverse complement: its strand means little
SHOWN = 3  # examples
LOGO_WIDTH, PANEL = 330, 46


def motif_table(contents: DiscoveryContents) -> dict[str, Any]:
    """Give one row per motif."""
    found = contents.motifs
    up = sum(motif.sign > 0 for motif in found)
    members = {str(name): table for name, table in contents.seqlets.groupby("motif", sort=False)}
    known = {motif.name: motif for motif in contents.known}
    called = {sign: int((contents.seqlets["sign"] == sign).sum()) for sign in (1, -1)}
    return {
        "id": "motifs",
        "short": "Motifs",
        "title": "Motifs",
        "lead": f"{count(len(found), 'pattern')} in the attributions: {up} that raise the score, {len(found) - up} that"
        " lower it, each with the most seqlets first. Of each, the upper logo shows how strictly its bases are kept (in"
        " bits), the middle one (CWM) what they contribute to the score, and the lower one the known motif that it"
        " resembles, if any. A name says that two patterns look alike; related proteins share patterns, so it does not"
        " say which of them binds.",
        "empty": "" if found else _nothing(contents),
        "rows": [_row(motif, members.get(motif.name), known, called, contents) for motif in found],
    }


def _nothing(contents: DiscoveryContents) -> str:
    """Say why there may be no motif."""
    called = count(len(contents.seqlets), "seqlet")
    return (
        f"No motif was found: among {called} in {count(contents.examples, 'sequence')} there is no pattern that is told"
        " from chance. Either the score does not rest on motifs that recur, or there are too few sequences, or the"
        " attributions are too noisy; the curve below shows how many seqlets a more liberal threshold would call."
    )


def _row(
    motif: Motif,
    members: pd.DataFrame | None,
    known: Mapping[str, Motif],
    called: Mapping[int, int],
    contents: DiscoveryContents,
) -> dict[str, Any]:
    """Give one motif's pictures, names and numbers."""
    table = contents.seqlets.iloc[:0] if members is None else members
    beside = known.get(motif.match.name) if motif.match is not None else None
    logo = motif_drawing(motif, known=beside, width=LOGO_WIDTH, panel=PANEL)
    middles = ((table["start"] + table["stop"]) / 2).to_numpy(np.float64)
    name = known_name(motif)
    shown = " and contributions" if motif.cwm is not None else ""
    under = "" if beside is None else f", above the known motif {name}"
    return {
        "anchor": anchor(motif),
        "name": short_name(motif),
        "full": motif.name,
        "sign": {1: "raises the score", -1: "lowers the score"}.get(motif.sign, ""),
        "down": motif.sign < 0,
        "consensus": motif.consensus,
        "logo": drawn(logo, f"Logos of {motif.name}: information{shown}{under}; consensus {motif.consensus}."),
        "known": name,
        "matched": motif.match is not None,
        "match": _match(motif),
        "warnings": warnings_of(motif),
        "facts": _facts(motif, table, called),
        "places": drawn(
            position_bars(middles, contents.length),
            f"Where the {count(len(table), 'seqlet')} of {motif.name} lie in the sequences, from 0 to"
            f" {contents.length}; half of them between {_quarters(middles)}.",
        ),
        "examples": [_place(row) for row in _strongest(table).to_dict("records")],
    }


def _match(motif: Motif) -> list[tuple[str, str]]:
    """Give the identifier, the q-value and the family of a name."""
    match = motif.match
    if match is None:
        return []
    facts = [("matrix", match.name + (", reverse complement" if match.reverse else ""))]
    facts.append(("q-value", number(match.q_value, digits=2)))
    if match.also:
        facts.append(("fits as well", ", ".join(match.also)))
    return facts


def warnings_of(motif: Motif) -> list[str]:
    """Say what speaks against a motif, or against a number of it."""
    said = [motif.note] if motif.note else []
    if motif.hits < FEW:
        said.append("few seqlets")
    if is_palindrome(motif):
        said.append("palindrome: its strand means little")
    return said


def is_palindrome(motif: Motif) -> bool:
    """Tell whether the motif reads much the same on both strands, the second one moved by a few columns if need be."""
    heights = motif.information
    turned = heights[::-1, ::-1]
    length = float((heights**2).sum())
    shifts = range(-(motif.width // 3), motif.width // 3 + 1)
    best = max(
        float((heights[:, max(0, k) : motif.width + min(0, k)] * turned[:, max(0, -k) : motif.width - max(0, k)]).sum())
        for k in shifts
    )
    return length > 0 and best >= ALIKE * length


def _facts(motif: Motif, table: pd.DataFrame, called: Mapping[int, int]) -> list[tuple[str, str]]:
    """Give the support and the strength of a motif."""
    size = len(table) or motif.hits
    of_all = called.get(motif.sign, 0)
    facts = [("seqlets", f"{size:,}" + (f" ({percent(size / of_all)} of this sign)" if of_all else ""))]
    if len(table):
        forward = float((table["strand"] == "+").mean())
        facts.append(("sequences", f"{table['example'].nunique():,}"))
        facts.append(("strands", f"+ {percent(forward)}, − {percent(1 - forward)}"))
        facts.append(("mean importance", number(float(table["attribution"].mean()))))
    facts.append(("information", f"{motif.information_content:.1f} bits"))
    return facts


def _quarters(middles: np.ndarray) -> str:
    """Write the places between which the middle half lies."""
    if not len(middles):
        return "nowhere"
    low, high = np.percentile(middles, [25, 75])
    return f"{low:.0f} and {high:.0f}"


def _strongest(table: pd.DataFrame) -> pd.DataFrame:
    """Give the seqlets of largest attribution, in whichever direction."""
    return table.iloc[np.argsort(-table["attribution"].abs().to_numpy(), kind="stable")[:SHOWN]]


def _place(row: Mapping[Any, Any]) -> str:
    """Write where a seqlet is: in the genome where that is known, else in its example."""
    if row.get("chromosome"):
        where = f"{row['chromosome']}:{row['chromosome_start']}-{row['chromosome_stop']}"
        return f"{where} ({row['chromosome_strand']})"
    return f"example {row['example']}: {row['start']}-{row['stop']} ({row['strand']})"
