"""Effects of edits by an engine: outputs that the plan covers, or the rest of the model's code from there on."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn

from seqinterp.attribution.rows import by_rows, rows_at_once
from seqinterp.kernels.deltas import layout as at
from seqinterp.kernels.deltas.substitutions import list_substitutions, place_substitutions
from seqinterp.mutagenesis.by_forward import ROWS
from seqinterp.mutagenesis.edits import Edits, trusted
from seqinterp.mutagenesis.engine import Engine, Listed
from seqinterp.mutagenesis.plan import layout
from seqinterp.mutagenesis.resume import resume
from seqinterp.mutagenesis.trace import Live
from seqinterp.shapes import EditOutputs, Effects, Sequences

MORE = 4  # times more rows than a whole pass would take: the rest of a model is its smaller part
BUDGET = 2**26  # numbers of layers, and of results, that are held at once (a quarter of a gigabyte)


def listed(edits: Edits) -> Listed:
    """Edits, sorted by sequence, as arrays."""
    return Listed(
        edits.example.numpy(), edits.first.numpy(), edits.position.numpy(), edits.columns.float().contiguous().numpy()
    )


def exact_effects(function: nn.Module, engine: Engine, inputs: Sequences, edits: Edits, /) -> EditOutputs:
    """`function(edited) - function(inputs)[example]` for every edit, (edits, *outputs), on the CPU.

    Sequences are taken in groups whose layers fit the budget; edits are taken in order of sequence and place.
    """
    order = _order(edits)
    ordered = edits if order is None else edits.take(order)
    rows = inputs.detach().transpose(1, 2).contiguous().numpy()
    result = torch.empty(len(edits), *engine.plan.result_shape)
    group = max(1, BUDGET // max(1, engine.numbers))
    bounds = torch.searchsorted(ordered.example.contiguous(), torch.arange(0, len(inputs) + group, group))
    for start, low, high in zip(range(0, len(inputs), group), bounds[:-1].tolist(), bounds[1:].tolist(), strict=False):
        if low == high:
            continue
        references = engine.references(rows[start : start + group])
        most = max(1, BUDGET // max(1, engine.width))
        for first in range(low, high, most):
            piece = ordered.take(slice(first, min(first + most, high)))
            here = trusted(piece.example - start, piece.first, piece.position, piece.columns)
            part = _Part(function, engine, rows[start : start + group], references)
            result[first : first + len(piece)] = part.effects(here)
    if order is None:
        return result
    back = torch.empty_like(result)
    back[order] = result
    return back


def exact_substitutions(engine: Engine, inputs: Sequences, start: int, stop: int) -> Effects:
    """The effects of every base at the positions `[start, stop)` on a score, zero elsewhere, (batch, 4, position)."""
    rows = inputs.detach().transpose(1, 2).contiguous().numpy()
    result = torch.zeros(inputs.shape)
    shape = (inputs.shape[1], inputs.shape[2])
    most = 4 * (stop - start)
    group = max(1, min(BUDGET // max(1, engine.numbers), BUDGET // (most * engine.width)))
    for first in range(0, len(rows), group):
        some = rows[first : first + group]
        references, count = engine.references(some), len(some) * most
        sequence, base, position = (np.empty(count, np.int64) for _ in range(3))
        edits = at.Work(
            some, references, np.empty(count + 1, np.int64), position, np.empty((count, shape[0]), np.float32)
        )
        found = list_substitutions(edits, sequence, base, start, stop)
        listed = Listed(sequence[:found], edits.first[: found + 1], position[:found], edits.columns[:found])
        changes = engine.changes(some, references, listed)
        here = result[first : first + group].numpy().reshape(-1)
        place_substitutions(sequence[:found], base[:found], position[:found], changes, here, shape)
    return result


def _order(edits: Edits) -> Tensor | None:
    """The order by sequence, by how wide edits are, and by place; None when they are in it."""
    some = edits.counts > 0
    low, high = torch.zeros_like(edits.example), torch.zeros_like(edits.example)
    low[some], high[some] = edits.position[edits.first[:-1][some]], edits.position[edits.first[1:][some] - 1]
    if bool((high == low).all()):
        key = edits.example * (2**40) + low
    else:
        wide = torch.log2((high - low + 1).double()).ceil().long()
        key = (edits.example * 64 + wide) * (2**40) + low
    if bool((key.diff() >= 0).all()):
        return None
    return torch.argsort(key, stable=True)


@dataclass(frozen=True, eq=False)
class _Part:
    """A group of sequences (batch, position, base) with their layers."""

    function: nn.Module
    engine: Engine
    rows: np.ndarray
    references: np.ndarray

    def effects(self, edits: Edits) -> EditOutputs:
        """The effects of edits of these sequences."""
        wide = _spans(edits)
        parts = [self._of_one_width(edits.take(slice(a, b))) for a, b in wide]
        return parts[0] if len(parts) == 1 else torch.cat(parts)

    def _of_one_width(self, edits: Edits) -> EditOutputs:
        plan = self.engine.plan
        changes = self.engine.changes(self.rows, self.references, listed(edits))
        if plan.in_full:
            return self._resumed(edits, changes)
        (value,) = plan.outputs.values()
        layer = plan.layers[value.layer]
        numbers = torch.from_numpy(changes).reshape(len(changes), layer.length, -1)[:, :, : layer.channels]
        return layout(numbers, value, layer)

    def _resumed(self, edits: Edits, changes: np.ndarray) -> EditOutputs:
        """What the rest of the model makes of the changed tensors, less what it makes of the unchanged."""
        plan, everything = self.engine.plan, torch.arange(len(self.rows))
        nothing = torch.zeros(len(self.rows), self.engine.width)
        biggest = max(layer.length * layer.channels for layer in (plan.layers[v.layer] for v in plan.outputs.values()))
        rows = min(ROWS, rows_at_once(max(1, biggest // MORE)))

        def after(example: Tensor, change: Tensor) -> Tensor:
            return resume(self.function, plan.trace, self._tensors(example, change), plan.in_full)

        def in_pieces(example: Tensor, change: Tensor) -> Tensor:
            pairs = zip(example.split(rows), change.split(rows), strict=True)
            return torch.cat([by_rows(after, *pair) for pair in pairs])

        before = in_pieces(everything, nothing)
        some = torch.from_numpy(changes.any(axis=1))  # what reaches nothing has no effect, not even one of rounding
        result = before.new_zeros(len(edits), *before.shape[1:])
        example = edits.example[some]
        if len(example):
            result[some] = in_pieces(example, torch.from_numpy(changes[some.numpy()])) - before[example]
        return result

    def _tensors(self, example: Tensor, change: Tensor) -> dict[Live, Tensor]:
        """The tensors that the rest of the model reads, for some edits."""
        found, start = {}, 0
        for live, value in self.engine.plan.outputs.items():
            layer = self.engine.plan.layers[value.layer]
            width = int(self.engine.program.slots[value.layer, at.WIDTH])
            size, first = layer.length * width, int(self.engine.program.slots[value.layer, at.REFERENCE])
            before = torch.from_numpy(self.references[:, first : first + size])[example]
            numbers = (before + change[:, start : start + size]).reshape(-1, layer.length, width)
            found[live] = layout(numbers[:, :, : layer.channels], value, layer).contiguous()
            start += size
        return found


def _spans(edits: Edits) -> list[tuple[int, int]]:
    """Stretches of edits of about one width (they come sorted by it inside each sequence)."""
    if bool((edits.counts <= 1).all()):
        return [(0, len(edits))]
    some = edits.counts > 0
    wide = torch.zeros_like(edits.example)
    wide[some] = edits.position[edits.first[1:][some] - 1] - edits.position[edits.first[:-1][some]]
    classes = torch.log2((wide + 1).double()).ceil().long()
    cuts = (classes.diff() != 0).nonzero().flatten() + 1
    return list(pairwise([0, *cuts.tolist(), len(edits)]))
