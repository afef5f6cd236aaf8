"""Which motifs share sequences, and how far apart they stand."""

from typing import Any

import numpy as np

from seqinterp.motifs.co_occurrence import CoOccurrence, co_occurrence
from seqinterp.plot.motif_pairs import co_occurrence_figure, spacing_figure
from seqinterp.report.discovery_contents import DiscoveryContents, full_name
from seqinterp.report.images import Image, embedded
from seqinterp.report.numbers import number
from seqinterp.report.spacing_peaks import FAR, Spacing, clearest_spacings

SURE = 0.05  # q-value of a pair that differs from chance, and p-value of a distance that stands out
LONGEST = 28  # letters of a name beside the matrix
LISTED, SPACED = 12, 4  # pairs in the table, and pairs with a spacing histogram
WAYS = {"same": "the same way", "opposite": "opposite ways"}


def pairs(contents: DiscoveryContents) -> dict[str, Any]:
    """Give the matrix of all pairs, the surest of them, and the clearest spacings."""
    motifs, hits = contents.motifs, contents.hits
    found = co_occurrence(hits, motifs, contents.examples) if motifs and len(hits) else None
    clearest = [] if found is None else clearest_spacings(hits, motifs, found, most=SPACED)
    spaced = [one for one in clearest if one.p_value <= SURE] or clearest[:1]
    several = found is not None and len(motifs) > 1
    return {
        "id": "pairs",
        "short": "Pairs",
        "title": "Motifs that go together",
        "lead": "How many sequences hold hits of both motifs, compared with what would be if each were spread over the"
        " sequences without regard to the other: red is more often, blue less often, and a dot marks pairs that differ"
        f" from chance (q of {SURE:g} or less over all pairs). Sequences of several kinds (promoters and enhancers,"
        " say) make motifs go together that never meet; motifs that are alike exclude each other, because a site goes"
        " to one of them.",
        "empty": "" if several or spaced else "It takes hits of two motifs to ask whether they go together.",
        "image": _matrix(contents, found) if several and found is not None else None,
        "rows": _surest(contents, found) if several and found is not None else [],
        "none_sure": f"No pair of motifs shares sequences more or less often than by chance (q of {SURE:g} or less)."
        if several
        else "",
        "spacing_lead": "The pairs, also of a motif with itself, of which one distance stands out most. Distances are"
        " from the middle of the first to the middle of the second, above zero where the second lies downstream as the"
        " first reads. A distance is compared with those beside it, and its p-value is over all distances of all pairs"
        " that were looked at. A clear peak is a grammar that the model may have learned, or that its sequences have; a"
        " peak of a repeat, or of copies of one sequence, is neither.",
        "spacings": [_spacing(one) for one in spaced],
    }


def _matrix(contents: DiscoveryContents, found: CoOccurrence) -> Image:
    """Draw the matrix."""
    names = [_at_most(full_name(motif)) for motif in contents.motifs]
    sure = found.q_value <= SURE
    told = int(np.triu(sure).sum())
    return embedded(
        co_occurrence_figure(found.log2_ratio, names, sure=sure),
        f"Matrix of {len(names)} motifs: log2 of the sequences that hold both over those expected; {told} pairs differ"
        " from chance.",
    )


def _surest(contents: DiscoveryContents, found: CoOccurrence) -> list[dict[str, str]]:
    """Give the pairs that differ from chance, surest first."""
    names = {motif.name: full_name(motif) for motif in contents.motifs}
    table = found.to_frame()
    return [
        {
            "name": f"{names[row['first']]} and {names[row['second']]}",
            "both": f"{int(row['together']):,}",
            "expected": f"{row['expected']:,.1f}",
            "ratio": number(row["log2_ratio"], digits=2),
            "q": number(row["q_value"], digits=2),
        }
        for row in table[table["q_value"] <= SURE].head(LISTED).to_dict("records")
    ]


def _spacing(one: Spacing) -> dict[str, Any]:
    """Draw the distances of one pair."""
    name = f"{full_name(one.first)} and {full_name(one.second)}"
    figure = spacing_figure(
        one.table["distance"].to_numpy(np.float64),
        {words: one.table[way].to_numpy(np.float64) for way, words in WAYS.items()},
    )
    alt = f"Distances of {name}, up to {FAR} bp either way: {_words(one)}."
    return {"name": f"{name}: {_words(one)}", "image": embedded(figure, alt)}


def _words(one: Spacing) -> str:
    """Say which distance stands out."""
    if one.p_value > SURE:
        return "no distance stands out"
    return f"{one.distance:+g} bp, {WAYS[one.way]}, p = {number(one.p_value, digits=2)}"


def _at_most(name: str) -> str:
    """A name that an axis has room for."""
    return name if len(name) <= LONGEST else name[: LONGEST - 1] + "…"
