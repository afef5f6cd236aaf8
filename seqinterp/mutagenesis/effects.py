"""The one door of everything that asks what edits do: exact, by the fastest way there is."""

import logging
from typing import Literal, get_args

import numpy as np
import torch
from torch import Tensor, nn

from seqinterp.attribution.notes import note_rule, note_warning
from seqinterp.attribution.protocol import Score
from seqinterp.attribution.rows import by_rows
from seqinterp.errors import InputError
from seqinterp.mutagenesis.by_forward import effects_by_forward, outputs
from seqinterp.mutagenesis.edit_lists import substitutions
from seqinterp.mutagenesis.edits import Edits, trusted
from seqinterp.mutagenesis.planned import Planned, give_up, planned
from seqinterp.mutagenesis.trace import Untraceable
from seqinterp.shapes import EditOutputs, Effects, Sequences

Backend = Literal["auto", "forward", "kernels", "windows"]
WORTH_A_PLAN = 3e9  # operations of forward passes, a tenth of a second, below which nothing is planned
WORTH_FOLLOWING = 1.5  # times fewer operations, below which forward passes are as fast
CHECKED = 6  # edits that are compared with forward passes
TOLERANCE = 2e-4  # of the largest effect; and of the scores themselves the rounding of a forward pass
ROUNDING = 5e-6


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
    edits.require_within(inputs)
    plan = _plan(function, inputs, len(edits) * repeats, backend, fresh=check)
    if plan is not None and len(edits):
        try:
            found = plan.effects(function, inputs, edits, backend)
            if _finite(found) and (not check or _agrees(plan, function, inputs, edits, found)):
                return found
        except Untraceable as reason:
            _refuse(backend, reason)
    return effects_by_forward(function, inputs, edits)


def effects_of_substitutions(
    score: Score,
    inputs: Sequences,
    start: int,
    stop: int,
    /,
    *,
    backend: Backend = "auto",
    repeats: int = 1,
    check: bool = True,
) -> Effects:
    """The effect on a score of every base at the positions `[start, stop)`, zero elsewhere, (batch, 4, position).

    As `effects` of all substitutions; where the kernels cover the whole model no list of them is made.
    """
    plan = _plan(score, inputs, 3 * len(inputs) * (stop - start) * repeats, backend, fresh=check)
    if plan is not None and plan.covers_a_score and backend != "windows" and inputs.device.type == "cpu":
        found = plan.substitutions(inputs, start, stop)
        if _finite(found) and (not check or _substitutions_agree(plan, score, inputs, (start, stop), found)):
            return found
        plan = None
    edits = substitutions(inputs.cpu(), start=start, stop=stop)
    if plan is None:
        values = effects_by_forward(score, inputs, edits)
    else:
        values = effects(score, inputs, edits, backend=backend, repeats=repeats, check=check)
    result = values.new_zeros(inputs.shape)
    result[edits.example, edits.columns.argmax(dim=1), edits.position] = values
    return result


def _plan(function: nn.Module, inputs: Sequences, edits: int, backend: Backend, *, fresh: bool) -> Planned | None:
    """The plan that is to be used; None for forward passes.

    Raises:
        InputError: the backend is unknown, or cannot be used.
    """
    if backend not in get_args(Backend):
        raise InputError(f"backend must be one of {', '.join(get_args(Backend))}, not {backend!r}")
    if backend == "forward" or (backend == "auto" and _operations(function, inputs) * edits < WORTH_A_PLAN):
        note_rule("mutagenesis", "a forward pass for every edit")
        return None
    if backend == "kernels" and inputs.device.type != "cpu":
        raise InputError(
            f"backend 'kernels' runs on the CPU, but the inputs are on {inputs.device}; pass backend='windows'"
        )
    try:
        plan = planned(function, inputs, fresh=fresh)
        if backend == "auto" and plan.saving < WORTH_FOLLOWING:
            raise Untraceable("nearly all of the model is reached by every edit")
    except Untraceable as reason:
        _refuse(backend, reason)
        return None
    return plan


def _refuse(backend: Backend, reason: Untraceable) -> None:
    """Note why forward passes are made; raise when another way was asked for."""
    if backend != "auto":
        raise InputError(f"backend {backend!r} cannot be used here: {reason}; pass backend='auto'") from reason
    note_rule("mutagenesis", f"a forward pass for every edit: {reason}")


def _operations(function: nn.Module, inputs: Sequences) -> float:
    """At most so many operations does one forward pass take: as if every weight met every position."""
    weights = sum(parameter.numel() for parameter in function.parameters() if parameter.ndim > 1)
    return 2.0 * weights * inputs.shape[2]


def _agrees(plan: Planned, function: nn.Module, inputs: Sequences, edits: Edits, found: Tensor) -> bool:
    """Whether a few edits, some of them large, have the effects that forward passes give; says so when they do not."""
    sizes = found.reshape(len(found), -1).abs().amax(dim=1)
    spread = torch.linspace(0, len(edits) - 1, CHECKED - 2).long()
    places = torch.unique(torch.cat([spread, sizes.topk(min(2, len(edits))).indices.cpu()]))
    return _same(plan, function, inputs, edits.take(places), found[places.to(found.device)], float(sizes.max()))


def _finite(found: Tensor) -> bool:
    """Whether all effects are numbers; differences of infinite activations are not, where forward passes may be."""
    return bool(np.isfinite(found.cpu().numpy()).all())  # torch would wake its threads, which takes longer


def _substitutions_agree(
    plan: Planned, score: Score, inputs: Sequences, window: tuple[int, int], found: Effects
) -> bool:
    """The same of all substitutions: of two sequences, at both ends, in between, and where the largest effect is."""
    place, length = int(found.abs().argmax()), inputs.shape[2]
    examples = torch.tensor(sorted({place // (4 * length), len(inputs) // 2}))
    third = (window[1] - window[0]) // 3
    places = {place % length, window[0], window[1] - 1, window[0] + third, min(window[0] + 2 * third, window[1] - 1)}
    edits = substitutions(inputs[examples], positions=sorted(places))
    values = found[examples[edits.example], edits.columns.argmax(dim=1), edits.position]
    return _agrees(plan, score, inputs[examples], edits, values)


def _same(plan: Planned, function: nn.Module, inputs: Sequences, edits: Edits, found: Tensor, largest: float) -> bool:
    """Compare with forward passes; warn, with the first operation that differs from the model's."""
    examples, example = torch.unique(edits.example, return_inverse=True)
    shown = inputs[examples.to(inputs.device)]
    edited = trusted(example, edits.first, edits.position, edits.columns).apply(shown)
    with torch.no_grad():
        scores = by_rows(lambda rows: outputs(function, rows.clone()), torch.cat([shown, edited]))
    before, after = scores[: len(shown)], scores[len(shown) :]
    error = (after - before[example.to(before.device)] - found).abs().max()
    if bool(error <= TOLERANCE * largest + ROUNDING * before.abs().max()):
        return True
    sentence = (
        "the effects of edits by the model's plan differ from those of forward passes, first at"
        f" {plan.first_difference(function, inputs)}; forward passes were made for all edits instead"
    )
    note_warning(sentence)
    logging.getLogger("seqinterp").warning(sentence)
    note_rule("mutagenesis", "a forward pass for every edit: its plan differed from forward passes")
    give_up(function, inputs, "its plan differed from forward passes")
    return False
