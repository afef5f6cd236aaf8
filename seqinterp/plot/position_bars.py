"""Where along the sequences the seqlets of a motif lie, as a small bar chart for a row of a table."""

import numpy as np

from seqinterp.plot.drawing import Drawing, Shape, box, text
from seqinterp.plot.style import BLUE, MUTED, TICK_SIZE
from seqinterp.shapes import Numbers

BINS = 30
SIDE, BASE, TOP = 8, 20, 4  # CSS pixels beside, under and above the bars
DASH = 4


def position_bars(middles: Numbers, length: int, *, width: int = 210, height: int = 64) -> Drawing:
    """Draw how many seqlets have their middle in each part of the inputs, from position 0 to `length`.

    The dashed line is where the bars would end if all places were equally likely. Sizes are CSS pixels.
    """
    bins = min(BINS, length)
    counts, _ = np.histogram(middles, bins=bins, range=(0, length))
    across, up = width - 2 * SIDE, height - BASE - TOP
    scale = up / max(1, int(counts.max()))
    bar = across / bins
    shapes: list[Shape] = [
        box(SIDE + i * bar, BASE, bar - 0.8, scale * float(count), BLUE) for i, count in enumerate(counts) if count
    ]
    level = BASE + scale * len(middles) / bins
    if len(middles):
        shapes += [box(SIDE + x, level - 0.5, DASH - 1.0, 1.0, MUTED) for x in range(0, across - DASH, 2 * DASH)]
    shapes.append(box(SIDE, BASE - 0.8, across, 0.8, MUTED))
    for place, words in ((0.0, "0"), (0.5, f"{length // 2:,}"), (1.0, f"{length:,}")):
        at = SIDE + place * across
        shapes.append(box(at - 0.4, BASE - 4, 0.8, 3.2, MUTED))
        shapes.append(text(words, at, 4, points=TICK_SIZE, fill=MUTED, anchor=place))
    return Drawing(width, height, tuple(shapes))
