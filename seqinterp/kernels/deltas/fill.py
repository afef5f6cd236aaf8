"""Plain loops over stretches of numbers: arrays are not assigned to one another, which is slow to compile."""

from seqinterp.kernels import kernel
from seqinterp.shapes import Numbers


@kernel
def fill(numbers: Numbers, start: int, stop: int, value: float) -> None:
    """numbers[start:stop] = value."""
    for number in range(start, stop):
        numbers[number] = value
