"""A figure with the words that stand for it and the size it has on the page."""

import base64
from dataclasses import dataclass

from matplotlib.figure import Figure

from seqinterp.plot.drawing import Drawing
from seqinterp.plot.embed import data_uri
from seqinterp.plot.style import PIXELS_PER_INCH


@dataclass(frozen=True)
class Image:
    """One embedded picture; sizes in CSS pixels keep the page from jumping while it is laid out."""

    uri: str
    alt: str
    width: int
    height: int


def embedded(figure: Figure, alt: str) -> Image:
    """Embed a figure under the words `alt`."""
    width, height = (round(float(inches) * PIXELS_PER_INCH) for inches in figure.get_size_inches())
    return Image(uri=data_uri(figure), alt=alt, width=width, height=height)


def drawn(drawing: Drawing, alt: str) -> Image:
    """Embed a drawing under the words `alt`."""
    content = base64.b64encode(drawing.svg().encode()).decode("ascii")
    return Image(uri=f"data:image/svg+xml;base64,{content}", alt=alt, width=drawing.width, height=drawing.height)
