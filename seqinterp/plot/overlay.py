"""An attribution laid over the picture it explains: colour is the sign, opacity the size."""

from typing import Literal, get_args

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Colormap, LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure

from seqinterp.errors import InputError, ShapeError
from seqinterp.plot.drawing import Number
from seqinterp.plot.image_grid import as_shown
from seqinterp.plot.style import BLUE, INK, MUTED, PIXELS_PER_INCH, PURPLE, TICK_SIZE, VERMILION, margins, new_figure
from seqinterp.shapes import Picture, PictureMap

Sign = Literal["all", "positive", "negative", "absolute"]
SIGNS: tuple[str, ...] = get_args(Sign)
SIDE, LEFT, TOP, BAR, BOTTOM = 320, 8, 26, 74, 8  # CSS pixels: the longer side, and the room around it
# Orange for the score and blue against it differ in lightness and hue for every common kind of colour blindness.
FOR_AND_AGAINST = LinearSegmentedColormap.from_list("for and against", [BLUE, "#ffffff", VERMILION])


def overlay(
    image: Picture,
    attribution: PictureMap,
    *,
    sign: str = "all",
    clip: Number = 99.0,
    opacity: Number = 0.85,
    palette: str | Colormap | None = None,
    title: str = "",
) -> Figure:
    """Draw an attribution over its picture (channel, row, column), with a bar that says what the colours mean.

    The picture is drawn in pale greys, so that all colour is attribution. Orange speaks for the score, blue against it.

    Args:
        image: black is its lowest and white its highest number.
        attribution: `(channel, row, column)`, of which the sum over channels is drawn; or a map `(row, column)` as it
            is, such as Grad-CAM's, which says one number of a place.
        sign: "all", only what is "positive" or "negative", or the "absolute" size.
        clip: the percentile of the sizes shown at full colour; what is larger looks like it. 100 cuts nothing.
        opacity: of full colour, 0 to 1; smaller values let the picture through in proportion.
        palette: another matplotlib colour map, for "all" one with white in its middle.
        title: what is written above.

    Raises:
        ShapeError: the attribution does not fit the picture.
        InputError: an option out of range, or numbers that are not finite.
    """
    shown = signed_map(image, attribution, sign)
    bound = largest_shown(shown, clip)
    tall, wide = shown.shape
    height, width = SIDE * tall // max(tall, wide), SIDE * wide // max(tall, wide)
    figure = new_figure(LEFT + width + BAR, TOP + max(height, 80) + BOTTOM)
    axes = figure.subplots()
    margins(figure, left=LEFT, right=BAR, top=TOP, bottom=BOTTOM)
    drawn = draw_overlay(axes, image, shown, bound, sign=sign, opacity=opacity, palette=palette)
    axes.set_title(title, fontsize=TICK_SIZE, color=INK, loc="left", pad=4, parse_math=False)
    colour_bar(figure, axes, drawn)
    return figure


def signed_map(image: Picture, attribution: PictureMap, sign: str) -> np.ndarray:
    """The map `(row, column)` that is drawn: summed over channels, of the sign asked for.

    Raises:
        ShapeError: the attribution does not fit the picture.
        InputError: there is no such sign, or numbers are not finite.
    """
    if sign not in SIGNS:
        raise InputError(f"sign must be one of {', '.join(SIGNS)}, not {sign!r}")
    fits = attribution.shape == image.shape if attribution.ndim == 3 else attribution.shape == image.shape[1:]
    if image.ndim != 3 or not fits:
        raise ShapeError(
            "an overlay needs a picture (channel, row, column) and an attribution of its shape or a map (row, column),"
            f" not {image.shape} and {attribution.shape}"
        )
    if not (np.isfinite(image).all() and np.isfinite(attribution).all()):
        raise InputError("an overlay needs finite numbers; the picture or its attribution holds NaN or infinity")
    plain = attribution.astype(np.float64)
    if plain.ndim == 3:
        plain = plain.sum(axis=0)
    if sign == "all":
        return plain
    if sign == "absolute":
        return np.abs(plain)
    return plain.clip(min=0) if sign == "positive" else plain.clip(max=0)


def largest_shown(shown: np.ndarray, clip: Number) -> float:
    """The size at full colour: a percentile of the sizes that are not zero; 0 of a flat map.

    Raises:
        InputError: `clip` is no percentile above 0.
    """
    if not 0 < clip <= 100:
        raise InputError(f"clip must be a percentile above 0 and up to 100, not {clip}")
    sizes = np.abs(shown[shown != 0])  # zeros, that most of a sparse map is, do not decide what is large
    return float(np.percentile(sizes, clip)) if sizes.size else 0.0


def draw_overlay(
    axes: Axes,
    image: Picture,
    shown: np.ndarray,
    bound: float,
    *,
    sign: str = "all",
    opacity: Number = 0.85,
    palette: str | Colormap | None = None,
) -> ScalarMappable:
    """Draw a map of `signed_map` over the picture; `bound` has full colour. Gives what a colour bar needs.

    Raises:
        InputError: `opacity` is not from 0 to 1, or there is no such palette.
    """
    if not 0 <= opacity <= 1:
        raise InputError(f"opacity must be from 0 (the picture alone) to 1, not {opacity}")
    scale = Normalize(*_ends(sign, bound or 1.0))
    colours = ScalarMappable(scale, _palette(palette, sign))
    grey = as_shown(image, None)
    under = 0.35 + 0.65 * (grey if grey.ndim == 2 else grey.mean(axis=2))  # pale, so that dark colours stand out
    share = opacity * (np.minimum(np.abs(shown) / bound, 1) if bound > 0 else np.zeros(shown.shape))[..., None]
    mixed = (1 - share) * under[..., None] + share * colours.to_rgba(shown)[..., :3]
    axes.imshow(mixed.clip(0, 1), interpolation="nearest")
    axes.set_axis_off()
    return colours


def colour_bar(figure: Figure, axes: Axes, colours: ScalarMappable) -> None:
    """The bar to the right of a picture, in score units."""
    box = axes.get_position()
    width = figure.get_figwidth() * PIXELS_PER_INCH
    bar = figure.colorbar(colours, cax=figure.add_axes((box.x1 + 10 / width, box.y0, 10 / width, box.height)))
    low, high = np.array(colours.get_clim(), dtype=np.float64).tolist()
    ticks = [low, (low + high) / 2, high]
    bar.set_ticks(ticks, labels=[f"{value:.2g}" if value else "0" for value in ticks])
    bar.ax.tick_params(labelsize=TICK_SIZE, colors=MUTED, labelcolor=INK, length=3, pad=2)
    bar.outline.set_visible(False)


def _ends(sign: str, bound: float) -> tuple[float, float]:
    """The ends of the colours, in score units."""
    return (-bound if sign in ("all", "negative") else 0.0), (0.0 if sign == "negative" else bound)


def _palette(palette: str | Colormap | None, sign: str) -> Colormap:
    """The colours: those given, or the half of the usual ones that a sign needs."""
    if isinstance(palette, Colormap):
        return palette
    if palette is not None:
        if palette not in colormaps:
            raise InputError(f"palette must be the name of a matplotlib colour map, such as 'PuOr', not {palette!r}")
        return colormaps[palette]
    if sign == "all":
        return FOR_AND_AGAINST
    if sign == "absolute":
        return LinearSegmentedColormap.from_list("size", ["#ffffff", PURPLE])
    start, stop = (0.0, 0.5) if sign == "negative" else (0.5, 1.0)
    return LinearSegmentedColormap.from_list(sign, FOR_AND_AGAINST(np.linspace(start, stop, 256)))
