"""A figure as a data URI, so that a page needs no file beside it."""

import base64
from io import BytesIO
from typing import Literal

import matplotlib as mpl
from matplotlib.figure import Figure

from seqinterp.plot.style import PIXELS_PER_INCH


def data_uri(figure: Figure, *, kind: Literal["smaller", "png", "svg"] = "smaller", density: float = 2.0) -> str:
    """Give the figure as `data:image/...;base64,...`; the same figure always gives the same text.

    `"smaller"` takes the SVG, crisp at any size, unless the PNG takes less room (a curve through tens of
    thousands of examples, a logo of many small letters). A PNG holds `density` dots per CSS pixel.
    """
    choices = []
    if kind != "png":
        choices.append(("image/svg+xml", _svg(figure)))
    if kind != "svg":
        choices.append(("image/png", _png(figure, density)))
    media, content = min(choices, key=lambda choice: len(choice[1]))
    return f"data:{media};base64,{base64.b64encode(content).decode('ascii')}"


def _svg(figure: Figure) -> bytes:
    """Give the figure as SVG with letters as outlines.

    A figure must look the same on every machine, and text in a font that is not there is laid out anew and runs
    over its neighbours; a page gives the words in the text that stands for the image. The salt fixes the
    identifiers, which are random otherwise; both settings end with the block.
    """
    buffer = BytesIO()
    with mpl.rc_context({"svg.hashsalt": "seqinterp", "svg.fonttype": "path"}):
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    return buffer.getvalue()


def _png(figure: Figure, density: float) -> bytes:
    """Give the figure as PNG without the version of the library that wrote it."""
    buffer = BytesIO()
    figure.savefig(buffer, format="png", dpi=PIXELS_PER_INCH * density, metadata={"Software": None})
    return buffer.getvalue()
