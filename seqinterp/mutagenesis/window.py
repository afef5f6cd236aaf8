"""The stretch of positions that is edited."""

from seqinterp.errors import InputError, ShapeError
from seqinterp.shapes import Inputs


def check_window(inputs: Inputs, start: int, stop: int | None) -> tuple[int, int]:
    """The window `[start, stop)` in numbers; `stop=None` is the end of the sequence.

    Raises:
        ShapeError: `inputs` are not `(batch, 4, position)`.
        InputError: the window is empty or leaves the sequence.
    """
    if inputs.ndim != 3 or inputs.shape[1] != 4:
        raise ShapeError(
            f"mutagenesis edits one-hot DNA of shape (batch, 4, position), not {tuple(inputs.shape)};"
            " seqinterp.one_hot makes it"
        )
    length = inputs.shape[2]
    end = length if stop is None else stop
    if not 0 <= start < end <= length:
        raise InputError(
            f"the window [{start}, {end}) is empty or leaves the sequence, which has positions 0 to {length - 1};"
            " start and stop are 0-based and half-open"
        )
    return start, end
