"""Shapes, slices, pads, flips, joins: numbers that only change their place."""

from typing import Any

import numpy as np
from numpy import ndarray

from seqinterp.mutagenesis.rules.builder import (
    CHANNEL,
    CHANNEL_POSITION,
    ONE,
    POSITION,
    POSITION_CHANNEL,
    Builder,
    NoRule,
    Rule,
    Value,
    arguments,
    axis_of,
    number,
    out_shape,
    subject,
)
from seqinterp.mutagenesis.steps import Combination, Gather, Join
from seqinterp.mutagenesis.trace import TracedCall

_PAD_MODES: dict[str, Any] = {"reflect": "reflect", "replicate": "edge", "circular": "wrap"}
_SPLIT = {CHANNEL_POSITION: (CHANNEL, POSITION), POSITION_CHANNEL: (POSITION, CHANNEL)}


def reshaped(builder: Builder, call: TracedCall) -> Value:
    """The same numbers in the same order, under another shape."""
    value = builder.value(subject(call))
    if len(call.live) != 1:
        raise NoRule
    shape, layer = out_shape(builder, call), builder.layers[value.layer]
    sizes = {CHANNEL: layer.channels, POSITION: layer.length}
    order = [part for axis in value.axes if axis != ONE for part in _SPLIT.get(axis, (axis,)) if sizes[part] > 1]
    kept = [size for size in shape if size != 1]
    if kept == [sizes[part] for part in order]:
        names = iter(order)
        axes = tuple(ONE if size == 1 else next(names) for size in shape)
    elif len(order) == 2 and kept == [layer.channels * layer.length]:
        both = CHANNEL_POSITION if order[0] == CHANNEL else POSITION_CHANNEL
        axes = tuple(ONE if size == 1 else both for size in shape)
    else:
        raise NoRule
    return Value(value.layer, shape, axes)


def permuted(builder: Builder, call: TracedCall) -> Value:
    """Axes in another order; the batch stays first."""
    value = builder.value(subject(call))
    dims = len(value.shape) + 1
    if call.word in ("mT", "adjoint") or (call.word in ("T", "t") and dims == 2):
        order = [*range(dims - 2), dims - 1, dims - 2]
    elif call.word == "permute":
        given = call.arguments[1:] or (call.keywords["dims"],)
        order = [*(given[0] if isinstance(given[0], tuple | list) else given)]
    elif call.word in ("transpose", "swapaxes", "swapdims"):
        first, second = (int(dim) for dim in (*call.arguments[1:], *call.keywords.values()))
        order = [*range(dims)]
        order[first], order[second] = order[second], order[first]
    else:
        raise NoRule
    order = [dim % dims for dim in order]
    if order[0] != 0:
        raise NoRule
    return Value(
        value.layer, tuple(value.shape[dim - 1] for dim in order[1:]), tuple(value.axes[dim - 1] for dim in order[1:])
    )


def _taken(builder: Builder, word: str, value: Value, chosen: dict[str, ndarray], constant: float = 0.0) -> int:
    """The layer of some rows and channels of a value."""
    layer = builder.layers[value.layer]
    rows = chosen.get(POSITION, np.arange(layer.length))
    channels = chosen.get(CHANNEL, np.arange(layer.channels))
    target = builder.layer(len(rows), len(channels))
    return builder.add(Gather(word, (value.layer,), target, rows, channels, constant))


def _moved(
    builder: Builder, call: TracedCall, value: Value, axis: int, places: ndarray, constant: float = 0.0
) -> Value:
    """A value with other places along one axis."""
    name = value.axes[axis]
    if name in (CHANNEL_POSITION, POSITION_CHANNEL):
        raise NoRule
    layer = builder.layers[value.layer]
    if name == ONE:  # which of the two it is does not matter when both are of size 1
        name = POSITION if layer.length == 1 else CHANNEL
        if (layer.length if name == POSITION else layer.channels) != 1:
            if list(places) == [0]:
                return value
            raise NoRule
        if POSITION not in value.axes and CHANNEL not in value.axes and layer.channels == 1:
            name = CHANNEL
    shape = tuple(len(places) if here == axis else size for here, size in enumerate(value.shape))
    axes = tuple(name if here == axis else other for here, other in enumerate(value.axes))
    return builder.named(_taken(builder, call.word, value, {name: places}, constant), shape, axes)


def sliced(builder: Builder, call: TracedCall) -> Value:
    """Plain indexing with slices and numbers."""
    value = builder.value(call.arguments[0])
    index = call.arguments[1] if isinstance(call.arguments[1], tuple) else (call.arguments[1],)
    used = sum(item is not None and item is not Ellipsis for item in index)
    if Ellipsis in index:
        here = index.index(Ellipsis)
        index = (*index[:here], *[slice(None)] * (len(value.shape) + 1 - used), *index[here + 1 :])
    if not index or index[0] != slice(None):
        raise NoRule
    axis = 0
    dropped: list[int] = []
    added: list[int] = []
    for item in index[1:]:
        if item is None:
            added.append(axis + len(added) - len(dropped))
            continue
        if isinstance(item, slice):
            places = np.arange(value.shape[axis])[item]
        elif isinstance(item, int) and not isinstance(item, bool):
            places = np.arange(value.shape[axis])[item : item + 1 or None]
            dropped.append(axis)
        else:
            raise NoRule
        if len(places) != value.shape[axis]:
            value = _moved(builder, call, value, axis, places)
        axis += 1
    left = [
        (size, name)
        for here, (size, name) in enumerate(zip(value.shape, value.axes, strict=True))
        if here not in dropped
    ]
    for place in added:
        left.insert(place, (1, ONE))
    return Value(value.layer, tuple(size for size, _ in left), tuple(name for _, name in left))


def _narrow(builder: Builder, call: TracedCall) -> Value:
    source, dim, start, length = arguments(call, "input dim start length")
    value = builder.value(source)
    axis = axis_of(value, dim)
    first = start % value.shape[axis] if start < 0 else start
    return _moved(builder, call, value, axis, np.arange(first, first + length))


def _select(builder: Builder, call: TracedCall) -> Value:
    source, dim, place = arguments(call, "input dim index")
    value = builder.value(source)
    axis = axis_of(value, dim)
    one = _moved(builder, call, value, axis, np.arange(value.shape[axis])[place : place + 1 or None])
    drop = [here for here in range(len(one.shape)) if here != axis]
    return Value(one.layer, tuple(one.shape[here] for here in drop), tuple(one.axes[here] for here in drop))


def parts(builder: Builder, call: TracedCall) -> list[Value]:
    """chunk and split: as many slices as the call gave."""
    dim = call.keywords.get("dim", call.arguments[2] if len(call.arguments) > 2 else 0)
    value = builder.value(subject(call))
    axis = axis_of(value, dim)
    sizes = [shape[axis + 1] for shape in call.shapes]
    starts = np.cumsum([0, *sizes[:-1]])
    return [
        _moved(builder, call, value, axis, np.arange(start, start + size))
        for start, size in zip(starts, sizes, strict=True)
    ]


def flipped(builder: Builder, call: TracedCall) -> Value:
    """Reversed along some axes."""
    given = call.keywords.get("dims", call.arguments[1:])
    dims = given[0] if given and isinstance(given[0], tuple | list) else given
    value = builder.value(call.arguments[0])
    for dim in dims:
        axis = axis_of(value, dim)
        value = _moved(builder, call, value, axis, np.arange(value.shape[axis])[::-1].copy())
    return value


def padded(builder: Builder, call: TracedCall) -> Value:
    """Pads of the last axes: a constant, or what torch's modes copy there."""
    source, widths, mode, constant = arguments(call, "input pad mode value", mode="constant")
    if call.word == "constant_pad_nd":
        source, widths, constant = arguments(call, "input pad value")
        mode = "constant"
    value = builder.value(source)
    fill = 0.0 if constant is None else number(constant)
    for pair in range(len(widths) // 2):
        before, after = widths[2 * pair], widths[2 * pair + 1]
        axis = len(value.shape) - 1 - pair
        if axis < 0:
            raise NoRule
        places = np.arange(value.shape[axis])[max(0, -before) : value.shape[axis] + min(0, after)]
        around = (max(0, before), max(0, after))
        if mode == "constant":
            places = np.pad(places, around, constant_values=-1)
        else:
            places = np.pad(places, around, mode=_PAD_MODES[mode])
        if before or after:
            value = _moved(builder, call, value, axis, places, fill)
    return value


def expanded(builder: Builder, call: TracedCall) -> Value:
    """Axes of size 1 copied along."""
    value, shape = builder.value(subject(call)), out_shape(builder, call)
    if len(shape) != len(value.shape):
        raise NoRule
    for axis, size in enumerate(shape):
        if value.shape[axis] != size:
            if value.axes[axis] != ONE:
                raise NoRule
            layer = builder.layers[value.layer]
            if layer.length > 1 and layer.channels > 1:
                raise NoRule
            value = _moved(builder, call, value, axis, np.zeros(size, np.int64))
    return value


def upsampled(builder: Builder, call: TracedCall) -> Value:
    """Nearest neighbours along the positions."""
    mode = call.keywords.get("mode", call.arguments[3] if len(call.arguments) > 3 else "nearest")
    value, shape = builder.value(subject(call)), out_shape(builder, call)
    if mode != "nearest" or len(shape) != 2 or shape[1] % value.shape[1]:
        raise NoRule
    places = np.floor(np.arange(shape[1]) * (value.shape[1] / shape[1])).astype(np.int64)
    return _moved(builder, call, value, 1, places.clip(0, value.shape[1] - 1))


def repeated(builder: Builder, call: TracedCall) -> Value:
    """Each position several times in a row."""
    source, repeats, dim = arguments(call, "input repeats dim")
    value = builder.value(source)
    if not isinstance(repeats, int):
        raise NoRule
    axis = axis_of(value, dim)
    return _moved(builder, call, value, axis, np.repeat(np.arange(value.shape[axis]), repeats))


def joined(builder: Builder, call: TracedCall) -> Value:
    """Values side by side along the channels or the positions."""
    tensors, dim = arguments(call, "tensors dim", dim=0)
    found = [builder.value(item) for item in tensors]
    axis = axis_of(found[0], dim)
    shape = out_shape(builder, call)
    names = {value.axes[axis] for value in found} - {ONE} or {CHANNEL}
    if names == {CHANNEL}:
        return _joined_channels(builder, call, found, axis, shape)
    if names == {POSITION}:
        return _joined_positions(builder, call, found, axis, shape)
    raise NoRule


def _joined_channels(
    builder: Builder, call: TracedCall, found: list[Value], axis: int, shape: tuple[int, ...]
) -> Value:
    layers = [builder.layers[value.layer] for value in found]
    lengths = {layer.length for layer in layers}
    if len(lengths) > 1 or any(layer.channels != value.shape[axis] for layer, value in zip(layers, found, strict=True)):
        raise NoRule
    if any(
        value.axes[:axis] + value.axes[axis + 1 :] != found[0].axes[:axis] + found[0].axes[axis + 1 :]
        for value in found
    ):
        raise NoRule
    channels = [layer.channels for layer in layers]
    target = builder.layer(lengths.pop(), sum(channels))
    starts = tuple(int(start) for start in np.cumsum([0, *channels[:-1]]))
    builder.add(Join(call.word, tuple(value.layer for value in found), target, starts))
    axes = tuple(CHANNEL if here == axis else name for here, name in enumerate(found[0].axes))
    return builder.named(target, shape, axes)


def _joined_positions(
    builder: Builder, call: TracedCall, found: list[Value], axis: int, shape: tuple[int, ...]
) -> Value:
    """Each value at its rows with zeros elsewhere, added up."""
    layers = [builder.layers[value.layer] for value in found]
    if len({layer.channels for layer in layers}) > 1:
        raise NoRule
    if any(layer.length != value.shape[axis] for layer, value in zip(layers, found, strict=True)):
        raise NoRule
    total, start, whole = shape[axis], 0, None
    for value, layer in zip(found, layers, strict=True):
        places = np.full(total, -1)
        places[start : start + layer.length] = np.arange(layer.length)
        start += layer.length
        here = _taken(builder, call.word, value, {POSITION: places})
        if whole is not None:
            both = Combination(call.word, (whole, here), builder.same(here), "add", total, (total, total))
            here = builder.add(both)
        whole = here
    if whole is None:
        raise NoRule
    axes = tuple(POSITION if here == axis else name for here, name in enumerate(found[0].axes))
    return builder.named(whole, shape, axes)


RULES: dict[str, Rule] = {
    **dict.fromkeys(
        ["reshape", "view", "flatten", "squeeze", "unsqueeze", "unflatten", "view_as", "reshape_as", "ravel"], reshaped
    ),
    **dict.fromkeys(("permute", "transpose", "swapaxes", "swapdims", "mT", "T", "t"), permuted),
    **dict.fromkeys(("chunk", "split", "split_with_sizes", "tensor_split"), parts),
    **dict.fromkeys(("cat", "concat", "concatenate"), joined),
    **dict.fromkeys(("pad", "constant_pad_nd"), padded),
    **dict.fromkeys(("expand", "expand_as", "broadcast_to"), expanded),
    **dict.fromkeys(("interpolate", "upsample"), upsampled),
    "getitem": sliced,
    "narrow": _narrow,
    "select": _select,
    "flip": flipped,
    "repeat_interleave": repeated,
}
