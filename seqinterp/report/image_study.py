"""The page of a study of images: sections put into the template."""

from seqinterp.report import image_study_sections as sections
from seqinterp.report.image_study_contents import StudyContents
from seqinterp.report.templates import fill

ORDER = (
    sections.verdict,
    sections.data,
    sections.training,
    sections.case,
    sections.labels,
    sections.noise,
    sections.trial,
    sections.masks,
    sections.provenance,
)


def image_study_page(contents: StudyContents) -> str:
    """Give the study as one HTML page that needs no other file, no network and no script.

    The same contents give the same text. Raises what the figures raise where an array does not fit (`InputError`).
    """
    return fill(
        "image_study.html",
        kind="image study",
        contents=contents,
        summary=sections.summary(contents),
        sections=[section(contents) for section in ORDER],
    )
