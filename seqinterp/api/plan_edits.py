"""`plan_edits`: what would mutagenesis recompute for one edit?"""

import torch
from torch import nn

from seqinterp.api.shared.inputs import as_dna
from seqinterp.attribution.protocol import Score, Target
from seqinterp.attribution.run import borrowed
from seqinterp.attribution.targets import as_target
from seqinterp.errors import ModelError
from seqinterp.mutagenesis.plan import Plan
from seqinterp.mutagenesis.planned import planned
from seqinterp.mutagenesis.trace import Untraceable
from seqinterp.shapes import Array


def plan_edits(model: nn.Module, inputs: Array, *, target: int | Target = 0) -> Plan:
    """How far an edit reaches through a model, operation by operation; `print(plan.explain())` shows it as a table.

    Args:
        model: any module from `(batch, 4, position)` to outputs; it is given back as it was found.
        inputs: one-hot DNA `(batch, 4, position)`; only the length matters.
        target: which output is scored, by index, or a callable from outputs to `(batch,)`.

    Raises:
        ShapeError: the inputs are not one-hot DNA.
        ModelError: the model's code cannot be followed, so that every edit takes a forward pass; it says why.
    """
    sequences = as_dna(model, inputs)
    score = Score(model, as_target(target))
    with torch.inference_mode(False), borrowed(score, torch.device("cpu")):
        try:
            return planned(score, sequences).plan
        except Untraceable as reason:
            raise ModelError(f"every edit of this model takes a forward pass: {reason}") from reason
