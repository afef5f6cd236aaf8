"""The page: sections put into the template."""

from seqinterp.report import sections
from seqinterp.report.belief import belief
from seqinterp.report.contents import ReportContents
from seqinterp.report.marking import SHADES
from seqinterp.report.templates import fill

ORDER = (
    sections.performance,
    sections.known_motif,
    sections.filters,
    sections.sequences,
    sections.designs,
    sections.mutagenesis,
    sections.truth,
    belief,
    sections.notes,
    sections.provenance,
)


def render(contents: ReportContents) -> str:
    """Give the report as one HTML page that needs no other file, no network and no script.

    The same contents give the same text. Raises what the figures raise where an array has the wrong shape or is not
    finite (`ShapeError`, `InputError`), and `AlphabetError` for a pattern that is not a IUPAC word.
    """
    return fill(
        "template.html",
        kind="report",
        contents=contents,
        summary=sections.summary(contents),
        sections=[section(contents) for section in ORDER],
        shades=SHADES,
    )
