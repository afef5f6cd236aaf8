"""A look at the data: images of each class, and images beside what was made of them."""

import numpy as np
from matplotlib.figure import Figure

from seqinterp.errors import InputError
from seqinterp.images.greys import resized
from seqinterp.images.image_set import ImageSet
from seqinterp.images.variants import origins_of
from seqinterp.plot.image_grid import LEFT, image_grid
from seqinterp.plot.style import LABEL_SIZE

LETTERS = 19  # of a name that stand above a picture, in one line


def sample_grid(images: ImageSet, *, per_class: int = 5, seed: int = 0) -> Figure:
    """Draw a row of images for each class, drawn from a seed without repeats, under their names.

    Raises:
        InputError: `per_class` is below 1.
    """
    if per_class < 1:
        raise InputError(f"a row shows at least one image, but per_class is {per_class}")
    generator = np.random.default_rng(seed)
    cells: list[int | None] = []
    for number in range(len(images.classes)):
        rows = np.flatnonzero(images.labels == number)
        drawn = np.sort(generator.choice(rows, size=min(per_class, len(rows)), replace=False)).tolist()
        cells += drawn + [None] * (per_class - len(drawn))
    empty = np.full(images.inputs.shape[1:], np.nan, dtype=np.float32)
    figure = image_grid(
        np.stack([empty if row is None else images.inputs[row].numpy() for row in cells]),
        titles=["" if row is None else _short(images.names[row]) for row in cells],
        rows=images.classes,
        columns=per_class,
        bounds=(0.0, 1.0),
    )
    return _fitted(figure)


def before_and_after(images: ImageSet, variants: ImageSet, *, count: int = 4, seed: int = 0) -> Figure:
    """Draw images and to their right what was made of them: augmented, cropped, repeated.

    Args:
        images: the images that others were made of.
        variants: what was made, with parents among the images; scaled to their size where it differs.
        count: how many images, drawn from the seed, are shown.
        seed: decides which.

    Raises:
        InputError: no variant has a parent among the images, or colours meet greys.
    """
    if variants.inputs.shape[1] != images.inputs.shape[1]:
        raise InputError("images and variants must have as many channels; one of them is grey")
    made: dict[str, list[int]] = {}
    for variant, parent_name in enumerate(origins_of(variants)):
        if parent_name != variants.names[variant]:
            made.setdefault(parent_name, []).append(variant)
    parents = [row for row, name in enumerate(images.names) if name in made]
    if not parents or count < 1:
        raise InputError("none of the variants was made of one of the images; give the images that they were made of")
    drawn = np.random.default_rng(seed).choice(parents, size=min(count, len(parents)), replace=False)
    shown = [(int(row), made[images.names[row]]) for row in np.sort(drawn)]
    columns = 1 + max(len(rows) for _, rows in shown)
    height, width = (int(side) for side in images.inputs.shape[2:])
    empty = np.full(images.inputs.shape[1:], np.nan, dtype=np.float32)
    cells, titles = [], []
    for parent, rows in shown:
        cells += [images.inputs[parent].numpy(), *resized(variants.inputs[rows], (height, width)).numpy()]
        titles += [_short(images.names[parent]), *(_suffix(variants.names[row]) for row in rows)]
        cells += [empty] * (columns - 1 - len(rows))
        titles += [""] * (columns - 1 - len(rows))
    labels = [images.classes[images.labels[parent]] for parent, _ in shown]
    return _fitted(image_grid(np.stack(cells), titles=titles, rows=labels, columns=columns, bounds=(0.0, 1.0)))


def _short(name: str) -> str:
    """The file of a name without its folders and ending, on two lines where it is long."""
    file = name.rsplit("/", 1)[-1].rsplit(".", 1)[0] or name
    if len(file) <= LETTERS:
        return file
    gap = max(file.rfind(mark, 1, LETTERS) for mark in "-_ ") + 1
    first, rest = file[: gap or LETTERS], file[gap or LETTERS :]
    return f"{first}\n{rest if len(rest) <= LETTERS else rest[: LETTERS - 1] + '…'}"


def _suffix(name: str) -> str:
    """What was done to an image, which stands in parentheses at the end of its name; on two lines where it is long."""
    return name.rpartition(" (")[2].removesuffix(")").replace(", ", "\n")


def _fitted(figure: Figure) -> Figure:
    """The labels of rows, all of one size, made as small as they must be to stand beside their rows."""
    labels = [text for axes in figure.axes for text in axes.texts]
    widest = max(text.get_window_extent().width for text in labels)
    for text in labels:
        text.set_fontsize(LABEL_SIZE * min(1.0, (LEFT - 10) / widest))
    return figure
