"""The smallest change that takes the prediction to the other side."""

from typing import Any

import torch
from torch import Tensor

from seqinterp.api.evidence_parts.question import Question
from seqinterp.api.evidence_parts.smallest_change import smallest_change
from seqinterp.api.flip_prediction import flip_prediction
from seqinterp.attribution.protocol import Target
from seqinterp.errors import InputError, ModelError
from seqinterp.report.evidence_contents import SmallestChange, SmallestEdit
from seqinterp.shapes import Scores
from seqinterp.uncertainty.outputs import one_tensor

MOST = 5  # substitutions


def smallest_edit(question: Question, kind: str, called: int | None) -> SmallestEdit | SmallestChange:
    """What changes the call: bases of DNA, a little of everything in a picture.

    Raises:
        InputError: the example holds unknown bases, or nothing is called.
    """
    target, threshold = _line(question, kind, called)
    if not question.dna:
        return smallest_change(question, target, threshold)
    found = flip_prediction(
        question.model, question.inputs, target=target, threshold=threshold, most=MOST, device=question.device
    )
    return SmallestEdit(
        edits=tuple(_edit(row) for row in found.edits.to_dict("records")),
        proven=bool(found.fewest[0]),
        fewest=int(found.fewest_proven[0]),
        singles=int(found.single_flips[0]),
        tried=3 * question.inputs.shape[2],
        before=float(found.score[0]),
        after=float(found.after[0]),
        closest=float(found.closest[0]),
        threshold=threshold,
        most=MOST,
    )


def _edit(row: Any) -> dict[str, Any]:
    return {"position": int(row["position"]), "ref": str(row["ref"]), "alt": str(row["alt"])}


def _line(question: Question, kind: str, called: int | None) -> tuple[int | Target, float]:
    """The score that is taken across, and where the line is."""
    if question.threshold is not None:
        return question.target, question.threshold
    if question.task == "regression":
        raise InputError("a regression makes no call; pass threshold= for the value that an edit should cross")
    if question.task == "classes":
        if called is None:
            raise InputError("no class is called, so there is none to leave")
        return lead_of(called), 0.0
    return question.target, 0.5 if kind == "probability" else 0.0


def lead_of(called: int) -> Target:
    """How far the called class is ahead of the best other one."""

    def lead(outputs: object) -> Scores:
        table: Tensor = one_tensor(outputs)
        if table.ndim != 2 or table.shape[1] < 2:
            raise ModelError("the task 'classes' needs outputs (batch, classes)")
        others = torch.cat([table[:, :called], table[:, called + 1 :]], dim=1)
        return table[:, called] - others.amax(dim=1)

    return lead
