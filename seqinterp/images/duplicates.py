"""Images that stand in a set more than once, as they are or saved, brightened or scaled anew.

A network that saw the one in training is not tested by the other.
"""

import hashlib
from itertools import combinations

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from seqinterp.errors import InputError
from seqinterp.images.greys import as_grey
from seqinterp.images.image_set import ImageSet

NEAR = 0.97  # likeness from which two images are held for one; see `find_duplicates` for what that finds
SIDE = 32  # pixels: what images are made smaller to
AT_ONCE = 1024  # images that are compared with all others at a time


def find_duplicates(images: ImageSet, *, near: int | float | None = NEAR, turned: bool = False) -> pd.DataFrame:
    """Pairs of images that are the same, or almost.

    Exact are those of the same pixels. For the near ones each image is made grey and 32 x 32 pixels small, the mean of
    9 x 9 pixels around is taken from each pixel, which leaves the shapes and removes what all images of a kind share,
    and `likeness` is the correlation of what is left. Measured on 907 chest X-rays, of which no two that differ are
    more than 0.89 alike: those saved anew (JPEG of quality 30, half the size) come back at 0.999, nearly all
    brightened, noisy or turned by 1 degree at 0.97 and more, and of those cut by 2 % seven in eight; those turned by 2
    degrees, cut by 5 % or shifted by 2 % of their width do not.

    **Images of one patient are found only where they are one image**: other X-rays of one chest are no more alike than
    those of two patients. Pictures of a kind that differ in little need a higher `near`: of 1,600 retinas of 28 x 28
    pixels, nearly all of the 28 pairs from 0.99 look like one eye, and most of the 201 pairs from 0.97 do not.

    Args:
        images: the images.
        near: the likeness from which a pair is given, 0 to 1; None for exact pairs alone.
        turned: also compare with mirror images and turns by 90 degrees, eight times the work.

    Returns:
        A table with the columns first and second (names, in the order of the images), kind (exact or near) and
        likeness, the most alike first. All pairs of a set of three are there.

    Raises:
        InputError: `near` is not above 0 and at most 1.
    """
    rows, exact, likeness = duplicate_pairs(images, near=near, turned=turned)
    names = np.asarray(images.names, dtype=object)
    table = pd.DataFrame(
        {
            "first": names[rows[:, 0]],
            "second": names[rows[:, 1]],
            "kind": np.where(exact, "exact", "near"),
            "likeness": likeness,
        }
    )
    order = np.lexsort((rows[:, 1], rows[:, 0], -likeness, ~exact))
    return table.iloc[order].reset_index(drop=True)


def duplicate_pairs(
    images: ImageSet, *, near: int | float | None = NEAR, turned: bool = False
) -> tuple[NDArray[np.int64], NDArray[np.bool_], NDArray[np.float64]]:
    """The pairs of `find_duplicates` as rows (pair, 2), whether they are exact, and their likeness."""
    if near is not None and not 0 < near <= 1:
        raise InputError(f"near is a likeness above 0 and at most 1, or None for exact duplicates, but it is {near}")
    same: dict[bytes, list[int]] = {}
    for row, image in enumerate(images.inputs.numpy()):
        same.setdefault(hashlib.sha256(np.ascontiguousarray(image).tobytes()).digest(), []).append(row)
    found = {pair: 1.0 for rows in same.values() for pair in combinations(rows, 2)}
    exact = len(found)
    if near is not None:
        for first, second, likeness in _near_pairs(images.inputs, near, turned):
            found.setdefault((first, second), likeness)
    pairs = np.array(list(found), dtype=np.int64).reshape(-1, 2)
    return pairs, np.arange(len(found)) < exact, np.array(list(found.values()), dtype=np.float64)


def _near_pairs(inputs: Tensor, near: int | float, turned: bool) -> list[tuple[int, int, float]]:
    """The pairs (i, j), i below j, whose likeness is `near` or more, block by block; a flat image is like none."""
    shapes = torch.cat([_shapes(block) for block in inputs.split(AT_ONCE)])
    rows = _unit(shapes)
    turns = [_unit(turn) for turn in _turns(shapes)] if turned else [rows]
    pairs: list[tuple[int, int, float]] = []
    for start in range(0, len(rows), AT_ONCE):
        block = rows[start : start + AT_ONCE]
        likeness = torch.stack([block @ turn[start:].T for turn in turns]).amax(dim=0)
        first, second = torch.nonzero(torch.triu(likeness >= near, diagonal=1), as_tuple=True)
        values = likeness[first, second].clamp(max=1)
        pairs += zip((first + start).tolist(), (second + start).tolist(), values.tolist(), strict=True)
    return pairs


def _shapes(inputs: Tensor) -> Tensor:
    """Small grey images without the mean of their surroundings, (batch, row, column)."""
    side = min(SIDE, *inputs.shape[2:])
    small = functional.interpolate(as_grey(inputs), size=(side, side), mode="bilinear", antialias=True)
    reach = side // 8
    padded = functional.pad(small, (reach,) * 4, mode="replicate")
    return (small - functional.avg_pool2d(padded, 2 * reach + 1, stride=1)).squeeze(1)


def _unit(shapes: Tensor) -> Tensor:
    """Each as a row of mean 0 and length 1, so that products are correlations; zeros for a flat one."""
    centred = shapes.flatten(1) - shapes.flatten(1).mean(dim=1, keepdim=True)
    length = centred.norm(dim=1, keepdim=True)
    return torch.where(length > 1e-4, centred / length.clamp(min=1e-4), 0.0)


def _turns(shapes: Tensor) -> list[Tensor]:
    """The eight ways to lay down a square."""
    return [torch.rot90(laid, turns, (1, 2)) for laid in (shapes, shapes.flip(2)) for turns in range(4)]
