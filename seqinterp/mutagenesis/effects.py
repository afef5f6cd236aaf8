"""The one door of everything that asks what edits do: exact, by the fastest way there is."""

import logging
from typing import Literal, get_args

import torch
from torch import Tensor, nn

from seqinterp.attribution.notes import note_rule, note_warning
from seqinterp.errors import InputError
from seqinterp.mutagenesis.by_forward import effects_by_forward
from seqinterp.mutagenesis.edits import Edits
from seqinterp.mutagenesis.planned import Planned, planned
from seqinterp.mutagenesis.trace import Untraceable
from seqinterp.shapes import EditOutputs, Sequences

Backend = Literal["auto", "forward", "kernels", "windows"]
WORTH_A_PLAN = 3e9  # operations of forward passes, a tenth of a second, below which nothing is planned
WORTH_FOLLOWING = 1.5  # times fewer operations, below which forward passes are as fast
CHECKED = 6  # edits that are compared with forward passes
TOLERANCE = 1e-3  # of the largest effect; and of the scores themselves the rounding of a forward pass
ROUNDING = 2e-5


def effects(
    function: nn.Module,
    inputs: Sequences,
    edits: Edits,
    /,
    *,
    backend: Backend = "auto",
    repeats: int = 1,
    check: bool = True,
) -> EditOutputs:
    """`function(edited) - function(inputs)[example]` for every edit, (edits, *outputs), on the device of the inputs.

    backend: "forward" makes a forward pass for every edit; "kernels" (on the CPU) and "windows" (in torch, on any
        device) recompute only what an edit can reach; "auto" takes what is fastest for the model, the device and the
        number of edits.
    repeats: how many calls like this one will come; planning pays for all of them.
    check: compare a few edits with forward passes; where they differ, warn, name the operation, and make forward
        passes for all.

    Raises:
        InputError: the backend is unknown, or cannot be used with this model; an edit is of an example or a position
            that the inputs lack.
        ModelError: the function does not give one tensor with a row per example.
    """
    if backend not in get_args(Backend):
        raise InputError(f"backend must be one of {', '.join(get_args(Backend))}, not {backend!r}")
    edits.require_within(inputs)
    if backend == "forward" or (backend == "auto" and _operations(function, inputs, edits) * repeats < WORTH_A_PLAN):
        return effects_by_forward(function, inputs, edits)
    try:
        plan = planned(function, inputs)
        if backend == "auto" and plan.saving < WORTH_FOLLOWING:
            raise Untraceable("nearly all of the model is reached by every edit")
        found = plan.effects(function, inputs, edits, backend)
    except Untraceable as reason:
        if backend != "auto":
            raise InputError(f"backend {backend!r} cannot be used here: {reason}; pass backend='auto'") from reason
        note_rule("mutagenesis", f"a forward pass for every edit: {reason}")
        return effects_by_forward(function, inputs, edits)
    if check and not _agrees(function, inputs, edits, found):
        _say_that_it_differs(plan, function, inputs)
        return effects_by_forward(function, inputs, edits)
    return found


def _operations(function: nn.Module, inputs: Sequences, edits: Edits) -> float:
    """At most so many operations do forward passes take: as if every weight met every position."""
    weights = sum(parameter.numel() for parameter in function.parameters() if parameter.ndim > 1)
    return 2.0 * weights * inputs.shape[2] * len(edits)


def _agrees(function: nn.Module, inputs: Sequences, edits: Edits, found: Tensor) -> bool:
    """Whether a few edits, some of them large, have the effects that forward passes give."""
    if len(edits) == 0:
        return True
    sizes = found.reshape(len(found), -1).abs().amax(dim=1)
    spread = torch.linspace(0, len(edits) - 1, CHECKED - 2).long()
    places = torch.unique(torch.cat([spread, sizes.cpu().topk(min(2, len(edits))).indices]))
    some = edits.take(places)
    examples, example = torch.unique(some.example, return_inverse=True)
    shown = inputs[examples.to(inputs.device)]
    wanted = effects_by_forward(function, shown, Edits(example, some.first, some.position, some.columns))
    with torch.no_grad():
        scores = function(shown.clone()).abs().max()
    allowed = TOLERANCE * sizes.max() + ROUNDING * scores
    difference = (wanted - found[places.to(found.device)]).abs().max()
    return bool(difference <= allowed) or bool(torch.isnan(wanted).any())


def _say_that_it_differs(plan: Planned, function: nn.Module, inputs: Sequences) -> None:
    """Warn, with the first operation whose numbers differ from the model's."""
    where = plan.first_difference(function, inputs)
    sentence = (
        f"the effects of edits by the model's plan differ from those of forward passes, first at {where};"
        " forward passes were made for all edits instead"
    )
    note_warning(sentence)
    logging.getLogger("seqinterp").warning(sentence)
