"""Numbers as people read them."""

import pytest

from seqinterp.report.contents import Interval
from seqinterp.report.numbers import count, interval, number


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.7534, "0.753"), (0.71, "0.710"), (12.345, "12.3"), (1234.5, "1,234"), (0.0, "0"), (1.0, "1.00"),
        (-2.0, "−2.00"), (2.1e-7, "2.10 × 10⁻⁷"), (3e8, "3.00 × 10⁸"), (-4.56e-4, "−4.56 × 10⁻⁴"),
        (None, "not measured"), (float("nan"), "undefined"), (float("inf"), "∞"), (float("-inf"), "−∞"),
    ],
)  # fmt: skip
def test_number(value, text):
    assert number(value) == text


def test_digits():
    assert number(0.12345, digits=2) == "0.12"


def test_interval():
    assert interval(Interval(0.75, 0.714, 0.7891)) == "0.714 to 0.789"


def test_count():
    assert (count(1, "step"), count(1000, "step"), count(2, "search", "searches")) == (
        "1 step",
        "1,000 steps",
        "2 searches",
    )
