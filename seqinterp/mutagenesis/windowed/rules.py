"""What every step does to a chunk of edits."""

from functools import singledispatch

import numpy as np
import torch
from numpy import ndarray
from torch import Tensor

from seqinterp.mutagenesis.steps import (
    Combination,
    Convolution,
    Curve,
    Dense,
    Gather,
    Join,
    Normalised,
    Pool,
    Scale,
    Step,
)
from seqinterp.mutagenesis.windowed import products, reductions
from seqinterp.mutagenesis.windowed.chunk import Chunk, picked
from seqinterp.mutagenesis.windowed.curves import evaluate
from seqinterp.mutagenesis.windowed.frames import shifted_by


@singledispatch
def apply(step: Step, chunk: Chunk) -> Tensor:
    """The differences (edits, rows, channels) of the step's target; its numbers while layers are computed."""
    raise TypeError(f"no rule for {type(step).__name__}")


def read_beside(step: Step) -> tuple[int, ...]:
    """The layers of unedited sequences that the step reads beside differences."""
    match step:
        case Curve() | Normalised():
            return step.sources
        case Combination():
            return () if step.how == "add" else step.sources
        case Pool():
            return (*step.sources, step.target) if step.largest else ()
    return ()


apply.register(Convolution, products.convolution)
apply.register(Dense, products.dense)
apply.register(Pool, reductions.pool)
apply.register(Normalised, reductions.normalised)


@apply.register
def _curve(step: Curve, chunk: Chunk) -> Tensor:
    """f(z + d) - f(z); of relu max(d, -z) - max(0, -z), which is d itself where both are positive."""
    changes, source = chunk.changes[step.sources[0]], step.sources[0]
    if chunk.before is None:
        return evaluate(step, changes)
    frame = chunk.frames.layers[source]
    if step.curve == "relu":
        negative = chunk.of_sequences(chunk.before.get(source, "negative", torch.neg), frame)
        return torch.maximum(changes, negative).sub_(negative.relu())
    before = chunk.reference(source, frame)
    return evaluate(step, before + changes) - evaluate(step, before)


@apply.register
def _scale(step: Scale, chunk: Chunk) -> Tensor:
    """A scale of every channel, or of every row and channel; shifts leave differences."""
    changes, scale = chunk.changes[step.sources[0]], chunk.table(step.scale)
    if chunk.before is None:
        return changes * scale + chunk.table(step.shift)
    return changes * chunk.of_sequences(scale[None], chunk.frames.layers[step.target])


@apply.register
def _combination(step: Combination, chunk: Chunk) -> Tensor:
    """Sum, product or extreme of two layers."""
    frame = chunk.frames.layers[step.target]
    left, right = (
        chunk.changes[source] if length != step.rows else chunk.change(source, frame)
        for source, length in zip(step.sources, step.lengths, strict=True)
    )
    if step.how == "add":
        return _weighted(left, step.first) + _weighted(right, step.second)
    extreme = torch.maximum if step.first > 0 else torch.minimum
    if chunk.before is None:
        return left * right if step.how == "multiply" else extreme(left, right)
    z, w = (chunk.reference(source, frame) for source in step.sources)
    if step.how == "multiply":
        return left * (w + right) + z * right
    return extreme(z + left, w + right) - extreme(z, w)


def _weighted(changes: Tensor, weight: float) -> Tensor:
    return changes if weight == 1 else changes * weight


@apply.register
def _gather(step: Gather, chunk: Chunk) -> Tensor:
    """Rows and channels from other places; a constant has no difference."""
    source, target = chunk.frames.layers[step.sources[0]], chunk.frames.layers[step.target]
    changes, shift = chunk.changes[step.sources[0]], shifted_by(step, source.length)
    if shift is not None and source.width == target.width and (target.first - shift == source.first)[chunk.low].all():
        found = changes
    else:
        rows = chunk.rows(target)
        real = (rows >= 0) & (rows < target.length)
        places = chunk.tables.tensor(step.rows)[rows.clamp(0, target.length - 1)]
        index = torch.where(real & (places >= 0), places - chunk.first(source)[:, None], -1)
        found = picked(changes, index)
    found = _channels(step, chunk, found)
    if chunk.before is None and step.constant:
        real = chunk.table(step.rows, _real)[:, None] * chunk.table(step.channels, _real)
        return found + step.constant * (1 - real)
    return chunk.cleared(found, target)


def _channels(step: Gather, chunk: Chunk, rows: Tensor) -> Tensor:
    """Channels from other places."""
    channels = step.channels
    if np.array_equal(channels, np.arange(rows.shape[2])):
        return rows
    found = rows.index_select(2, chunk.tables.tensor(channels).clamp(min=0))
    return found * chunk.table(channels, _real) if (channels < 0).any() else found


def _real(places: ndarray) -> ndarray:
    """1 for a place that there is, 0 for a constant."""
    return (places >= 0).astype(float)


@apply.register
def _join(step: Join, chunk: Chunk) -> Tensor:
    """Channels side by side."""
    frame = chunk.frames.layers[step.target]
    return torch.cat([chunk.change(source, frame) for source in step.sources], dim=2)
