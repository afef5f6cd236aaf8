"""How well frames fit templates: the best cosine over shifts and both strands."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from numpy.lib.stride_tricks import sliding_window_view
from threadpoolctl import threadpool_limits

from seqinterp.kernels.best_alignments import keep_best
from seqinterp.motifs.frames import COLUMNS, SHIFT, SHIFTS, Frames
from seqinterp.shapes import Blocks, Flags, Listing, Matrix, Places, Templates

AT_ONCE = 2**18  # products that a thread holds at once: they stay in its cache
EDGE = 0.2  # of a template's largest column; columns at its ends that are smaller are not compared


@dataclass(frozen=True, eq=False)
class Fits:
    """The best alignments, all (frames, templates): the cosine, the shift, and whether on the reverse strand.

    dot: the product with the unit template there; its square is what the template explains of the frame.
    """

    cosine: Matrix
    dot: Matrix
    shift: Places
    reverse: np.ndarray

    def of(self, template: int, index: Listing) -> tuple[Listing, Listing, Flags]:
        """The alignment of some frames with one template, as `Frames.aligned` takes it."""
        return index, self.shift[index, template], self.reverse[index, template]


def compared(means: Templates) -> tuple[Templates, Matrix]:
    """Unit templates, zero beyond their ends, and which of their columns are compared, (templates, COLUMNS)."""
    sizes = np.abs(means).sum(axis=2)
    large = sizes >= EDGE * sizes.max(axis=1, keepdims=True)
    begun = np.maximum.accumulate(large, axis=1)
    ended = np.maximum.accumulate(large[:, ::-1], axis=1)[:, ::-1]
    covered = (begun & ended).astype(np.float32)
    kept = means * covered[:, :, None]
    norms = np.sqrt((kept**2).sum(axis=(1, 2), keepdims=True))
    return (kept / np.maximum(norms, 1e-20)).astype(np.float32), covered


def best_fits(frames: Frames, templates: Templates, covered: Matrix) -> Fits:
    """The best alignment of every frame with every template.

    The cosine of the angle between a template and the part of the frame that lies under its covered columns.
    """
    turned = np.concatenate([templates, templates[:, ::-1, ::-1]]).reshape(2 * len(templates), -1)
    masks = np.concatenate([covered, covered[:, ::-1]])
    best = np.empty((len(frames), len(templates)), np.float32)
    dots, where = np.empty_like(best), np.empty(best.shape, np.int64)
    many = max(1, AT_ONCE // (SHIFTS * 2 * len(templates)))

    def fit_part(first: int) -> None:
        here = slice(first, first + many)
        part = frames.values[here]
        windows = sliding_window_view(part, COLUMNS, axis=1).transpose(0, 1, 3, 2).reshape(-1, COLUMNS * 4)
        squares = sliding_window_view((part**2).sum(axis=2), COLUMNS, axis=1).reshape(-1, COLUMNS)
        keep_best(windows @ turned.T, squares @ masks.T, best[here], dots[here], where[here])

    parts = range(0, len(frames), many)
    if len(parts) == 1:
        fit_part(0)
    else:
        with ThreadPoolExecutor(torch.get_num_threads()) as pool:
            list(pool.map(fit_part, parts))
    cosine: Matrix = np.sign(best) * np.sqrt(np.abs(best))
    return Fits(cosine, dots, where % SHIFTS, where >= SHIFTS)


@contextmanager
def one_thread_each() -> Iterator[None]:
    """Products of matrices take one thread each meanwhile: frames are shared out among threads already."""
    with threadpool_limits(1, user_api="blas"):
        yield


def centred(means: Templates) -> Templates:
    """Templates moved so that their weight lies in the middle."""
    weights = np.abs(means).sum(axis=2) ** 2
    centres = (weights * np.arange(COLUMNS)).sum(axis=1) / np.maximum(weights.sum(axis=1), 1e-20)
    moves = np.clip(np.rint(centres - COLUMNS // 2), -SHIFT, SHIFT).astype(np.int64)
    columns = moves[:, None] + np.arange(COLUMNS)
    inside = (columns >= 0) & (columns < COLUMNS)
    moved: Blocks = np.take_along_axis(means, columns.clip(0, COLUMNS - 1)[:, :, None], axis=1)
    result: Templates = moved * inside[:, :, None]
    return result
