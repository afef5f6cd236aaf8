"""A found motif and the known one that it resembles, in one frame of columns."""

from matplotlib.figure import Figure

from seqinterp.motifs.motif import Motif
from seqinterp.plot.logo import draw_motif
from seqinterp.plot.style import INK, LABEL_SIZE, TICK_SIZE, margins, new_figure


def aligned_logos(
    found: Motif,
    known: Motif | None,
    *,
    offset: int = 0,
    reverse: bool = False,
    labels: tuple[str, str] = ("found", "known"),
    beside: bool = False,
    width: int = 340,
    height: int = 190,
) -> Figure:
    """Draw the known motif's logo above the found one (or to its left), column under column.

    `offset` is the column of `found`, counted from 0, where the first column of `known` stands; it is negative
    where the known motif begins earlier. `reverse` draws the reverse complement of `known`. Both panels share
    one range of columns. Where `known` is None, the found logo stands alone. `labels` name the found and the known
    motif ("" for none); sizes are CSS pixels.
    """
    if known is not None and reverse:
        known = known.reverse_complement()
    figure = new_figure(width, height)
    panels = [(found, 1, labels[0])] if known is None else [(known, 1 + offset, labels[1]), (found, 1, labels[0])]
    rows, columns = (1, len(panels)) if beside else (len(panels), 1)
    grid = figure.add_gridspec(rows, columns, hspace=0.45, wspace=0.12)
    margins(figure, left=36, right=6, top=20 if any(labels) else 8, bottom=22)
    first = min(start for _, start, _ in panels)
    stop = max(start + motif.width for motif, start, _ in panels)
    for number, (motif, start, label) in enumerate(panels):
        axes = figure.add_subplot(grid[number])
        draw_motif(axes, motif, start=start)
        axes.set_xlim(first - 0.5, stop - 0.5)
        axes.set_title(label, fontsize=LABEL_SIZE, color=INK, loc="left", pad=3, parse_math=False)
        axes.set_ylabel("bits", fontsize=TICK_SIZE, color=INK, labelpad=2)
        # One count of columns for both panels: those of the found motif, from 1.
        axes.set_xticks([1, *range(5, found.width + 1, 5)] if motif is found else [])
    return figure
