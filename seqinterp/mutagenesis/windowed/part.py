"""A group of sequences: their layers, computed once, and the effects of chunks of edits of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn

from seqinterp.attribution.rows import by_rows, row_limit, rows_at_once
from seqinterp.mutagenesis.edits import Edits
from seqinterp.mutagenesis.plan import Plan, layout
from seqinterp.mutagenesis.resume import resume
from seqinterp.mutagenesis.steps import Convolution, Layer, Step
from seqinterp.mutagenesis.trace import Live
from seqinterp.mutagenesis.windowed.chunk import Chunk, Sequencewise, Tables
from seqinterp.mutagenesis.windowed.frames import Frames, frames_of, whole_frames
from seqinterp.mutagenesis.windowed.rules import apply, read_beside
from seqinterp.shapes import EditOutputs, Outputs, Sequences

# numbers that the differences of edits hold at once: what the cache of a CPU holds; elsewhere what fills the device
AT_ONCE = {"cpu": 2**21}
AT_ONCE_ELSEWHERE = 2**28
MOST_EDITS = 2**14


@dataclass(eq=False)
class Windows:
    """A plan with its constants on a device, and its frames by the span of edits."""

    plan: Plan
    tables: Tables
    frames: dict[int, Frames]
    last_use: dict[int, int] = field(init=False)
    read: frozenset[int] = field(init=False)  # layers of unedited sequences that are read beside differences

    def __post_init__(self) -> None:
        self.read = frozenset({0, *(layer for step in self.plan.steps for layer in read_beside(step))})
        self.read |= {value.layer for value in self.plan.outputs.values() if self.plan.in_full}
        self.last_use = {source: place for place, step in enumerate(self.plan.steps) for source in step.sources}
        self.last_use |= {value.layer: len(self.plan.steps) for value in self.plan.outputs.values()}

    def layer_of(self, live: Live) -> Layer:
        """The layer of an output."""
        return self.plan.layers[self.plan.outputs[live].layer]

    def shown_at_once(self) -> int:
        """How many rows the rest of the model is shown."""
        return rows_at_once(max(layer.length * layer.channels for layer in map(self.layer_of, self.plan.outputs)))

    def of_span(self, span: int) -> Frames:
        """Frames for edits of up to `span` positions."""
        if span not in self.frames:
            self.frames[span] = frames_of(self.plan, span)
        return self.frames[span]

    def most_edits(self, frames: Frames, device: torch.device) -> int:
        """How many edits the memory holds at once: their layers that are still to be read, and what a step makes."""
        size = {layer: frame.width * self.plan.layers[layer].channels for layer, frame in frames.layers.items()}
        held, most = {0}, 1
        for place, step in enumerate(self.plan.steps):
            held.add(step.target)
            total = sum(size[layer] for layer in held) + 3 * self._made(step, frames)
            most = max(most, total)
            held = {layer for layer in held if self.last_use.get(layer, -1) > place}
        budget = AT_ONCE.get(device.type, AT_ONCE_ELSEWHERE)
        return max(1, min(MOST_EDITS, budget // most))

    def _made(self, step: Step, frames: Frames) -> int:
        rows = frames.spread[step.target].width if isinstance(step, Convolution) else frames.layers[step.target].width
        return rows * self.plan.layers[step.target].channels


class Part:
    """Sequences (batch, 4, position) with their layers; the rest of the model, if any, is shown `rows` at once."""

    def __init__(self, function: nn.Module, windows: Windows, inputs: Sequences, dtype: torch.dtype, rows: int) -> None:
        self.function, self.windows, self.inputs, self.dtype, self.rows = function, windows, inputs, dtype, rows
        self.plan = windows.plan
        self.before = Sequencewise(self._layers())
        self.unedited: Tensor | None = None

    def _layers(self) -> dict[int, Tensor]:
        """Every layer, by the steps that carry differences; in double precision where the device has it."""
        device = self.inputs.device
        exact = torch.float32 if device.type == "mps" else torch.float64
        frames, example = whole_frames(self.plan), torch.arange(len(self.inputs), device=device)
        chunk = Chunk(
            frames, self.windows.tables, exact, np.zeros(1, np.int64), torch.zeros_like(example), example, None
        )
        chunk.changes[0] = self.inputs.transpose(1, 2).to(exact)
        found = {0: chunk.changes[0].to(self.dtype).contiguous()}
        for place, step in enumerate(self.plan.steps):
            chunk.changes[step.target] = apply(step, chunk)
            if step.target in self.windows.read:
                found[step.target] = chunk.changes[step.target].to(self.dtype).contiguous()
            self._forget(chunk, step, place)
        return found

    def _forget(self, chunk: Chunk, step: Step, place: int) -> None:
        """Layers that no later step reads."""
        for layer in {*step.sources, step.target}:
            if self.windows.last_use.get(layer, -1) <= place:
                chunk.changes.pop(layer, None)

    def effects(self, edits: Edits, span: int) -> EditOutputs:
        """The effects of edits of up to `span` positions, as many at once as the memory holds."""
        frames = self.windows.of_span(span)

        def some(index: Tensor) -> Tensor:
            return self._effects(edits.take(slice(int(index[0]), int(index[-1]) + 1)), frames)

        with row_limit(self.windows.most_edits(frames, self.inputs.device)):
            return by_rows(some, torch.arange(len(edits)))

    def _effects(self, edits: Edits, frames: Frames) -> EditOutputs:
        """The effects of a chunk."""
        low, device = edits.position[edits.first[:-1]], self.inputs.device
        example = edits.example.to(device)
        chunk = Chunk(frames, self.windows.tables, self.dtype, low.numpy(), low.to(device), example, self.before)
        chunk.changes[0] = self._differences(edits, chunk)
        for place, step in enumerate(self.plan.steps):
            chunk.changes[step.target] = apply(step, chunk)
            self._forget(chunk, step, place)
        changes = {
            live: chunk.change(value.layer, frames.layers[value.layer].in_full)
            for live, value in self.plan.outputs.items()
        }
        if self.plan.in_full:
            return self._resumed(changes, example)
        ((live, numbers),) = changes.items()
        return layout(numbers, self.plan.outputs[live], self.windows.layer_of(live))

    def _differences(self, edits: Edits, chunk: Chunk) -> Tensor:
        """What the edits change in the inputs, (edits, span, 4)."""
        device, frame = self.inputs.device, chunk.frames.layers[0]
        owner, position = edits.owner.to(device), edits.position.to(device)
        before = self.before.get(0)
        found = before.new_zeros(len(edits), frame.width, before.shape[2])
        columns = edits.columns.to(device, self.dtype)
        found[owner, position - chunk.first(frame)[owner]] = columns - before[chunk.example[owner], position]
        return found

    def _resumed(self, changes: Mapping[Live, Tensor], example: Tensor) -> EditOutputs:
        """What the rest of the model makes of the changed tensors, less what it makes of the unchanged."""
        lives = list(changes)

        def after(example: Tensor, *numbers: Tensor) -> Outputs:
            given = {
                live: self._tensor(live, self.before.get(self.plan.outputs[live].layer)[example] + change)
                for live, change in zip(lives, numbers, strict=True)
            }
            return resume(self.function, self.plan.trace, given, self.plan.in_full).to(self.dtype)

        with row_limit(self.rows):
            if self.unedited is None:
                every = torch.arange(len(self.inputs), device=example.device)
                nothing = [
                    change.new_zeros(1, *change.shape[1:]).expand(len(every), -1, -1) for change in changes.values()
                ]
                self.unedited = by_rows(after, every, *nothing)
            return by_rows(after, example, *changes.values()) - self.unedited[example]

    def _tensor(self, live: Live, numbers: Tensor) -> Tensor:
        """A tensor of the model from the numbers of its layer, in the precision that the model runs in."""
        return layout(numbers, self.plan.outputs[live], self.windows.layer_of(live)).to(self.inputs.dtype).contiguous()
