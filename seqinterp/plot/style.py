"""One look for every figure: sizes in CSS pixels, colours, and quiet axes; nothing global is changed."""

from typing import Literal

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

PIXELS_PER_INCH = 96  # what a browser takes one inch to be, so that a font size means the same in figure and page

# The colours of the bases that the field is used to. Red and green differ in lightness as well, and a logo
# names its bases by shape, so nothing rests on telling these hues apart.
BASE_COLOURS = {"A": "#109648", "C": "#255C99", "G": "#F7A600", "T": "#D62839"}

# Okabe and Ito's palette (2008), told apart under the common kinds of colour blindness.
BLUE, VERMILION, GREEN, SKY, PURPLE = "#0072B2", "#D55E00", "#009E73", "#56B4E9", "#CC79A7"

INK, MUTED, FAINT = "#1d2733", "#5b6672", "#d5dbe1"
DIVERGING = "RdBu_r"  # blue below zero, red above, white at zero

Corner = Literal["upper right", "upper left", "lower right", "lower left", "center left"]

TITLE_SIZE, LABEL_SIZE, TICK_SIZE = 10.0, 9.5, 8.5  # points; one point is 4/3 CSS pixels


def new_figure(width: int, height: int) -> Figure:
    """Give an empty figure of a size in CSS pixels, with its own canvas and known to no window manager."""
    figure = Figure(figsize=(width / PIXELS_PER_INCH, height / PIXELS_PER_INCH), dpi=PIXELS_PER_INCH)
    FigureCanvasAgg(figure)
    figure.set_facecolor("white")
    return figure


def margins(figure: Figure, *, left: int = 48, right: int = 10, top: int = 10, bottom: int = 40) -> None:
    """Leave this many CSS pixels around the axes; fixed margins cost nothing where a layout engine draws twice."""
    width, height = figure.get_size_inches() * PIXELS_PER_INCH
    figure.subplots_adjust(left / width, bottom / height, 1 - right / width, 1 - top / height)


def tidy(axes: Axes, *, title: str = "", horizontal: str = "", vertical: str = "", grid: bool = False) -> None:
    """Name the axes and take away what carries no information; a dollar sign in a name stays a dollar sign."""
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(MUTED)
        axes.spines[side].set_linewidth(0.8)
    axes.tick_params(labelsize=TICK_SIZE, colors=MUTED, labelcolor=INK, length=3, width=0.8, pad=2)
    if title:
        axes.set_title(title, fontsize=TITLE_SIZE, color=INK, loc="left", pad=6, parse_math=False)
    axes.set_xlabel(horizontal, fontsize=LABEL_SIZE, color=INK, labelpad=3)
    axes.set_ylabel(vertical, fontsize=LABEL_SIZE, color=INK, labelpad=4)
    if grid:
        axes.grid(True, color=FAINT, linewidth=0.6)
        axes.set_axisbelow(True)


def legend(axes: Axes, *, place: Corner) -> None:
    """Add the key to the lines, in the small type of the ticks."""
    key = axes.legend(fontsize=TICK_SIZE, frameon=False, loc=place, labelcolor=INK, handlelength=1.6)
    for text in key.get_texts():
        text.set_parse_math(False)
