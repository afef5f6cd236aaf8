"""Pictures of outlines: SVG and PNG show the same shapes at the places that the matrices say."""

import re
from io import BytesIO
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib.image import imread

from seqinterp.plot.drawing import Drawing, box, letter, shortened, side_by_side, text, text_width

RED, BLUE = "#d62839", "#255c99"
SVG = "{http://www.w3.org/2000/svg}"


def inked(drawing: Drawing, colour: str) -> tuple[int, int, int, int]:
    """The columns and rows (from below) that hold a colour, as half-open spans, one pixel per CSS pixel."""
    wanted = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    pixels = drawing.pixels(density=1)[::-1, :, :3]
    rows, columns = np.nonzero((pixels == wanted).all(axis=2))
    return int(columns.min()), int(columns.max()) + 1, int(rows.min()), int(rows.max()) + 1


def test_boxes_fill_what_they_say():
    drawing = Drawing(40, 30, (box(5, 10, 8, 3, RED), box(20, 0, 10, 30, BLUE)))
    assert inked(drawing, RED) == (5, 13, 10, 13)
    assert inked(drawing, BLUE) == (20, 30, 0, 30)
    assert drawing.pixels(density=2).shape == (60, 80, 4)
    corner = drawing.pixels(density=1)[0, 0]
    assert corner.tolist() == [255, 255, 255, 255]


def test_a_letter_stands_in_its_box():
    drawing = Drawing(60, 60, (letter("T", centre=30, floor=10, width=20, height=40, fill=RED),))
    left, right, bottom, top = inked(drawing, RED)
    assert (left, right) == pytest.approx((20.5, 39.5), abs=1)  # 95 % of its width, as logomaker
    assert (bottom, top) == pytest.approx((10, 50), abs=1)
    upper = drawing.pixels(density=1)[:20]  # a T is wide above
    assert (upper[:, 22, 1] < 100).any()


def test_a_negative_height_turns_a_letter_over():
    up = Drawing(60, 60, (letter("T", centre=30, floor=10, width=20, height=40, fill=RED),))
    down = Drawing(60, 60, (letter("T", centre=30, floor=10, width=20, height=-40, fill=RED),))
    np.testing.assert_allclose(up.pixels(density=1)[:, :, 1], down.pixels(density=1)[::-1, :, 1], atol=40)
    assert inked(up, RED)[2:] == inked(down, RED)[2:]


@pytest.mark.parametrize(("anchor", "span"), [(0.0, (50, 90)), (0.5, (30, 70)), (1.0, (10, 50))])
def test_words_begin_end_or_centre_where_they_should(anchor, span):
    size = 40 / (text_width("HHHH") * 96 / 72 / 100)
    left, right, bottom, _ = inked(Drawing(100, 40, (text("HHHH", 50, 8, points=size, fill=RED, anchor=anchor),)), RED)
    assert (left, right) == pytest.approx(span, abs=3)
    assert bottom == 8


def test_upright_words_run_upwards():
    flat = text("bits", 50, 50, points=12, fill=RED)
    turned = text("bits", 50, 50, points=12, fill=RED, upright=True)
    one, other = (inked(Drawing(100, 100, (shape,)), RED) for shape in (flat, turned))
    assert one[1] - one[0] == pytest.approx(other[3] - other[2], abs=2)
    assert other[2] >= 50
    assert other[1] <= 51


def test_a_dollar_is_a_dollar():
    assert text_width("a$b$") > text_width("ab")


def test_words_are_cut_to_their_room():
    assert shortened("pattern", 500, points=10) == "pattern"
    cut = shortened("pattern" * 30, 80, points=10)
    assert cut.endswith("…")
    assert cut[:-1] == ("pattern" * 30)[: len(cut) - 1]
    assert len(cut) > 5
    assert shortened("pattern", 0, points=10) == ""


def test_the_svg_is_the_same_picture():
    shapes = (
        letter("A", centre=10, floor=5, width=19, height=-30.5, fill=RED),
        letter("A", centre=30, floor=0, width=19, height=20, fill=BLUE),
        text("x", 1, 2, points=9),
        box(0, 0, 4, 0.8, RED),
    )
    tree = ElementTree.fromstring(Drawing(50, 40, shapes).svg())
    assert tree.get("viewBox") == "0 0 50 40"
    outlines = {path.get("id"): path.get("d") for path in tree.iter(f"{SVG}path")}
    assert len(outlines) == 3  # the A is there once
    assert all(re.fullmatch(r"(?:[MLQC][-0-9.e ]+|Z)+", commands) for commands in outlines.values())
    uses = list(tree.iter(f"{SVG}use"))
    assert [use.get("fill") for use in uses] == [shape.fill for shape in shapes]
    for use, shape in zip(uses, shapes, strict=True):
        numbers = [float(n) for n in re.fullmatch(r"matrix\((.*)\)", use.get("transform")).group(1).split()]
        np.testing.assert_allclose(numbers, shape.matrix, rtol=1e-4)
        assert use.get("{http://www.w3.org/1999/xlink}href")[1:] in outlines


def test_the_same_drawing_gives_the_same_bytes(tmp_path):
    drawing = Drawing(30, 20, (box(1, 2, 3, 4, RED), text("ab", 2, 2, points=8)))
    assert drawing.png() == drawing.png()
    assert drawing.svg() == drawing.svg()
    np.testing.assert_allclose(imread(BytesIO(drawing.png()))[:, :, :3] * 255, drawing.pixels()[:, :, :3], atol=0.6)
    for name in ("a.png", "a.svg"):
        drawing.save(tmp_path / name)
    assert (tmp_path / "a.png").read_bytes() == drawing.png()
    assert (tmp_path / "a.svg").read_text() == drawing.svg()


def test_pictures_side_by_side_fill_rows_from_above():
    parts = [Drawing(10, 20, (box(0, 0, 10, 20, colour),)) for colour in ("#110000", "#220000", "#330000")]
    whole = side_by_side(parts, columns=2, gap=4)
    assert (whole.width, whole.height) == (24, 44)
    assert inked(whole, "#110000") == (0, 10, 24, 44)
    assert inked(whole, "#220000") == (14, 24, 24, 44)
    assert inked(whole, "#330000") == (0, 10, 0, 20)
    assert side_by_side([], columns=3).shapes == ()
    assert side_by_side(parts[:1], columns=9).width == 10
