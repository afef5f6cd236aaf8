"""The page of a scorecard: sections put into the template."""

from seqinterp.report import scorecard_more as more, scorecard_sections as sections
from seqinterp.report.scorecard_contents import ScorecardContents
from seqinterp.report.templates import fill

ORDER = (
    sections.verdicts,
    sections.measures,
    sections.faithful,
    sections.stable,
    sections.depends,
    more.beyond,
    more.right,
    more.agreement,
    more.shortcuts,
    more.left_out,
    more.thresholds,
    more.provenance,
)


def scorecard_page(contents: ScorecardContents) -> str:
    """Give a scorecard as one HTML page that needs no other file, no network and no script.

    The same contents give the same text. Works with any number of methods, none included. Raises what the figures raise
    where a table does not fit the methods (`ShapeError`, `InputError`).
    """
    return fill(
        "scorecard.html",
        kind="scorecard",
        contents=contents,
        summary=sections.summary(contents),
        sections=[section(contents) for section in ORDER],
    )
