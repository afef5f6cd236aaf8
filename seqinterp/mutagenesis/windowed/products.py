"""Steps with weights: convolutions as products of the rows that change, scattered to where they count; dense layers.

Nothing but rows that an edit reaches is multiplied, save where windows are rounded up to one width.
"""

from itertools import pairwise

import numpy as np
import torch
from numpy import ndarray
from torch import Tensor

from seqinterp.mutagenesis.steps import Convolution, Dense
from seqinterp.mutagenesis.windowed.chunk import Chunk, picked

SHORT = 64  # windows of fewer rows are multiplied with all taps in one product
FEW_RUNS = 48  # edits, on average, that begin in one row: then the weights of their rows are taken for them alone


def convolution(step: Convolution, chunk: Chunk) -> Tensor:
    """The spread of a window's rows, cut to the layer."""
    source, frame = step.sources[0], chunk.frames.layers[step.target]
    if step.stride > 1 and not step.transposed:
        found = _by_rows(step, chunk)
    else:
        spread = chunk.frames.spread[step.target]
        found = chunk.moved(_spread(step, chunk, chunk.changes[source]), spread, frame)
    if chunk.before is None:
        return found + chunk.table(step.bias)
    return chunk.cleared(found, frame)


def _spread(step: Convolution, chunk: Chunk, source: Tensor) -> Tensor:
    """Every row times every tap, added up where they meet."""
    (taps, inputs, channels), count, rows = step.weight.shape, len(source), source.shape[1]
    stride = step.stride if step.transposed else 1
    far, reach = (taps - 1) * step.dilation, (rows - 1) * stride + 1
    if step.groups == 1 and rows < SHORT:
        weight = chunk.table(step.weight, _together if step.transposed else _together_backwards)
        products = (source.reshape(-1, inputs) @ weight).view(count, rows, taps, channels)
        if rows == 1 and step.dilation == 1:
            return products[:, 0]
        found = source.new_zeros(count, reach + far, channels)
        if rows < taps:
            for row in range(rows):
                found[:, row * stride : row * stride + far + 1 : step.dilation] += products[:, row]
        else:
            for tap in range(taps):
                found[:, tap * step.dilation : tap * step.dilation + reach : stride] += products[:, :, tap]
        return found
    weight = chunk.table(step.weight, None if step.transposed else _backwards)
    found = source.new_zeros(count, reach + far, channels)
    for tap in range(taps):
        into = found[:, tap * step.dilation : tap * step.dilation + reach : stride]
        if step.groups == 1 and source.is_cuda:
            into.baddbmm_(source, weight[tap].expand(count, inputs, channels))
        elif inputs == 1 and step.groups == channels:
            into.addcmul_(source, weight[tap])
        else:
            into += _grouped(source, weight[tap], step.groups)
    return found


def _backwards(weight: ndarray) -> ndarray:
    """Taps in the order in which they count further and further on."""
    return weight[::-1].copy()


def _together(weight: ndarray) -> ndarray:
    """(inputs, taps channels)."""
    return weight.transpose(1, 0, 2).reshape(weight.shape[1], -1)


def _together_backwards(weight: ndarray) -> ndarray:
    """(inputs, taps channels), the last tap first."""
    return _together(weight[::-1])


def _grouped(source: Tensor, weight: Tensor, groups: int) -> Tensor:
    """Rows (edits, rows, channels) times weights (inputs of a group, channels)."""
    inputs, channels = weight.shape
    if groups == 1:
        return source @ weight
    parts = source.reshape(-1, groups, inputs).transpose(0, 1)
    found = parts @ weight.view(inputs, groups, channels // groups).transpose(0, 1)
    return found.transpose(0, 1).reshape(*source.shape[:2], channels)


def _by_rows(step: Convolution, chunk: Chunk) -> Tensor:
    """Row by row of the target, when rows are skipped: what each one reads, times the weights."""
    (taps, inputs, channels), source = step.weight.shape, step.sources[0]
    frame = chunk.frames.layers[step.target]
    tap = torch.arange(taps, device=chunk.at.device) * step.dilation - step.padding
    read = chunk.rows(frame)[:, :, None] * step.stride + tap
    rows = picked(chunk.changes[source], read - chunk.first(chunk.frames.layers[source])[:, None, None])
    weight = chunk.table(step.weight)
    if step.groups == 1:
        return rows.flatten(2) @ weight.reshape(taps * inputs, channels)
    by_group = rows.view(*rows.shape[:3], step.groups, inputs)
    weights = weight.view(taps, inputs, step.groups, channels // step.groups)
    return torch.einsum("mrtgi,tigo->mrgo", by_group, weights).flatten(2)


def dense(step: Dense, chunk: Chunk) -> Tensor:
    """The window times the weights of its rows."""
    source, frame = chunk.changes[step.sources[0]], chunk.frames.layers[step.sources[0]]
    weight = chunk.table(step.weight)
    if chunk.before is None:
        return (source.flatten(1) @ weight.flatten(0, 1) + chunk.table(step.bias))[:, None]
    runs = _runs(frame.first[chunk.low])
    if frame.width == frame.length and len(runs) == 1:
        return (source.flatten(1) @ weight.flatten(0, 1))[:, None]
    if len(runs) * FEW_RUNS > len(source):
        whole = chunk.moved(source, frame, chunk.frames.layers[step.sources[0]].in_full)
        return (whole.flatten(1) @ weight.flatten(0, 1))[:, None]
    found = source.new_empty(len(source), weight.shape[2])
    for start, stop, first in runs:
        low = min(max(first, 0), frame.length)
        high = max(low, min(first + frame.width, frame.length))  # windows may lie beside the layer
        torch.mm(
            source[start:stop, low - first : high - first].flatten(1),
            weight[low:high].flatten(0, 1),
            out=found[start:stop],
        )
    return found[:, None]


def _runs(first: ndarray) -> list[tuple[int, int, int]]:
    """Stretches [start, stop) of equal numbers, and the number."""
    bounds = [0, *(np.flatnonzero(np.diff(first)) + 1).tolist(), len(first)]
    return [(start, stop, int(first[start])) for start, stop in pairwise(bounds)]
