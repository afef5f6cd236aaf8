"""Does a stage of training see what the test part is about? By names, by groups, and by the pixels themselves."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from torch.nn import functional

from seqinterp.errors import LeakageError
from seqinterp.images.duplicates import duplicate_pairs
from seqinterp.images.fine_tune import Stage
from seqinterp.images.image_set import ImageSet
from seqinterp.images.split import refuse_overlap
from seqinterp.images.variants import origins_of


def refuse_stage_leakage(images: ImageSet, stages: Sequence[Stage], *, near: int | float | None) -> None:
    """No stage trains on, or stops by, what the test part of `images` holds.

    Images of another size are scaled to that of the test images before they are compared.

    Raises:
        LeakageError: a stage has related images on two sides of its own split, or an image of the test part: by name,
            parent or group, of the same pixels, or a near duplicate (`near`, None for equal pixels alone).
    """
    test = images.part("test")
    kept = _marks(test)
    for number, stage in enumerate(stages, start=1):
        if stage.images is None:
            continue
        refuse_overlap(stage.images, near=near)
        rows = [place for place, part in enumerate(stage.images.split or ()) if part != "test"]
        if not rows:
            continue
        learned = stage.images.take(rows)
        if shared := sorted(kept & _marks(learned)):
            raise LeakageError(
                f"stage {number} would be trained on {shared[0][1]!r}, which the test part of the images holds, too;"
                " crop or change the images after they are split"
            )
        _refuse_pixels(number, test, learned, near)


def _marks(images: ImageSet) -> set[tuple[str, str]]:
    """What a set of images is about: names of images that are there or were cut from, and of groups."""
    names = {("image", name) for name in (*images.names, *origins_of(images))}
    return names | {("group", group) for group in images.groups or ()}


def _refuse_pixels(number: int, test: ImageSet, learned: ImageSet, near: int | float | None) -> None:
    """LeakageError where an image of a stage is one of the test part under another name."""
    channels = max(test.inputs.shape[1], learned.inputs.shape[1])
    given = learned.inputs
    if given.shape[2:] != test.inputs.shape[2:]:
        size = tuple(test.inputs.shape[2:])
        given = functional.interpolate(given, size=size, mode="bilinear", antialias=True).clamp(0, 1)
    parts = [part.expand(-1, channels, -1, -1) for part in (test.inputs, given)]
    both = replace(
        test,
        inputs=torch.cat(parts),
        labels=np.zeros(len(test) + len(learned), dtype=np.int64),
        names=tuple(str(row) for row in range(len(test) + len(learned))),
        groups=None,
        parents=None,
        split=None,
    )
    pairs, exact, likeness = duplicate_pairs(both, near=near)
    across = np.flatnonzero((pairs[:, 0] < len(test)) & (pairs[:, 1] >= len(test)))
    if len(across) == 0:
        return
    first = int(across[0])
    one, other = test.names[pairs[first, 0]], learned.names[pairs[first, 1] - len(test)]
    like = "has the pixels" if exact[first] else f"is a near duplicate (likeness {likeness[first]:.3f})"
    more = f", and so it is {len(across) - 1} times more" if len(across) > 1 else ""
    raise LeakageError(
        f"stage {number} would be trained on {other!r}, which {like} of {one!r} of the test part{more}; leave such"
        " images out of the stage, or split all of them together with si.split_images"
        + ("" if exact[first] else ", or give a higher near if these are different images")
    )
