"""Filters and attributions side by side: which filter of a network feeds which discovered motif."""

from dataclasses import replace
from typing import Any

from seqinterp.motifs.compare import best_matches
from seqinterp.motifs.motif import Motif
from seqinterp.plot.motif_logos import motif_drawing
from seqinterp.report.discovery_contents import DiscoveryContents, anchor, full_name
from seqinterp.report.images import drawn
from seqinterp.report.numbers import count, number

LOGO_WIDTH, PANEL = 300, 46


def fed_motifs(filters: tuple[Motif, ...], motifs: tuple[Motif, ...]) -> list[Motif]:
    """The filters, each with the discovered motif that it resembles most as its `match`, or None.

    Compared by Tomtom on both strands; q-values are over the discovered motifs.
    """
    if not motifs or not filters:
        return [replace(one, match=None) for one in filters]
    matches = best_matches(filters, motifs)
    return [replace(one, match=match) for one, match in zip(filters, matches, strict=True)]


def filters(contents: DiscoveryContents) -> dict[str, Any]:
    """Give which filters resemble each motif, and both logos of each filter that resembles one."""
    matched = fed_motifs(contents.filters, contents.motifs)
    found = {motif.name: motif for motif in contents.motifs}
    feeding = [one for one in matched if one.match is not None]
    idle = [one for one in matched if one.match is None]
    return {
        "id": "filters",
        "short": "Filters",
        "title": "Which filter feeds which motif",
        "lead": f"The {count(len(matched), 'filter')} of the network, each as the motif of the windows that activate"
        f" it, compared with the {count(len(contents.motifs), 'motif')} of the attributions (Tomtom, both strands,"
        " with q-values over these motifs, rough where they are few). A filter reads no wider than its window, so"
        " several may share one long motif. A motif without a filter is put together by later layers, or read by"
        " filters that do several things; a filter without a motif may still matter, only not in seqlets of its own.",
        "empty": _empty(contents),
        "rows": [_motif_row(motif, feeding) for motif in contents.motifs],
        "cards": [_card(one, found) for one in feeding],
        "idle": ", ".join(one.name for one in idle),
    }


def _empty(contents: DiscoveryContents) -> str:
    """Say why there is nothing to compare."""
    if not contents.filters:
        return (
            "No filters were given. The command seqinterp filters writes those of a network as motifs, and seqinterp"
            " discover takes them with --filters."
        )
    return "" if contents.motifs else "No motif was found that filters could be compared with."


def _motif_row(motif: Motif, feeding: list[Motif]) -> dict[str, Any]:
    """Give the filters that resemble one motif, nearest first."""
    own = [(one.match.q_value, one) for one in feeding if one.match is not None and one.match.name == motif.name]
    own.sort(key=lambda pair: pair[0])
    return {
        "anchor": anchor(motif),
        "name": full_name(motif),
        "filters": [
            {"name": one.name, "q": number(q, digits=2), "strand": "−" if one.match and one.match.reverse else "+"}
            for q, one in own
        ],
    }


def _card(one: Motif, found: dict[str, Motif]) -> dict[str, Any]:
    """Give a filter's logo over that of its motif."""
    assert one.match is not None
    motif = found[one.match.name]
    logo = motif_drawing(
        replace(one, cwm=None), known=motif, labels=("filter", "", "motif"), width=LOGO_WIDTH, panel=PANEL
    )
    facts = [("q-value", number(one.match.q_value, digits=2))]
    if one.hits:
        facts.append(("activations", f"{one.hits:,}"))
    if one.importance is not None:
        facts.append(("importance", number(one.importance, digits=2)))
    return {
        "name": one.name,
        "motif": full_name(motif),
        "anchor": anchor(motif),
        "logo": drawn(logo, f"Logo of {one.name}, consensus {one.consensus}, above the motif {motif.name}."),
        "facts": facts,
    }
