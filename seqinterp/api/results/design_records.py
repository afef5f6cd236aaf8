"""Designs as records of sequence files: names, headers, comments and features."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from seqinterp.api.results.design import Design
from seqinterp.api.results.judgement import Judgement
from seqinterp.design.edit_script import Step
from seqinterp.io.design_files import Feature, Record

# Numbers of the evidence that a comment holds, and how it calls them.
NOTED = {
    "oracle_score": "score of the second model",
    "oracle_percentile": "percentile by the second model",
    "score_percentile": "percentile among natural sequences",
    "log_likelihood_percentile": "percentile of the likelihood",
    "uncertainty": "standard deviation over models",
}


def annotated(
    design: Design, number: int, origin: Mapping[str, Any], evidence: pd.DataFrame | None, judgement: Judgement | None
) -> Record:
    """One design, named by its number, with what is known of it."""
    model = origin.get("model_hash", "unknown")
    edits = design.edits
    header = f"score={design.score:.6g} start_score={design.start_score:.6g} edits={len(edits)} model={model}"
    header += "".join(f" {name}={origin[name]}" for name in ("method", "seed") if name in origin)
    return Record(
        f"design_{number}",
        design.sequence,
        header,
        _comment(design, number, origin, evidence),
        [*_variations(edits, len(design.sequence)), *_sites(number, judgement)],
    )


def in_words(step: Step) -> str:
    """An edit with its position in the start, 0-based: 12A>G, 30insT (before position 30), 31delC."""
    if step.kind == "substitution":
        return f"{step.position_in_start}{step.before}>{step.after}"
    kind, letter = ("ins", step.after) if step.kind == "insertion" else ("del", step.before)
    return f"{step.position_in_start}{kind}{letter}"


def _comment(design: Design, number: int, origin: Mapping[str, Any], evidence: pd.DataFrame | None) -> list[str]:
    """Scores, and where the design comes from, a line each."""
    lines = [f"score: {design.score:.6g} (start: {design.start_score:.6g})"]
    if evidence is not None:
        row = evidence.iloc[number]
        lines += [f"{said}: {row[name]:.6g}" for name, said in NOTED.items() if np.isfinite(row[name])]
    elif np.isfinite(design.uncertainty):
        lines.append(f"{NOTED['uncertainty']}: {design.uncertainty:.6g}")
    hashes = origin.get("model_hashes") or [origin.get("model_hash", "unknown")]
    lines.append(f"model: {', '.join(hashes)}")
    lines += [f"{name}: {origin[name]}" for name in ("method", "steps", "seed") if name in origin]
    lines += [f"target: {', '.join(origin['targets'])}"] if origin.get("targets") else []
    lines += [f"constraint: {row['constraint']} ({row['said']})" for row in design.rules]
    version = origin.get("versions", {}).get("seqinterp")
    return [*lines, f"made with seqinterp {version}"] if version else lines


def _variations(edits: list[Step], length: int) -> list[Feature]:
    """Each edit where it stands in the design; a deletion at the base behind it."""
    found = []
    for step in edits:
        start = min(step.position_in_design, length - 1)
        said = {
            "substitution": f"{step.before} of the start was replaced by {step.after}",
            "insertion": f"{step.after} was inserted",
            "deletion": f"{step.before} of the start was deleted before this base",
        }[step.kind]
        qualifiers = {"note": f"{said} ({in_words(step)}, 0-based position in the start)", "label": in_words(step)}
        if step.kind == "substitution":
            qualifiers["replace"] = step.before.lower()
        found.append(Feature("variation", start, start + 1, "", qualifiers))
    return found


def _sites(number: int, judgement: Judgement | None) -> list[Feature]:
    """The sites of motifs, and of words that the designs share."""
    if judgement is None:
        return []
    labels = dict(zip(judgement.motifs["motif"], judgement.motifs["label"], strict=True))
    found = []
    for row in judgement.sites[judgement.sites["design"] == number].to_dict("records"):
        motif, chance = row["motif"], row["p_value"]
        note = f"site of {motif}" + (f" ({labels[motif]})" if labels[motif] != motif else "")
        note += f", p-value {chance:.2g}" if np.isfinite(chance) else ""
        qualifiers = {"note": note, "label": labels[motif]}
        found.append(Feature("misc_feature", row["start"], row["stop"], row["strand"], qualifiers))
    return found
