"""Maxima and means of bins of rows, and statistics of the channels of a row."""

import torch
from torch import Tensor
from torch.nn import functional

from seqinterp.mutagenesis.steps import Normalised, Pool
from seqinterp.mutagenesis.windowed.chunk import Chunk, picked

MANY = 4  # times as many rows in bins as in the window: then a matrix says which row is in which bin


def pool(step: Pool, chunk: Chunk) -> Tensor:
    """The largest of each bin, or its sum times a share."""
    frame = chunk.frames.layers[step.sources[0]]
    if len(step.bins) == 1 and tuple(step.bins[0]) == (0, frame.length):
        return _peak(step, chunk) if step.largest else _total(step, chunk)
    return _largest(step, chunk) if step.largest else _mean(step, chunk)


def _total(step: Pool, chunk: Chunk) -> Tensor:
    """One bin of all rows."""
    return chunk.changes[step.sources[0]].sum(dim=1, keepdim=True) * float(step.shares[0])


def _peak(step: Pool, chunk: Chunk) -> Tensor:
    """The largest of all rows: of the window, and of what lies before and behind it."""
    source, changes = step.sources[0], chunk.changes[step.sources[0]]
    if chunk.before is None:
        return changes.amax(dim=1, keepdim=True)
    frame = chunk.frames.layers[source]
    after = changes + chunk.reference(source, frame)
    if frame.overhangs(chunk.low):
        rows = chunk.rows(frame)
        after = after.masked_fill_(((rows < 0) | (rows >= frame.length))[..., None], -torch.inf)
    largest = after.amax(dim=1)
    if not frame.whole:
        first = chunk.first(frame)
        ahead = chunk.before.get(source, "up to", _largest_before)
        behind = chunk.before.get(source, "from", _largest_behind)
        largest = torch.maximum(largest, ahead[chunk.example, first.clamp(0, frame.length)])
        largest = torch.maximum(largest, behind[chunk.example, (first + frame.width).clamp(0, frame.length)])
    return largest[:, None] - chunk.reference(step.target, chunk.frames.layers[step.target])


def _largest_before(layer: Tensor) -> Tensor:
    """The largest of the rows before each row, and before the end."""
    return functional.pad(layer.cummax(dim=1).values, (0, 0, 1, 0), value=-torch.inf)


def _largest_behind(layer: Tensor) -> Tensor:
    """The largest of the rows from each row on; nothing from the end on."""
    return functional.pad(layer.flip(1).cummax(dim=1).values.flip(1), (0, 0, 0, 1), value=-torch.inf)


def _binned(step: Pool, chunk: Chunk) -> tuple[Tensor, Tensor]:
    """The rows in the bin of each row of the target, (edits, rows, places), and which of them there are."""
    frame = chunk.frames.layers[step.target]
    rows = chunk.rows(frame)
    if frame.overhangs(chunk.low):
        rows = rows.clamp_(0, frame.length - 1)
    bins = chunk.tables.tensor(step.bins)[rows]
    widest = int((step.bins[:, 1] - step.bins[:, 0]).max())
    members = bins[..., :1] + torch.arange(widest, device=rows.device)
    return members, members < bins[..., 1:]


def _largest(step: Pool, chunk: Chunk) -> Tensor:
    """The largest of each bin, less what it was."""
    source, frame = step.sources[0], chunk.frames.layers[step.sources[0]]
    members, real = _binned(step, chunk)
    found = picked(chunk.changes[source], members - chunk.first(frame)[:, None, None])
    if chunk.before is not None:
        layer = chunk.before.get(source)
        count, length, channels = layer.shape
        place = members.clamp(0, length - 1) + chunk.example[:, None, None] * length
        found += layer.reshape(count * length, channels).index_select(0, place.flatten()).view(found.shape)
    regular = bool((step.bins[:, 1] - step.bins[:, 0] == step.bins[0, 1] - step.bins[0, 0]).all())
    if not regular:
        found.masked_fill_(~real[..., None], -torch.inf)
    largest = found.amax(dim=2)
    if chunk.before is None:
        return largest
    target = chunk.frames.layers[step.target]
    return chunk.cleared(largest - chunk.reference(step.target, target), target)


def _mean(step: Pool, chunk: Chunk) -> Tensor:
    """The sum of each bin, times its share."""
    frame, target = chunk.frames.layers[step.sources[0]], chunk.frames.layers[step.target]
    changes, bins = chunk.changes[step.sources[0]], chunk.tables.tensor(step.bins)
    rows = chunk.rows(target).clamp_(0, target.length - 1)
    if int((step.bins[:, 1] - step.bins[:, 0]).max()) * target.width > MANY * frame.width:
        held, of = bins[rows], chunk.rows(frame)[:, None]
        inside = (of >= held[..., :1]) & (of < held[..., 1:])
        sums = inside.to(changes.dtype) @ changes
    else:
        members, real = _binned(step, chunk)
        index = torch.where(real, members - chunk.first(frame)[:, None, None], -1)
        sums = picked(changes, index).sum(dim=2)
    return chunk.cleared(sums * chunk.table(step.shares)[rows][..., None], target)


def normalised(step: Normalised, chunk: Chunk) -> Tensor:
    """The statistics after less those before, channel by channel."""
    changes, scale = chunk.changes[step.sources[0]], chunk.table(step.scale)
    if chunk.before is None:
        return _of_channels(step, changes) * scale + chunk.table(step.shift)
    before = chunk.reference(step.sources[0], chunk.frames.layers[step.sources[0]])
    return (_of_channels(step, before + changes) - _of_channels(step, before)) * scale


def _of_channels(step: Normalised, rows: Tensor) -> Tensor:
    """Layer normalisation or softmax of the channels of every row."""
    if step.how == "layer":
        return functional.layer_norm(rows, rows.shape[-1:], eps=step.epsilon)
    return torch.softmax(rows, dim=-1) if step.how == "softmax" else torch.log_softmax(rows, dim=-1)
