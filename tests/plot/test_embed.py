"""Figures as data URIs."""

import base64
import struct
from xml.etree import ElementTree

import matplotlib as mpl
import numpy as np
import pytest

from seqinterp.plot.curves import roc_figure
from seqinterp.plot.embed import data_uri

GRID = np.linspace(0, 1, 11)


def decoded(uri: str) -> tuple[str, bytes]:
    head, body = uri.split(",", 1)
    return head, base64.b64decode(body, validate=True)


@pytest.mark.parametrize("density", [1.0, 2.0])
def test_a_png_has_so_many_dots_per_css_pixel(density):
    head, content = decoded(data_uri(roc_figure(GRID, GRID, size=(300, 200)), kind="png", density=density))
    assert head == "data:image/png;base64"
    assert content.startswith(b"\x89PNG")
    assert struct.unpack(">II", content[16:24]) == (300 * density, 200 * density)


def test_an_svg_stands_alone():
    head, content = decoded(data_uri(roc_figure(GRID, GRID, size=(300, 200)), kind="svg"))
    assert head == "data:image/svg+xml;base64"
    root = ElementTree.fromstring(content)
    assert root.tag.endswith("svg")
    assert root.get("viewBox") == "0 0 225 150"  # points: 3/4 of a CSS pixel
    assert not list(root.iter("{http://www.w3.org/2000/svg}text")), "letters must be outlines"


def test_the_smaller_one_is_taken():
    figure = roc_figure(GRID, GRID)
    assert data_uri(figure) == min(data_uri(figure, kind="png"), data_uri(figure, kind="svg"), key=len)


@pytest.mark.parametrize("kind", ["png", "svg"])
def test_the_same_figure_gives_the_same_text_and_no_setting_stays(kind):
    before = dict(mpl.rcParams)
    assert data_uri(roc_figure(GRID, GRID), kind=kind) == data_uri(roc_figure(GRID, GRID), kind=kind)
    assert dict(mpl.rcParams) == before
