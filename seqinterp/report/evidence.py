"""The page of an evidence report: sections put into the template."""

from seqinterp.report import evidence_sections as sections, evidence_why as why
from seqinterp.report.evidence_contents import NO_MOTIFS, EvidenceContents
from seqinterp.report.templates import fill

ORDER = (
    sections.reasons,
    sections.prediction,
    sections.likeness,
    why.explanations,
    why.motifs,
    why.edit,
    sections.cases,
    sections.trial,
    sections.thresholds,
    sections.provenance,
)


def evidence_page(contents: EvidenceContents) -> str:
    """Give the evidence for one prediction as one HTML page that needs no other file, no network and no script.

    The same contents give the same text. Raises what the figures raise where an array does not fit (`InputError`).
    """
    return fill(
        "evidence.html",
        kind="evidence",
        contents=contents,
        summary=sections.summary(contents),
        sections=[section(contents) for section in ORDER if section is not why.motifs or contents.motifs != NO_MOTIFS],
    )
