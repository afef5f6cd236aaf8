"""A figure with the words that stand for it and the size it has on the page."""

from dataclasses import dataclass

from matplotlib.figure import Figure

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
