"""Concepts as masks: from stretches of sequences, boxes in images, and what sequences are made of."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import avg_pool1d, pad

from seqinterp.attribution.dna import require_dna
from seqinterp.errors import InputError, ShapeError
from seqinterp.sequence.alphabet import BASES
from seqinterp.shapes import Inputs, PositionMap, Sequences

GC_WINDOW, GC_SHARE, RUN = 20, 0.7, 6  # bases of a stretch, its share of G and C, and the length of a run of A


def interval_masks(intervals: Iterable[tuple[str, int, int, int]], *, batch: int, length: int) -> dict[str, Tensor]:
    """Masks `(batch, position)` of annotated stretches (concept, example, start, stop), 0-based and half-open.

    Raises:
        InputError: a stretch lies outside of its sequence or is empty.
    """
    return box_masks(((name, example, (start,), (stop,)) for name, example, start, stop in intervals), batch, (length,))


def box_masks(boxes: Iterable[tuple[str, int, Any, Any]], batch: int, places: tuple[int, ...]) -> dict[str, Tensor]:
    """Masks `(batch, *places)` of boxes (concept, example, start, stop), for images start = (row, column).

    Raises:
        InputError: a box lies outside of its example or is empty.
    """
    found: dict[str, Tensor] = {}
    for name, example, start, stop in boxes:
        fits = len(start) == len(stop) == len(places) and 0 <= example < batch
        if not fits or any(not 0 <= low < high <= n for low, high, n in zip(start, stop, places, strict=True)):
            raise InputError(
                f"a box needs an example from 0 to {batch - 1} and 0 <= start < stop <= {places}, but {name!r} came"
                f" with example {example}, start {tuple(start)}, stop {tuple(stop)}"
            )
        mask = found.setdefault(name, torch.zeros(batch, *places, dtype=torch.bool))
        inside = tuple(slice(low, high) for low, high in zip(start, stop, strict=True))
        mask[example][inside] = True
    return found


def composition_masks(inputs: Sequences) -> dict[str, Tensor]:
    """Masks `(batch, position)` of what any sequence has.

    "GC-rich": in a stretch of 20 bases of which 70 % or more are G or C. "poly-A": in a run of 6 or more A, or of T.
    "CpG": both bases of CG. Those that no sequence has are left out.

    Raises:
        ShapeError: the inputs are not one-hot DNA.
    """
    require_dna(inputs, "masks of composition")
    base = {letter: inputs[:, number].double() for number, letter in enumerate(BASES)}
    strong = base["C"] + base["G"]
    found = {
        "GC-rich": _covered(strong, GC_WINDOW, GC_SHARE),
        "poly-A": _covered(base["A"], RUN, 1.0) | _covered(base["T"], RUN, 1.0),
    }
    pairs = (base["C"][:, :-1] == 1) & (base["G"][:, 1:] == 1)
    found["CpG"] = pad(pairs, (0, 1)) | pad(pairs, (1, 0))
    return {name: mask for name, mask in found.items() if mask.any()}


def _covered(values: PositionMap, width: int, share: float) -> Tensor:
    """The positions in any window whose mean is `share` or more."""
    if width > values.shape[1]:
        return torch.zeros(values.shape, dtype=torch.bool)
    rich = avg_pool1d(values[:, None], width, 1)[:, 0] >= share - 1e-9
    return pad(rich, (width - 1, width - 1)).unfold(1, width, 1).any(dim=2)


def stacked(concepts: Mapping[str, Any], inputs: Inputs) -> Tensor:
    """Masks of concepts in one tensor, bool `(batch, concept, *places)`; arrays and 0/1 numbers will do.

    Raises:
        InputError: there is no concept, one is nowhere or everywhere, or holds other numbers than 0 and 1.
        ShapeError: masks of another shape than the inputs without their channels.
    """
    if not concepts:
        raise InputError("concepts hold no mask; give at least one, by its name")
    wanted = (len(inputs), *inputs.shape[2:])
    found = []
    for name, given in concepts.items():
        mask = as_mask(given, wanted, f"the mask of concept {name!r}")
        if not mask.any() or mask.all():
            where = "everywhere" if mask.all() else "nowhere"
            raise InputError(
                f"the concept {name!r} is {where} in these inputs, so no unit can tell where it is; leave it out, or"
                " give inputs with and without it"
            )
        found.append(mask)
    return torch.stack(found, dim=1)


def as_mask(given: Any, wanted: tuple[int, ...], what: str) -> Tensor:
    """A mask as a bool tensor on the CPU; arrays, tensors and lists of True and False, or of 1 and 0, will do.

    Raises:
        InputError: `what` (the mask, in words) holds anything else.
        ShapeError: it has another shape than `wanted`.
    """
    try:
        mask = given.detach().cpu() if isinstance(given, Tensor) else torch.from_numpy(np.array(given))
    except (TypeError, ValueError) as error:
        raise InputError(f"{what} must be an array of True and False, not {type(given).__name__}") from error
    if tuple(mask.shape) != tuple(wanted):
        raise ShapeError(
            f"{what} has shape {tuple(mask.shape)}, but {tuple(wanted)} belongs to these inputs (their places, without"
            " channels)"
        )
    if mask.dtype != torch.bool and not bool(((mask == 0) | (mask == 1)).all()):
        raise InputError(f"{what} must hold True and False, or 1 and 0, and nothing else; for bytes give mask > 0")
    return mask.bool()
