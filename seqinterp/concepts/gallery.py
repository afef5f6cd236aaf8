"""What excites the units of a network most, and what in it does (Zeiler & Fergus 2014, arXiv:1311.2901, figure 2)."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import torch
from torch import Tensor

from seqinterp.attribution.deconvnet import projection
from seqinterp.attribution.gradient import differentiable
from seqinterp.attribution.layers import captured, spatial_layers
from seqinterp.attribution.protocol import Score
from seqinterp.attribution.rows import rows_at_once
from seqinterp.attribution.rules.opaque import eager
from seqinterp.attribution.rules.rectified import RectifierRule
from seqinterp.errors import InputError
from seqinterp.shapes import Inputs

Units = int | Sequence[int]


@dataclass(frozen=True, eq=False)
class LayerGallery:
    """The strongest examples of some units of one layer.

    units: `(unit,)`, their numbers. examples: `(unit, rank)`, by falling activation, of equal ones the first.
    activations: `(unit, rank)`.
    boxes: `(unit, rank, 4)`, what of the example can change this activation: start and stop of rows, of columns.
    patches, projections: `(unit, rank, channel, row, column)`, the inputs in these boxes, and what the activation is
        projected to; NaN beyond a box that the border cuts off.
    """

    units: Tensor
    examples: Tensor
    activations: Tensor
    boxes: Tensor
    patches: Tensor
    projections: Tensor


def chosen_layers(score: Score, inputs: Inputs, layers: Sequence[str] | None) -> list[str]:
    """The layers asked for; None takes the last one of each resolution that the score depends on.

    Raises:
        InputError: no layer is named, or there is none that has places.
    """
    if layers is None:
        return list({places: name for name, places in spatial_layers(score, inputs).items()}.values())
    if isinstance(layers, str) or not layers:
        raise InputError(f"layers must be a list of the names of submodules, such as ['features.3'], not {layers!r}")
    return list(dict.fromkeys(layers))


def layer_galleries(
    score: Score, inputs: Inputs, layers: Sequence[str], *, units: Units, examples: int, rule: RectifierRule
) -> dict[str, LayerGallery]:
    """The gallery of each layer; the model is borrowed by the caller, and inputs are where it is.

    Raises:
        InputError: there is no such layer or unit, or a layer is run more than once.
    """
    top: dict[str, list[tuple[Tensor, Tensor]]] = {layer: [] for layer in layers}
    shapes: dict[str, tuple[int, ...]] = {}
    for rows in inputs.split(rows_at_once(inputs[:1].numel())):
        for layer, output in outputs_of(score, rows, layers).items():
            shapes[layer] = tuple(output.shape[2:])
            largest = output.reshape(*output.shape[:2], -1).max(dim=2)
            top[layer].append((largest.values, largest.indices))
    tables = reached(score, inputs[:1], layers)
    made = {}
    for layer in layers:
        values, places = (torch.cat(parts) for parts in zip(*top[layer], strict=True))
        chosen = _chosen_units(layer, values, units)
        order = values[:, chosen].sort(dim=0, descending=True, stable=True)
        best = order.indices[:examples].T
        shown = [_projected(score, inputs[row], layer, unit, rule) for row, unit in zip(best, chosen, strict=True)]
        at = places[best, torch.tensor(chosen, device=best.device)[:, None]]
        boxes = _boxes(at, shapes[layer], tables[layer], torch.stack(shown))
        patches, projections = cut_out(inputs[best], boxes), cut_out(torch.stack(shown), boxes)
        made[layer] = LayerGallery(
            torch.tensor(chosen), best.cpu(), order.values[:examples].T.cpu(), boxes, patches.cpu(), projections.cpu()
        )
    return made


def outputs_of(score: Score, rows: Inputs, layers: Sequence[str]) -> dict[str, Tensor]:
    """What layers give for these rows, `(batch, unit, *places)`, by one run of the model."""
    with eager(), ExitStack() as stack, differentiable(rows) as leaf:
        seen = {layer: stack.enter_context(captured(score, layer)) for layer in layers}
        score(leaf.clone())
        return {layer: each.output(len(rows)).detach() for layer, each in seen.items()}


def reached(score: Score, example: Inputs, layers: Sequence[str]) -> dict[str, list[Tensor]]:
    """Which rows, and which columns, of an input can change which rows and columns of a layer's places.

    One row (column) of the input at a time becomes NaN, which operations pass on to all that they reach, also where a
    rectifier is shut or a weight is zero. Gives for each layer one table per axis, `(size, places)`; of a layer whose
    places are no rows and columns, such as a dense one, `(size, 1)`.
    """
    # Not `UnitMaps.axes`, which measures another thing: that asks where the middle of a field is and how far apart
    # fields lie, fits a line through what moved in several examples, and may miss an end; a box must miss nothing that
    # could move. NaN would not do there, because `where` and comparisons swallow it and other tools must run on it.
    axes = range(2, example.ndim)
    tables: dict[str, list[Tensor]] = {layer: [] for layer in layers}
    for axis in axes:
        touched: dict[str, list[Tensor]] = {layer: [] for layer in layers}
        for struck in _struck(example, axis):
            for layer, output in outputs_of(score, struck, layers).items():
                lost = output.isnan().any(dim=1)
                others = [other - 1 for other in axes if other != axis]
                own = (
                    lost.any(dim=others) if lost.ndim == len(axes) + 1 else lost.reshape(len(lost), -1).any(1)[:, None]
                )
                touched[layer].append(own.cpu())
        for layer, parts in touched.items():
            tables[layer].append(torch.cat(parts))
    return tables


def _struck(example: Inputs, axis: int) -> Iterator[Inputs]:
    """Copies of an example, in each of which one row, or column, is NaN; a few at a time."""
    for numbers in torch.arange(example.shape[axis]).split(rows_at_once(example.numel())):
        rows = example.repeat(len(numbers), *[1] * (example.ndim - 1))
        for row, number in zip(rows, numbers.tolist(), strict=True):
            row.select(axis - 1, number).fill_(torch.nan)
        yield rows


def _chosen_units(layer: str, values: Tensor, units: Units) -> list[int]:
    """The units asked for; a number takes those of the strongest activations."""
    count = values.shape[1]
    if isinstance(units, int):
        return values.amax(dim=0).sort(descending=True, stable=True).indices[:units].tolist()
    for unit in units:
        if not 0 <= unit < count:
            raise InputError(f"unit {unit} was asked for, but layer {layer!r} has units 0 to {count - 1}")
    return list(units)


def _projected(score: Score, rows: Inputs, layer: str, unit: int, rule: RectifierRule) -> Tensor:
    return projection(score, rows, layer=layer, unit=unit, rule=rule)


def _boxes(at: Tensor, shape: tuple[int, ...], tables: list[Tensor], shown: Tensor) -> Tensor:
    """The box of each activation, `(unit, rank, 4)`.

    What a projection holds beyond what NaN reached, as through `torch.where`, belongs to the box, too.
    """
    boxes = torch.zeros(*at.shape, 2 * len(tables), dtype=torch.int64)
    for unit, rank in torch.cartesian_prod(*(torch.arange(size) for size in at.shape)).tolist():
        own = shape if len(shape) == len(tables) else (1,) * len(tables)
        place = torch.unravel_index(at[unit, rank].cpu() if own == shape else torch.tensor(0), own)
        for number, (table, index) in enumerate(zip(tables, place, strict=True)):
            others = [axis for axis in range(1 + len(tables)) if axis != 1 + number]
            support = (shown[unit, rank] != 0).any(dim=others).cpu()
            inside = (table[:, int(index)] | support).nonzero()
            start, stop = (int(inside[0]), int(inside[-1]) + 1) if len(inside) else (0, len(table))
            boxes[unit, rank, 2 * number : 2 * number + 2] = torch.tensor([start, stop])
    return boxes


def cut_out(images: Tensor, boxes: Tensor) -> Tensor:
    """What lies in the boxes, on canvases of one size: a box that the border cuts off leaves NaN beyond that border.

    `(unit, rank, channel, row, column)` -> the same with as many rows and columns as the largest box has.
    """
    sizes = boxes[..., 1::2] - boxes[..., ::2]
    tall, wide = sizes.amax(dim=(0, 1)).tolist()
    canvas = images.new_full((*images.shape[:3], tall, wide), torch.nan)
    for unit, rank in torch.cartesian_prod(*(torch.arange(size) for size in boxes.shape[:2])).tolist():
        top, bottom, left, right = boxes[unit, rank].tolist()
        down = tall - (bottom - top) if top == 0 else 0
        across = wide - (right - left) if left == 0 else 0
        piece = images[unit, rank, :, top:bottom, left:right]
        canvas[unit, rank, :, down : down + bottom - top, across : across + right - left] = piece
    return canvas


def first_tensor(outputs: object) -> Tensor:
    """All that the model gives for an example, summed, `(batch,)`: galleries ask about layers, not about outputs.

    Raises:
        InputError: it gives no tensor.
    """
    found = outputs
    while isinstance(found, tuple | list | Mapping) and len(found):
        found = next(iter(found.values() if isinstance(found, Mapping) else found))
    if not isinstance(found, Tensor):
        raise InputError(
            f"the model must give a tensor, or several of which the first is one, not {type(outputs).__name__}"
        )
    return found.reshape(len(found), -1).sum(dim=1)
