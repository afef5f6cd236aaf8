"""Effects of edits in batched windows of torch, on any device: for many edits at once every layer is one tensor.

What the plan does not cover is recomputed by the model's own code from there on.
"""

from weakref import WeakKeyDictionary

import torch
from torch import nn

from seqinterp.attribution.rows import by_rows, row_limit
from seqinterp.mutagenesis.edits import Edits
from seqinterp.mutagenesis.plan import Plan
from seqinterp.mutagenesis.windowed.chunk import Tables
from seqinterp.mutagenesis.windowed.frames import Frames
from seqinterp.mutagenesis.windowed.part import Part, Windows
from seqinterp.shapes import EditOutputs, Indices, Sequences

SEQUENCES = {"cpu": 2**26}  # numbers in the layers of sequences that are computed at once
SEQUENCES_ELSEWHERE = 2**28
# what is made of a plan once; it must not hold the plan itself, which would then live for ever
_kept: "WeakKeyDictionary[Plan, dict[torch.device, tuple[Tables, dict[int, Frames]]]]" = WeakKeyDictionary()


def windowed_effects(
    function: nn.Module, plan: Plan, inputs: Sequences, edits: Edits, *, dtype: torch.dtype = torch.float32
) -> EditOutputs:
    """`function(edited) - function(inputs)[example]` for every edit, (edits, *outputs), on the device of the inputs.

    An edit that changes nothing has an effect of exactly zero, as have edits that the outputs cannot see.

    dtype: of the differences and of the result. A part of the model that its own code computes runs in the precision of
        the inputs.

    The layers of unedited sequences are computed in double precision, so TF32 plays no part there. Products of
    differences follow torch's own setting, under which TF32 is off unless it was turned on.
    """
    windows = _on(plan, inputs.device)
    result = torch.zeros(len(edits), *plan.result_shape, dtype=dtype, device=inputs.device)
    if len(edits) == 0:
        return result
    spans, rows = _spans(edits, plan.length), windows.shown_at_once()
    numbers = sum(layer.length * layer.channels for layer in plan.layers)
    size = max(1, SEQUENCES.get(inputs.device.type, SEQUENCES_ELSEWHERE) // numbers)

    def group(example: Indices) -> Indices:
        """The effects of all edits of a few sequences; gives back which sequences they were."""
        start, stop = int(example[0]), int(example[-1]) + 1
        here = ((edits.example >= start) & (edits.example < stop) & (spans > 0)).nonzero().flatten()
        if len(here):
            part = Part(function, windows, inputs[start:stop], dtype, rows)
            for span in spans[here].unique().tolist():
                some = here[spans[here] == span]
                some = some[torch.argsort(edits.position[edits.first[some]], stable=True)]
                chosen = edits.take(some)
                shown = Edits(chosen.example - start, chosen.first, chosen.position, chosen.columns)
                result[some.to(inputs.device)] = part.effects(shown, span)
        return example

    with torch.no_grad(), row_limit(size):
        by_rows(group, torch.arange(len(inputs)))
    return result


def _on(plan: Plan, device: torch.device) -> Windows:
    """The plan on a device, copied there once."""
    of_plan = _kept.setdefault(plan, {})
    if device not in of_plan:
        of_plan[device] = Tables(device), {}
    return Windows(plan, *of_plan[device])


def _spans(edits: Edits, length: int) -> Indices:
    """Positions from the first to the last change of each edit, rounded up to a power of two; 0 when there is none."""
    spans = torch.zeros_like(edits.example)
    some = edits.counts > 0
    wide = edits.position[edits.first[1:][some] - 1] - edits.position[edits.first[:-1][some]] + 1
    spans[some] = torch.exp2(torch.log2(wide.double()).ceil()).long().clamp(max=length)
    return spans
