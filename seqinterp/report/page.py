"""The page: sections put into the template."""

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined

from seqinterp.report import sections
from seqinterp.report.contents import ReportContents
from seqinterp.report.marking import SHADES

ORDER = (
    sections.performance,
    sections.known_motif,
    sections.filters,
    sections.sequences,
    sections.designs,
    sections.mutagenesis,
    sections.truth,
    sections.notes,
    sections.provenance,
)


@cache
def _environment() -> Environment:
    """Give the templates of this folder; all values are escaped, and a misspelt name is an error, not a hole."""
    return Environment(
        loader=PackageLoader("seqinterp.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def render(contents: ReportContents) -> str:
    """Give the report as one HTML page that needs no other file, no network and no script.

    The same contents give the same text. Raises what the figures raise where an array has the wrong shape or is not
    finite (`ShapeError`, `InputError`), and `AlphabetError` for a pattern that is not a IUPAC word.
    """
    return (
        _environment()
        .get_template("template.html")
        .render(
            contents=contents,
            summary=sections.summary(contents),
            sections=[section(contents) for section in ORDER],
            shades=SHADES,
        )
    )
