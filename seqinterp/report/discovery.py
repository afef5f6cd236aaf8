"""The page of a discovery: sections put into the template."""

from seqinterp.report import discovery_sections as sections
from seqinterp.report.discovery_contents import DiscoveryContents
from seqinterp.report.discovery_filters import filters
from seqinterp.report.discovery_motifs import motif_table
from seqinterp.report.discovery_pairs import pairs
from seqinterp.report.templates import fill

ORDER = (motif_table, sections.calls, sections.hits, pairs, filters, sections.notes, sections.provenance)


def discovery_page(contents: DiscoveryContents) -> str:
    """Give a discovery as one HTML page that needs no other file, no network and no script.

    The same contents give the same text. Works with any number of motifs, none included. Raises what the figures raise
    where an array has the wrong shape or is not finite (`ShapeError`, `InputError`).
    """
    return fill(
        "discovery.html",
        kind="discovery",
        contents=contents,
        summary=sections.summary(contents),
        sections=[section(contents) for section in ORDER],
    )
