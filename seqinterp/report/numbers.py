"""Numbers as people read them."""

import math

from seqinterp.report.contents import Interval

_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def number(value: float | None, *, digits: int = 3) -> str:
    """Write a number with so many significant digits; None was not measured, NaN has no value."""
    if value is None:
        return "not measured"
    if math.isnan(value):
        return "undefined"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if value != 0 and not 1e-3 <= abs(value) < 1e6:
        mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
        return f"{_minus(mantissa)} × 10{str(int(exponent)).translate(_RAISED)}"
    places = max(0, digits - 1 - math.floor(math.log10(abs(value)))) if value else 0
    return _minus(f"{value:,.{places}f}")


def _minus(text: str) -> str:
    """Give the sign its own character, which is as wide as a plus and never breaks a line."""
    return text.replace("-", "−")


def interval(estimate: Interval) -> str:
    """Write the ends of an interval."""
    return f"{number(estimate.low)} to {number(estimate.high)}"


def count(value: int, one: str, many: str | None = None) -> str:
    """Write a count with its noun, as in `1 step` and `1,000 steps`."""
    return f"{value:,} {one if value == 1 else many or one + 's'}"


def percent(share: float) -> str:
    """Write a share of one as whole percent; the sign stays on the line of its number."""
    return f"{100 * share:.0f}\u00a0%"
