"""What several methods say of one picture and one target, side by side; answers to different questions are refused."""

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from seqinterp.attribution.per_place import place_map
from seqinterp.errors import InputError
from seqinterp.plot.drawing import Number
from seqinterp.plot.image_grid import as_shown
from seqinterp.plot.overlay import colour_bar, draw_overlay, largest_shown, signed_map
from seqinterp.plot.style import INK, PIXELS_PER_INCH, TICK_SIZE, TITLE_SIZE, new_figure
from seqinterp.shapes import Attributions, Inputs, Picture, Scores

SIDE, BAR, HEAD, ABOVE, EDGE = 220, 74, 26, 24, 8  # CSS pixels: longer side, beside it, heading, titles, the edges


@runtime_checkable
class Explained(Protocol):
    """What is read of a result of `seqinterp.attribute`."""

    @property
    def inputs(self) -> Inputs: ...
    @property
    def values(self) -> Attributions: ...
    @property
    def score(self) -> Scores: ...
    @property
    def certificate(self) -> Any: ...


def image_panels(
    results: Mapping[str, Any],
    *,
    example: int = 0,
    image: Picture | None = None,
    classes: tuple[str, ...] = (),
    predicted: str = "",
    columns: int = 4,
    sign: str = "all",
    clip: Number = 99.0,
    opacity: Number = 0.85,
) -> Figure:
    """Draw the picture and, beside it, what each method says of it, for the same target of the same model.

    The heading says which target it is and its score. Each panel has its own scale, as methods have units of their own.

    Args:
        results: results of `seqinterp.attribute` by the names to write above them.
        example: which of the inputs.
        image: what is drawn below the colours, (channel, row, column); None takes the inputs.
        classes: names of the outputs, for the heading.
        predicted: what the model predicts, for the heading.
        columns: panels in a row, the picture among them.
        sign, clip, opacity: as for `overlay`.

    Raises:
        InputError: there is no result, no such example, or the results differ in target, model, inputs or score.
    """
    target = same_question(results, example)
    first = next(iter(results.values()))
    picture = first.inputs[example].numpy() if image is None else image
    places = {name: place_map(each.values[example].numpy(), each.certificate.method) for name, each in results.items()}
    maps = {name: signed_map(picture, shown, sign) for name, shown in places.items()}
    across = min(max(columns, 1), 1 + len(maps))
    tall, wide = picture.shape[1:]
    size = SIDE * wide // max(tall, wide), SIDE * tall // max(tall, wide)
    lines = -(-(1 + len(maps)) // across)
    figure = new_figure(EDGE + across * (size[0] + BAR), HEAD + lines * (ABOVE + size[1]) + EDGE)
    cells = [_cell(figure, *divmod(number, across), size) for number in range(1 + len(maps))]
    _title(cells[0], "input")
    cells[0].imshow(as_shown(picture, None), cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    for axes, (name, shown) in zip(cells[1:], maps.items(), strict=True):
        _title(axes, name)
        bound = largest_shown(shown, clip)
        colour_bar(figure, axes, draw_overlay(axes, picture, shown, bound, sign=sign, opacity=opacity))
    said = f"{_named(target, classes)}, score {float(first.score[example]):.3g}"
    heading = f"Target: {said}; predicted: {predicted}" if predicted else f"Target: {said}"
    figure.text(
        EDGE / PIXELS_PER_INCH / figure.get_figwidth(), 1 - 6 / PIXELS_PER_INCH / figure.get_figheight(), heading,
        fontsize=TITLE_SIZE, color=INK, va="top", parse_math=False,
    )  # fmt: skip
    return figure


def same_question(results: Mapping[str, Any], example: int) -> str:
    """The target that all results explain, for the same input of the same model.

    Raises:
        InputError: there is no result, no such example, or they answer different questions.
    """
    if not results:
        raise InputError("at least one result of seqinterp.attribute is needed, by its name, but none came")
    for name, each in results.items():
        if not isinstance(each, Explained):
            raise InputError(f"{name!r} must be a result of seqinterp.attribute, not a {type(each).__name__}")
    (name, first), *others = results.items()
    if not 0 <= example < len(first.inputs) or first.inputs.ndim != 4:
        raise InputError(
            f"example must be one of {len(first.inputs)} pictures (batch, channel, row, column), but example {example}"
            f" of inputs of shape {tuple(first.inputs.shape)} was asked for"
        )
    for other, each in others:
        apart = _differ(first, each, example)
        if apart:
            raise InputError(
                f"panels side by side must answer one question, but {name!r} and {other!r} {apart}; explain the same"
                " target of the same inputs with every method"
            )
    return str(first.certificate.target)


def _differ(first: Explained, each: Explained, example: int) -> str:
    """In what the results differ, in words; nothing where they may stand side by side."""
    targets = first.certificate.target, each.certificate.target
    if targets[0] != targets[1]:
        return f"explain different targets, {targets[0]} and {targets[1]}"
    if first.certificate.model_hash != each.certificate.model_hash:
        return "explain different models"
    if each.inputs.shape[1:] != first.inputs.shape[1:] or example >= len(each.inputs):
        return f"explain inputs of different shapes, {tuple(first.inputs.shape)} and {tuple(each.inputs.shape)}"
    if not bool((first.inputs[example] == each.inputs[example]).all()):
        return f"explain different inputs as example {example}"
    scores = float(first.score[example]), float(each.score[example])
    if not np.isclose(*scores, rtol=1e-3, atol=1e-5):  # functions without a name look alike
        return f"explain different scores, {scores[0]:.3g} and {scores[1]:.3g}"
    return ""


def _named(target: str, classes: tuple[str, ...]) -> str:
    """A target with the name of its class."""
    known = target.isdigit() and int(target) < len(classes)
    return f"{classes[int(target)]} (output {target})" if known else target


def _cell(figure: Figure, line: int, column: int, size: tuple[int, int]) -> Axes:
    """The axes of a panel, at its place in CSS pixels."""
    width, height = figure.get_size_inches() * PIXELS_PER_INCH
    left, top = EDGE + column * (size[0] + BAR), HEAD + line * (ABOVE + size[1]) + ABOVE
    axes = figure.add_axes((left / width, 1 - (top + size[1]) / height, size[0] / width, size[1] / height))
    axes.set_axis_off()
    return axes


def _title(axes: Axes, name: str) -> None:
    axes.set_title(name, fontsize=TICK_SIZE, color=INK, loc="left", pad=4, parse_math=False)
